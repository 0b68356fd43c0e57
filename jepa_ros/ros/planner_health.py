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

"""How the planner fares: the level of its diagnostics, and what is wrong in words and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus

from jepa_ros.types import Status

# What is wrong since the report before: a count, and how it is said of N frames or plans.
_WRONGS = {
    'lost_frames': '{n} frames never came: the camera, or the network, lost them',
    'dropped_frames': '{n} frames gave way to newer ones: {camera_hz:.1f} come in a second, '
                      'encoding takes {encode_p50_ms:.0f} ms (median)',
    'unreadable_frames': '{n} frames cannot be read',
    'repeated_frames': '{n} frames repeat the picture before while the robot is to move',
    'late_plans': '{n} plans came too late: they take {plan_p99_ms:.0f} ms (p99), '
                  'deadline {deadline_ms:.0f} ms',
    'deadline_misses': '{n} plans took longer than the deadline: {plan_p99_ms:.0f} ms (p99), '
                       'deadline {deadline_ms:.0f} ms',
    'surprising_frames': '{n} frames surprise by more than {surprise_limit:.3f}',
}
# The loop logs each of these itself, with its own numbers.
_LOGGED_AT_ONCE = ('late_plans', 'unreadable_frames', 'repeated_frames')
# The same is logged again after this long.
_AGAIN_S = 10.0


@dataclass(frozen=True)
class Health:
    """
    A level of DiagnosticStatus, and what is wrong: by its kind, in words with value and limit.

    ``news`` is the part of it that was not logged lately.
    """

    level: bytes
    wrongs: dict[str, str]
    news: list[str]


class HealthWatch:
    """Judge the planner once a report, by what has changed since the one before."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(_WRONGS, 0)
        self._logged_s: dict[str, float] = {}

    def judge(self, word: Status, active_s: float | None, figures: Mapping[str, float | str],
              limits: Mapping[str, float], steady_s: float) -> Health:
        """
        Judge by the status word, the figures, and ``limits`` by the names that the words use.

        ``active_s`` is how long the planner has been active, None where it is not.  FAULT is
        an ERROR.  An active planner without a young frame is STALE, with or without a goal; with
        anything wrong, or stale, it is a WARN.
        """
        wrongs = self._wrongs(figures, limits)
        age_s, limit_s = float(figures['newest_frame_age_s']), limits['max_frame_age_s']
        # NaN: none ever came
        silent = active_s is not None and active_s > limit_s and not age_s <= limit_s
        if silent:
            wrongs['silence'] = ('no frame has come' if age_s != age_s else
                                 f'the newest frame is {age_s:.2f} s old, limit {limit_s:.2f} s')
        if word is Status.FAULT:
            level = DiagnosticStatus.ERROR
        elif active_s is None:
            level = DiagnosticStatus.OK
        elif silent:
            level = DiagnosticStatus.STALE
        else:
            level = (DiagnosticStatus.WARN if wrongs or word is Status.STALE
                     else DiagnosticStatus.OK)
        news = [kind for kind in wrongs if kind not in _LOGGED_AT_ONCE
                and steady_s - self._logged_s.get(kind, -_AGAIN_S) >= _AGAIN_S]
        self._logged_s |= dict.fromkeys(news, steady_s)
        return Health(level, wrongs, [wrongs[kind] for kind in news])

    def _wrongs(self, figures: Mapping[str, float | str], limits: Mapping[str, float]
                ) -> dict[str, str]:
        """Return what was counted since the last time, and note the counts."""
        counts = {kind: int(figures[kind]) for kind in _WRONGS}
        wrongs = {kind: _WRONGS[kind].format(n=counts[kind] - self._before[kind],
                                             **figures, **limits)
                  for kind in _WRONGS if counts[kind] > self._before[kind]}
        self._before = counts
        return wrongs
