# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Whose drive is obeyed: one that was heard to begin, or that a person has begun."""

from dataclasses import dataclass
import math

from jepa_ros.core.monitor import GOOD, Reason, Verdict


@dataclass(frozen=True)
class PlannerWord:
    """
    What the planner says of itself.

    ``driving``; ``frame_s``, the time of the frame behind that; ``run``, which process of the
    planner it is; ``by_hand``, whether the drive was begun by a call of ~/start; ``surprise``
    and its limit, NaN where not known; ``frame``, the frame's own stamp, which tells frames apart;
    ``halted``, whether it stands in the middle of a drive that goes on by itself: stale, or fault.
    """

    driving: bool
    frame_s: float = -math.inf
    run: str = ''
    by_hand: bool = False
    surprise: float = math.nan
    surprise_limit: float = math.nan
    frame: float = math.nan
    halted: bool = False


class Obedience:
    """
    Obey a planner that was heard at rest before it drove.

    A planner first heard in the middle of a drive, whoever began that, began it without us: after
    a restart of the gate nothing moves by itself.  One that has itself been restarted may drive
    because of a goal that is sent again and again: it is obeyed after a drive that a person has
    begun, or ``clear``.
    """

    def __init__(self) -> None:
        self._run: str | None = None
        self._restarted = self._waits_for_rest = False
        self._begins = True

    def begin(self) -> None:
        """Take what is heard next for what may be the middle of a drive."""
        self._begins = True

    def hear(self, word: PlannerWord) -> None:
        """Take the planner's newest word."""
        at_rest = not (word.driving or word.halted)
        if word.run != self._run:
            self._restarted = self._run is not None
            self._waits_for_rest = False
            self._run = word.run
        if self._begins:
            self._begins, self._waits_for_rest = False, not at_rest
        if at_rest:
            self._waits_for_rest = False
        elif word.driving and word.by_hand and not self._waits_for_rest:
            self._restarted = False

    def clear(self) -> None:
        """Obey what is there: a person wants it."""
        self._restarted = self._waits_for_rest = False

    def judge(self) -> Verdict:
        """Say whether a drive is obeyed."""
        if self._run is None:
            return Verdict(False, 'the planner has not been heard', Reason.UNHEARD)
        if self._waits_for_rest:
            return Verdict(False, 'the planner drove already when it was first heard: stop it, '
                                  'or reset the gate', Reason.OBEDIENCE)
        if self._restarted:
            return Verdict(False, 'the planner has been restarted: call its start, or reset the '
                                  'gate', Reason.OBEDIENCE)
        return GOOD
