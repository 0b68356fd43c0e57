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

"""The agent in closed loop with a point, for tests of it."""

import numpy as np
from point_world import ACTION, picture, PointModel
from wide_search import wide

from jepa_ros.config import AgentConfig
from jepa_ros.core.agent import Agent
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.types import Frame, Observation, Status

GOAL = (0.8, 0.3)


class Rig:
    """A point that moves as the agent says, and a camera that sees it, at 10 Hz."""

    def __init__(self, clock=lambda: 0.0, model=None, planner=None, **config):
        self.model = model or PointModel()
        planner = planner or wide()
        self.agent = Agent(self.model, SamplingPlanner(self.model.spec, planner),
                           AgentConfig(**config), np.random.default_rng(0), clock)
        self.place = np.array([0.2, 0.6])
        self.now_s = 50.0

    def look(self, age_s=0.0, stamp_s=None):
        """Let the agent see one frame, and decide."""
        stamp_s = self.now_s - age_s if stamp_s is None else stamp_s
        frame = Frame(picture(*self.place), stamp_s)
        return self.agent.step(Observation(frame), self.now_s)

    def run(self, steps, **seen):
        """Take steps; return the decisions."""
        decisions = []
        for _ in range(steps):
            decisions.append(self.look(**seen))
            self.place = self.place + decisions[-1].command * ACTION.period_s
            self.now_s += ACTION.period_s
        return decisions

    def drive(self):
        """Start towards the goal until it moves."""
        self.agent.set_goal(picture(*GOAL))
        assert self.run(3)[-1].status is Status.DRIVING
        return self
