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

"""A point that goes where a follower leads it, for tests of that."""

from itertools import pairwise

import numpy as np
from point_world import BLOCK_LENGTH

from jepa_ros.core.follower import Follower
from jepa_ros.core.following import FollowerConfig, Lead
from jepa_ros.core.route import Edge, Route
from jepa_ros.core.trouble import Trouble

PERIOD_S = 0.1
# at full speed a point goes so many blocks in a period
STEP_BLOCKS = 0.2


def route_through(*points, spacing=3.0, shortcuts=()):
    """
    Return a route along straight lines through points, in blocks, a picture every ``spacing``.

    ``shortcuts`` are (start, end, blocks).
    """
    nodes = [np.array(points[0], float)]
    for start, end in pairwise(points):
        count = max(1, round(np.hypot(*np.subtract(end, start)) / spacing))
        nodes += [start + np.subtract(end, start) * k / count for k in range(1, count + 1)]
    edges = [Edge(i, i + 1, float(np.hypot(*(nodes[i + 1] - nodes[i]))))
             for i in range(len(nodes) - 1)]
    return Route(np.array(nodes, np.float32)[:, None] * np.float32(BLOCK_LENGTH),
                 (*edges, *(Edge(*shortcut) for shortcut in shortcuts)))


class RouteRig:
    """
    A point, in blocks, that moves straight to each goal at full speed, at 10 Hz.

    ``cost`` says what the critic thinks between two places, in blocks; their distance unless it
    is given.  ``wall(before, after)`` stops a step where it returns True.
    """

    def __init__(self, route, place, goal=None, goal_node=None, cost=None, wall=None, **config):
        self.route, self.trouble = route, Trouble()
        self._goal = None if goal is None else self.latent(goal)
        self._goal_node, self._config = goal_node, FollowerConfig(**config)
        self.lead_anew()
        self.place = np.array(place, float)
        self.cost = cost or (lambda a, b: float(np.hypot(*(b - a))))
        self.wall = wall or (lambda before, after: False)
        self.now_s = 50.0
        self.asked = 0
        self.said = []

    def lead_anew(self):
        """Take another follower to the same goal, in the same drive."""
        self.follower = Follower(self.route, self._config, self._goal, self._goal_node,
                                 self.trouble)

    @staticmethod
    def latent(place):
        """Return the latent of a place in blocks, (1, 2)."""
        return np.array([place], np.float32) * np.float32(BLOCK_LENGTH)

    def to_go(self, goal):
        """Return the critic's cost from where the point is."""
        self.asked += 1
        return self.cost(self.place, goal[0].astype(float) / BLOCK_LENGTH)

    def step(self):
        """Look once, and go a step; return what the follower said."""
        guidance = self.follower.follow(self.latent(self.place), self.to_go, self.now_s)
        self.said.append(guidance)
        if guidance.lead is Lead.DRIVE:
            way = guidance.goal[0] / BLOCK_LENGTH - self.place
            length = np.hypot(*way)
            after = self.place + way * min(1.0, STEP_BLOCKS / max(length, 1e-9))
            if not self.wall(self.place, after):
                self.place = after
        self.now_s += PERIOD_S
        return guidance

    def run(self, most=2000):
        """Go on until it stops, or is at the last goal; return the last guidance."""
        for _ in range(most):
            guidance = self.step()
            if guidance.lead is Lead.STOP or (guidance.final and guidance.cost < 0.3):
                return guidance
        raise AssertionError(f'not at an end after {most} steps: {self.said[-1]}')

    def steps(self, count):
        """Look and go so many times; return what was said."""
        return [self.step() for _ in range(count)]

    def leads(self):
        """Return the leads so far, each once where it was said many times in a row."""
        kinds = [g.lead for g in self.said]
        return [kind for i, kind in enumerate(kinds) if i == 0 or kind is not kinds[i - 1]]
