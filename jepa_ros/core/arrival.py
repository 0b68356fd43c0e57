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

from dataclasses import astuple, dataclass
import math

import numpy as np

from jepa_ros.config import AgentConfig
from jepa_ros.core.context import Context
from jepa_ros.core.monitor import judge_finite, Verdict
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, GoalPose, ModelSpec

# Near the goal: below this many arrival costs.
_NEAR_COSTS = 1.5
# What a radian to turn counts for, as a way.
_METRES_A_RADIAN = 0.3


@dataclass(frozen=True)
class Remaining:
    """What is left to a goal: blocks to go, and where it lies, of models that tell it."""

    cost_to_go: float
    pose: GoalPose | None = None

    def judge(self) -> Verdict:
        """Refuse numbers that are not finite."""
        verdict = judge_finite('cost-to-go', self.cost_to_go)
        if verdict.ok and self.pose is not None:
            return judge_finite("the goal's pose", np.array(astuple(self.pose)))
        return verdict


class Arrival:
    """Judge frame by frame whether the goal is reached."""

    def __init__(self, spec: ModelSpec, config: AgentConfig) -> None:
        self._cost = spec.arrival_cost if config.arrival_cost is None else config.arrival_cost
        self._frames, self._settled_frames = config.arrival_frames, config.settled_frames
        self._arrival_m = config.arrival_m
        self.clear()

    def clear(self) -> None:
        """Forget the frames seen."""
        self._below = self._near = self._within = 0

    def judge(self, left: Remaining) -> str:
        """Return why the goal, of which so much is left, is reached; '' where it is not."""
        cost, near = left.cost_to_go, _NEAR_COSTS * self._cost
        far_m = math.inf if left.pose is None else float(reach_m(*astuple(left.pose)))
        self._below = self._below + 1 if cost < self._cost else 0
        self._near = self._near + 1 if cost < near else 0
        self._within = self._within + 1 if far_m < self._arrival_m else 0
        if self._below >= self._frames:
            return f'cost-to-go {cost:.2f} is below {self._cost:.2f} blocks'
        if self._within >= self._frames:
            return f'the goal is within {far_m:.2f} m, limit {self._arrival_m:.2f} m'
        if self._near >= self._settled_frames:
            return (f'cost-to-go {cost:.2f} has been below {near:.2f} blocks for '
                    f'{self._near} frames, and nothing brings it down')
        return ''


def reach_m(ahead_m: Array | float, left_m: Array | float, turn_rad: Array | float,
            error_m: Array | float) -> Array:
    """Return how far away goals may be, m: the distance, what that may err, and the turn."""
    return np.asarray(np.hypot(ahead_m, left_m) + error_m + _METRES_A_RADIAN * np.abs(turn_rad))


def remaining(model: WorldModel, context: Context, goal: Array, frame_s: float) -> Remaining:
    """
    Return how far, and where, a model sees a goal (L, D) from the frame at ``frame_s``.

    One candidate is rolled out; what it would do does not matter.
    """
    spec = model.spec
    still = np.zeros((1, spec.horizon, spec.action.block, spec.action.width), np.float32)
    rollout = model.rollout(context.latents(frame_s), context.executed(frame_s), still, goal)
    cost, told = float(rollout.cost_to_go[0, 0]), rollout.goal_pose
    if told is None:
        return Remaining(cost)
    ahead, left, cosine, sine, error, _ = map(float, told)
    return Remaining(cost, GoalPose(ahead, left, math.atan2(sine, cosine), error))
