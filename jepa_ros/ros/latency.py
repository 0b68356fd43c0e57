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

"""From what was heard of a drive to how long each frame's command took."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """A plan was put in force at ``taken_s``, its frame was stamped ``frame_s``."""

    frame_s: float
    taken_s: float


@dataclass(frozen=True)
class Delivered:
    """A command stamped ``stamp_s`` was delivered at ``came_s``."""

    stamp_s: float
    came_s: float
    values: tuple[float, ...]


def first_commands(taken: Sequence[Taken], sent: Sequence[Delivered],
                   heard: Sequence[Delivered]) -> tuple[list[float], list[float]]:
    """
    Return the seconds from each plan's frame to its first command, and those of its last hop.

    ``sent`` are the planner's commands, of which a plan's first is the last one stamped before
    the plan was said to be in force.  ``heard`` are what the wheels get: the same, or what a
    gate makes of it, which is stamped anew.
    """
    sent = sorted(sent, key=lambda d: d.stamp_s)
    heard = sorted(heard, key=lambda d: d.stamp_s)
    sent_s, heard_s = ([d.stamp_s for d in side] for side in (sent, heard))
    waits_s, hops_s = [], []
    for plan in taken:
        at = bisect_right(sent_s, plan.taken_s) - 1
        if at < 0:
            continue
        command = sent[at]
        # it was stamped at or after the planner's, and is the first that says the same
        for answer in heard[bisect_left(heard_s, command.stamp_s):]:
            if answer.values == command.values:
                waits_s.append(answer.came_s - plan.frame_s)
                hops_s.append(answer.came_s - command.stamp_s)
                break
    return waits_s, hops_s
