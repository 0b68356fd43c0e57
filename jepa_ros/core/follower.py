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

"""Follow a route: where am I on it, which picture next, and what if I am lost."""

from collections.abc import Callable
from functools import cache
import math

from jepa_ros.core.following import FollowerConfig, Guidance, Lead
from jepa_ros.core.progress import Progress
from jepa_ros.core.route import NoWayError, Route
from jepa_ros.core.searching import Search
from jepa_ros.core.trouble import Trouble
from jepa_ros.core.way import Cost, Way
from jepa_ros.types import Array

# How far it is, in blocks, from what is seen now to a latent (L, D).
ToGo = Callable[[Array], float]
# Where it got stuck, so many pictures are taken one by one.
_CAREFUL_PICTURES = 4


class Follower:
    """
    Lead an agent along a route, one guidance a frame.

    The goal is a picture's latent (L, D) beyond node ``goal_node``, or, where None, that of the
    route's last node.  Pictures are passed in order and never taken back, but for a recovery.
    ``trouble`` is what the drive has been through before; without it, this one is its first.
    """

    def __init__(self, route: Route, config: FollowerConfig, goal: Array | None = None,
                 goal_node: int | None = None, trouble: Trouble | None = None) -> None:
        self._route, self._config = route, config
        self._trouble = Trouble() if trouble is None else trouble
        self._goal_node = len(route) - 1 if goal_node is None else goal_node
        self._beyond = goal is not None
        self._goal: Array = route.nodes[self._goal_node] if goal is None else goal
        if self._trouble.at is not None:
            self._search = self._search_near(self._trouble.at)
        elif goal is None:
            # who follows a route from its beginning is not at its end where they look alike
            self._search = self._search_near(0)
        else:
            blocks = route.remaining(self._goal_node)
            self._search = Search(route, config, lambda node: blocks.get(node, math.inf),
                                  self._goal_node, self._trouble)
        self._way: Way | None = None        # None while it looks for itself
        self._progress = Progress(config.stuck_s)
        self._frame_s = self._seen_s = -math.inf    # the last frame, the last that it knew

    @property
    def route(self) -> Route:
        """Return the route that is followed."""
        return self._route

    @property
    def goal(self) -> Array:
        """Return the last goal, (L, D)."""
        return self._goal

    @property
    def recoveries(self) -> int:
        """Return how often the robot was lost or stuck on this drive."""
        return self._trouble.recoveries

    def begin(self) -> None:
        """Look for the robot anew, near where it was: it was stopped, or moved by others."""
        if self._trouble.at is not None:
            self._search = self._search_near(self._trouble.at)
        self._way, self._frame_s = None, -math.inf
        self._search.begin()

    def follow(self, z: Array, to_go: ToGo, now_s: float) -> Guidance:
        """Return what to do about a new frame with latent z (L, D), taken at ``now_s``."""
        if now_s - self._frame_s > self._config.pause_s:
            # nobody looked: it may be anywhere, and what it drove to behind a wall
            self.begin()
        self._frame_s = now_s
        guidance = (self._look(z, to_go, now_s) if self._way is None
                    else self._go_on(self._way, to_go, now_s))
        if guidance.lead is Lead.STOP:
            self._trouble.gave_up = True
        return guidance

    def _go_on(self, way: Way, to_go: ToGo, now_s: float) -> Guidance:
        """Go on along the way, as long as it is known and the robot gets on."""
        cost = cache(lambda index: to_go(way.latent(index)))
        way.go_on(cost, self._progress.one_by_one > 0)
        self._trouble.at = way.path[way.here]
        nearest = way.nearest(cost)
        if nearest <= self._config.trust_cost:
            self._seen_s = now_s
        elif now_s - self._seen_s >= self._config.lost_s:
            return self._recover(f'lost: the nearest picture of the way is {nearest:.1f} blocks '
                                 f'away, limit {self._config.trust_cost:.1f}')
        subgoal = way.aim(cost, self._progress.careful(now_s))
        blocks, count = cost(subgoal), len(way)
        if not self._progress.note(way.passed, subgoal, blocks, now_s):
            return self._go_round(way, cost, now_s)
        reason = f'picture {subgoal + 1} of {count} is {blocks:.1f} blocks away'
        return Guidance(Lead.DRIVE, reason, way.latent(subgoal), subgoal == count - 1,
                        node=subgoal + 1, count=count, cost=blocks)

    def _search_near(self, expected: int) -> Search:
        """Return a search that believes in a node where others are as near."""
        return Search(self._route, self._config, lambda node: float(abs(node - expected)),
                      expected, self._trouble)

    def _again(self, reason: str) -> Guidance:
        """Count a recovery: wait for it, or give up where there were too many."""
        count = self._trouble.recover()
        if count > self._config.most_recoveries:
            return Guidance(Lead.STOP, f'{reason}; and that was so {count} times')
        return Guidance(Lead.WAIT, reason)

    def _recover(self, reason: str) -> Guidance:
        """Forget the way and look for the robot, where that was not done too often."""
        self.begin()
        return self._again(reason)

    def _go_round(self, way: Way, cost: Cost, now_s: float) -> Guidance:
        """Take another way where this one is blocked, or go back a little and try once more."""
        edge, trouble = way.edge, self._trouble
        reason = (f'blocked: no progress from picture {edge[0]} to {edge[1]} of the route for '
                  f'{self._config.stuck_s:.0f} s')
        branch = self._branch(way, cost)
        if branch is not None:
            trouble.blocked.add(edge)
        elif edge in trouble.stuck:
            return Guidance(Lead.STOP, reason)
        trouble.stuck.add(edge)
        self._set_out(way.again(cost) if branch is None else branch, now_s, _CAREFUL_PICTURES)
        return self._again(reason)

    def _branch(self, way: Way, cost: Cost) -> int | None:
        """Return the last node that was passed, near enough, from where a way avoids an edge."""
        if way.edge[0] == way.edge[1]:
            return None
        blocks = self._route.remaining(self._goal_node, {*self._trouble.blocked, way.edge})
        for index in range(way.here, -1, -1):
            if cost(index) > self._config.trust_cost:
                return None
            if way.path[index] in blocks:
                return way.path[index]
        return None

    def _look(self, z: Array, to_go: ToGo, now_s: float) -> Guidance:
        """Look for the robot on the route; find the way from there."""
        guidance = self._search.look(z, to_go, now_s)
        if self._search.found is None:
            return guidance
        try:
            way = self._set_out(self._open_node(self._search.found, to_go), now_s,
                                self._progress.one_by_one)
        except NoWayError as error:
            return Guidance(Lead.STOP, str(error))
        return self._go_on(way, to_go, now_s)

    def _open_node(self, found: int, to_go: ToGo) -> int:
        """Return the node where the robot is, or one near before it if the way on is blocked."""
        blocked = self._trouble.blocked
        blocks = self._route.remaining(self._goal_node, blocked)
        node = found
        while node >= 0 and to_go(self._route.nodes[node]) <= self._config.trust_cost:
            if node in blocks or not blocked:
                return node
            node -= 1
        return found

    def _set_out(self, node: int, now_s: float, one_by_one: int) -> Way:
        """Begin the way at a node, not passed yet; NoWayError where none leads to the goal."""
        path = self._route.path(node, self._goal_node, self._trouble.blocked)
        # the picture itself is one more than those of the route
        self._way = Way(self._route, (*path, self._goal_node) if self._beyond else path,
                        self._goal, self._config)
        self._progress.begin(now_s, one_by_one)
        self._seen_s = now_s
        return self._way
