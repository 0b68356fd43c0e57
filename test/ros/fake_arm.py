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
The planner node for two joints, around a model that can be worked out by hand.

The joints are where the spot of fake_planner is.  FAKE_ARM says what actions are: 'speeds' of
joints, or 'positions' that they go to.
"""

from dataclasses import replace
import os
import sys

from fake_planner import SPEC, SpotModel
import numpy as np

from jepa_ros.ros.planner_node import PlannerNode
from jepa_ros.ros.process import run
from jepa_ros.types import Rollout

JOINTS = ('shoulder', 'elbow')
SPEEDS = replace(SPEC, action=replace(SPEC.action, names=JOINTS, units=('rad/s', 'rad/s')))
POSITIONS = replace(SPEC, action=replace(
    SPEC.action, names=JOINTS, units=('rad', 'rad'), low=(0.1, 0.1), high=(0.9, 0.9)))


class SpeedModel(SpotModel):
    """The spot is moved by the joints' speeds."""

    spec = SPEEDS


class PositionModel(SpotModel):
    """The spot is where the joints are told to be; a goal is as far as the spot is from it."""

    spec = POSITIONS

    def rollout(self, context: np.ndarray, executed: np.ndarray, candidates: np.ndarray,
                goal: np.ndarray) -> Rollout:
        """Jump to the last position of each block."""
        latents = candidates[:, :, -1]                                          # (S, H, A)
        start = np.full((len(latents), 1), np.linalg.norm(context[-1, 0] - goal[0]))
        to_go = np.concatenate([start, np.linalg.norm(latents - goal[0], axis=2)], axis=1) * 3
        return Rollout(latents=latents[:, :, None].astype(np.float32),
                       cost=to_go[:, 1:].mean(axis=1).astype(np.float32),
                       cost_to_go=to_go.astype(np.float32))


if __name__ == '__main__':
    kind = {'speeds': SpeedModel, 'positions': PositionModel}[os.environ['FAKE_ARM']]
    sys.exit(run(lambda: PlannerNode(load=lambda *_: kind())))
