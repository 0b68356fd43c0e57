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

"""
Arrival: the critic says that the goal is near enough, or near and nothing comes nearer.

It says so of a robot that moves; then the robot stands, and the critic is asked again.
"""

import numpy as np

from jepa_ros.config import AgentConfig
from jepa_ros.core.context import Context
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, ModelSpec

# Near the goal: below this many arrival costs.
_NEAR_COSTS = 1.5


class Arrival:
    """Judge frame by frame whether the goal is reached."""

    def __init__(self, spec: ModelSpec, config: AgentConfig) -> None:
        self._cost = spec.arrival_cost if config.arrival_cost is None else config.arrival_cost
        self._frames, self._settled_frames = config.arrival_frames, config.settled_frames
        looks_back_s = (spec.history - 1) * spec.action.block * spec.action.period_s
        # a model that does not look back sees no motion, and judges the same at rest
        self._rest_s = (looks_back_s + config.arrival_rest_s
                        if looks_back_s and config.arrival_rest_s else 0.0)
        self.clear()

    def clear(self) -> None:
        """Forget the frames seen."""
        self._below = self._near = 0
        self._rests_until_s: float | None = None
        self._rest_limit = self._cost   # that the cost at rest must be below

    @property
    def resting(self) -> bool:
        """Say whether the robot is to stand, for the goal to be judged from there."""
        return self._rests_until_s is not None

    def judge(self, cost_to_go: float, stamp_s: float) -> str:
        """
        Return why the goal, ``cost_to_go`` blocks away in a frame of ``stamp_s``, is reached.

        '' where it is not, or where the robot is to stand first.
        """
        if self._rests_until_s is not None:
            if stamp_s < self._rests_until_s:
                return ''
            limit = self._rest_limit
            self.clear()
            return (f'cost-to-go {cost_to_go:.2f} is below {limit:.2f} blocks at rest'
                    if cost_to_go < limit else '')
        reason = self._moving(cost_to_go)
        if reason and self._rest_s:
            self._rests_until_s = stamp_s + self._rest_s
            return ''
        return reason

    def _moving(self, cost_to_go: float) -> str:
        near = _NEAR_COSTS * self._cost
        self._below = self._below + 1 if cost_to_go < self._cost else 0
        self._near = self._near + 1 if cost_to_go < near else 0
        if self._below >= self._frames:
            self._rest_limit = self._cost
            return f'cost-to-go {cost_to_go:.2f} is below {self._cost:.2f} blocks'
        if self._near >= self._settled_frames:
            self._rest_limit = near
            return (f'cost-to-go {cost_to_go:.2f} has been below {near:.2f} blocks for '
                    f'{self._near} frames, and nothing brings it down')
        return ''


def cost_to_go(model: WorldModel, context: Context, goal: Array, frame_s: float) -> float:
    """
    Return how far, in blocks, the critic sees a goal (L, D) from the frame at ``frame_s``.

    One candidate is rolled out; what it would do does not matter.
    """
    spec = model.spec
    still = np.zeros((1, spec.horizon, spec.action.block, spec.action.width), np.float32)
    rollout = model.rollout(context.latents(frame_s), context.executed(frame_s), still, goal)
    return float(rollout.cost_to_go[0, 0])
