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

"""Whether a robot gets on along the pictures of its way, and how careful it has become."""

import math

# The critic's cost of a picture must fall by so much, in blocks, to count.
_LESS = 0.5


class Progress:
    """
    Progress is one more picture passed, one further on come into reach, or one come nearer.

    Without any for half of ``stuck_s`` pictures are taken one by one, which is ``careful``; so
    are the first few where the robot was stuck before.
    """

    def __init__(self, stuck_s: float) -> None:
        self._stuck_s = stuck_s
        self.begin(-math.inf)

    def begin(self, now_s: float, one_by_one: int = 0) -> None:
        """Begin a way, the first pictures of it ``one_by_one``."""
        self._moved_s = now_s
        self._passed, self._furthest = -2, -1
        self._least: dict[int, float] = {}      # cost of each picture since one was passed
        self.one_by_one = one_by_one

    def careful(self, now_s: float) -> bool:
        """Say whether only the next picture is to be driven to."""
        return self.one_by_one > 0 or now_s - self._moved_s > self._stuck_s / 2

    def note(self, passed: int, subgoal: int, cost: float, now_s: float) -> bool:
        """
        Take note of the last picture passed, and of the one driven to and its cost in blocks.

        Return False where there was no progress for too long.
        """
        if passed > self._passed:
            self.one_by_one = max(self.one_by_one - (passed >= 0), 0)
            self._passed, self._furthest, self._least = passed, subgoal, {}
            self._moved_s = now_s
        elif subgoal > self._furthest:
            self._furthest, self._moved_s = subgoal, now_s
        elif cost < self._least.get(subgoal, -math.inf) - _LESS:
            self._least[subgoal], self._moved_s = cost, now_s
        self._least.setdefault(subgoal, cost)
        return now_s - self._moved_s <= self._stuck_s
