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

"""Look for the robot on a route that it may be anywhere on: stand, then turn, then give up."""

from collections.abc import Callable

from jepa_ros.core.following import FollowerConfig, Guidance, Lead
from jepa_ros.core.route import Route
from jepa_ros.core.route_plan import Distance
from jepa_ros.core.trouble import Trouble
from jepa_ros.types import Array

# Costs, in blocks, that differ by no more than this are the same.
_SAME_COST = 1.0


class Search:
    """
    Find a node, frame by frame; ``found`` is it, None until there is one.

    Where several nodes are as near it is that of which ``doubt`` is the least.  ``also`` is asked
    about whatever it looks like.  ``trouble`` knows how long the drive's searches have taken: a
    search that follows another has the rest of its time.
    """

    def __init__(self, route: Route, config: FollowerConfig, doubt: Callable[[int], float],
                 also: int, trouble: Trouble) -> None:
        self._route, self._config, self._doubt, self._also = route, config, doubt, also
        self._trouble = trouble
        self.begin()

    def begin(self) -> None:
        """Begin anew, in the time that is left."""
        self.found: int | None = None
        self._candidate: int | None = None
        self._agreeing = self._known = 0    # frames in a row: of one place, and of any

    def look(self, z: Array, to_go: Callable[[Array], float], now_s: float) -> Guidance:
        """Say what to do until the node is found."""
        config = self._config
        node, cost = self._nearest(z, to_go)
        lost = cost > config.trust_cost
        if lost:
            self._candidate, self._agreeing, self._known = None, 0, 0
        else:
            near = self._candidate is not None and abs(node - self._candidate) <= 1
            self._candidate, self._agreeing = node, self._agreeing + 1 if near else 1
            self._known += 1
        if self._agreeing >= config.confirm_frames:
            self.found = node
        # a place that is being confirmed takes no time; one place after the other does
        confirming = not lost and self._known <= config.confirm_frames
        searched_s = self._trouble.searched_s(now_s, not confirming, config.pause_s)
        if confirming or self.found is not None:
            return Guidance(Lead.WAIT, f'picture {node} of the route is {cost:.1f} blocks away')
        reason = (f'lost: the nearest picture of the route is {cost:.1f} blocks away, limit '
                  f'{config.trust_cost:.1f}' if lost else
                  f'in doubt: now it looks like picture {node} of the route, '
                  f'{cost:.1f} blocks away, now like another')
        about_s = config.look_about_s if config.turn_share > 0.0 else 0.0
        if searched_s >= config.search_s + about_s:
            return Guidance(Lead.STOP, reason)
        if not lost or searched_s < config.search_s:
            return Guidance(Lead.WAIT, reason)
        return Guidance(Lead.TURN, f'{reason}; looking about', turn=config.turn_share)

    def _nearest(self, z: Array, to_go: Callable[[Array], float]) -> tuple[int, float]:
        """Return the nearest of the nodes that look most like z (L, D), and its cost."""
        nodes = {*self._route.likest(z, self._config.tried), self._also}
        costs = {node: to_go(self._route.nodes[node]) for node in sorted(nodes)}
        least = min(costs.values())
        near = [node for node, cost in costs.items() if cost <= least + _SAME_COST]
        best = min(near, key=lambda node: (self._doubt(node), costs[node]))
        return best, costs[best]


def nearest_node(route: Route, goal: Array, distance: Distance, config: FollowerConfig) -> int:
    """
    Return the node from which a goal (L, D) is nearest, by the critic.

    Raises ValueError where it is too far from every picture that looks like it.
    """
    blocks = {node: distance(route.nodes[node], goal)
              for node in route.likest(goal, config.tried)}
    best = min(blocks, key=lambda node: blocks[node])
    if not blocks[best] <= config.trust_cost:
        raise ValueError(f'goal picture is {blocks[best]:.1f} blocks away from the nearest '
                         f'picture of the route, limit {config.trust_cost:.1f}')
    return best
