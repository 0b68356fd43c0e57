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

"""A way along a route: its pictures in order, which were passed, and the one to drive to."""

from collections.abc import Callable

from jepa_ros.core.following import FollowerConfig
from jepa_ros.core.route import Route
from jepa_ros.types import Array

# How far away, in blocks, the picture at an index of the way is from what is seen now.
Cost = Callable[[int], float]


class Way:
    """
    Nodes ``path`` of a route, none passed yet; the last picture is the ``goal`` (L, D) itself.

    ``passed`` and ``subgoal`` are indices into it, -1 before there is one.
    """

    def __init__(self, route: Route, path: tuple[int, ...], goal: Array, config: FollowerConfig
                 ) -> None:
        self._route, self.path, self._goal, self._config = route, path, goal, config
        self.passed = self.subgoal = -1
        self._reached = 0                   # the last that was not only left behind

    def __len__(self) -> int:
        """Return how many pictures the way has."""
        return len(self.path)

    @property
    def here(self) -> int:
        """Return the index of the picture that the robot is at, or was at last."""
        return max(self.passed, 0)

    @property
    def edge(self) -> tuple[int, int]:
        """Return the nodes between which the robot is."""
        return self.path[self.here], self.path[self.passed + 1]

    def latent(self, index: int) -> Array:
        """Return what is to be seen at an index, (L, D)."""
        if index == len(self.path) - 1:
            return self._goal
        node: Array = self._route.nodes[self.path[index]]
        return node

    def nearest(self, cost: Cost) -> float:
        """Return the cost of the nearest of the pictures where the robot may be."""
        first = max(self.passed - self._config.behind, 0)
        return min(cost(index) for index in range(first, self.passed + 2))

    def go_on(self, cost: Cost, one_by_one: bool) -> None:
        """
        Count pictures as passed, never the last: reached, or the next after it is nearer.

        None further on than was driven to: somewhere else may look the same.  ``one_by_one`` each
        is to be reached: a wall may be between, and the next nearer through it.
        """
        before_last = len(self.path) - 2
        while self.passed < before_last:
            here = self.passed + 1
            reached = [i for i in range(here, min(self.subgoal, before_last) + 1)
                       if cost(i) < self._config.passed_cost]
            if reached:
                self.passed = self._reached = reached[-1]
            elif not one_by_one and cost(here) <= self._config.reach_cost and (
                    cost(here + 1) < cost(here) - self._config.nearer_by):
                self.passed = here
            else:
                return

    def aim(self, cost: Cost, careful: bool) -> int:
        """
        Choose the subgoal and return its index: the last picture in reach, with care the next.

        As far as each is further away than the one before: what comes near again is another
        place that looks the same, or is come to later.
        """
        index, before, config = self.passed + 1, self.subgoal, self._config
        self.subgoal = index
        if careful:
            return index
        last = min(self.passed + config.ahead, len(self.path) - 1)
        # what was driven to a frame ago, and is no further away, stays in reach
        if index < before <= last and cost(before) <= config.reach_cost + config.nearer_by:
            index = before
        while index < last and (
                cost(index) - config.nearer_by <= cost(index + 1) <= config.reach_cost):
            index += 1
        self.subgoal = index
        return index

    def again(self, cost: Cost) -> int:
        """
        Return the node from where to try once more: the last that was passed and is near.

        What was passed but not reached may be on the other side of what is in the way.
        """
        near = cost(self._reached) <= self._config.trust_cost
        return self.path[self._reached if near else self.here]
