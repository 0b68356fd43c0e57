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

"""Arrival: the critic says that the goal is near enough, or near and nothing comes nearer."""

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
        self.clear()

    def clear(self) -> None:
        """Forget the frames seen."""
        self._below = self._near = 0

    def judge(self, cost_to_go: float) -> str:
        """Return why the goal, ``cost_to_go`` blocks away, is reached; '' where it is not."""
        near = _NEAR_COSTS * self._cost
        self._below = self._below + 1 if cost_to_go < self._cost else 0
        self._near = self._near + 1 if cost_to_go < near else 0
        if self._below >= self._frames:
            return f'cost-to-go {cost_to_go:.2f} is below {self._cost:.2f} blocks'
        if self._near >= self._settled_frames:
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
