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
A world that can be worked out by hand, for tests of the planner.

A point in the unit square; its position is drawn as two grey levels, its latent is its position,
its actions are velocities, and its cost-to-go is the distance in blocks at full speed.
"""

import numpy as np

from jepa_ros.types import ActionSpec, Array, Image, ModelSpec, Plan, Rollout

SPEED = 0.3     # fractions of the square in a second
ACTION = ActionSpec(names=('x', 'y'), units=('1/s', '1/s'), low=(-SPEED, -SPEED),
                    high=(SPEED, SPEED), block=5, period_s=0.1)
BLOCK_LENGTH = SPEED * ACTION.block * ACTION.period_s


def spec(history: int = 1, horizon: int = 4) -> ModelSpec:
    """Return the world's spec."""
    return ModelSpec(image_height=16, image_width=16, history=history, horizon=horizon, tokens=1,
                     width=2, action=ACTION, arrival_cost=0.4, surprise_limit=0.01)


def picture(x: float, y: float, side_px: int = 16) -> Image:
    """Draw a position: the left half as grey as x, the right as y, under a striped rim."""
    image = np.zeros((side_px, side_px, 3), np.uint8)
    image[:, :side_px // 2], image[:, side_px // 2:] = round(255 * x), round(255 * y)
    image[:side_px // 4, ::2] = 255
    return image


class PointModel:
    """
    The exact world model of the point; ``bad_cost`` and ``bad_latent`` break it on purpose.

    It tells that the goal lies at ``goal_pose``, where that is given.
    """

    def __init__(self, history: int = 1, horizon: int = 4) -> None:
        self.spec = spec(history, horizon)
        self.rollouts = 0
        self.bad_cost: float | None = None
        self.bad_latent = False
        self.goal_pose: Array | None = None

    def encode(self, image: Image) -> Array:
        """Return the position (1, 2)."""
        half = image.shape[1] // 2
        below = image[image.shape[0] // 4:] / 255
        z = np.array([[below[:, :half].mean(), below[:, half:].mean()]], np.float32)
        return z * np.float32(np.nan) if self.bad_latent else z

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Integrate the velocities of candidates (S, H, K, A)."""
        self.rollouts += 1
        count = len(candidates)
        steps = candidates.sum(axis=2) * np.float32(ACTION.period_s)
        moved = context[-1, 0] + np.cumsum(steps, axis=1)
        places = np.concatenate([np.tile(context[-1, 0], (count, 1, 1)), moved], axis=1)
        cost_to_go = np.linalg.norm(places - goal[0], axis=-1) / BLOCK_LENGTH   # (S, H + 1)
        cost = 0.3 * cost_to_go[:, 1:-1].sum(axis=1) + cost_to_go[:, -1]
        if self.bad_cost is not None:
            cost = np.full_like(cost, self.bad_cost)
        return Rollout(moved[:, :, None].astype(np.float32), cost.astype(np.float32),
                       cost_to_go.astype(np.float32), self.goal_pose)


START = np.array([[[0.5, 0.5]]], np.float32)


def plan(planner, model, goal, start_s=0.0, seed=0, clock=lambda: 0.0, committed=(),
         last_command=(0.0, 0.0)) -> Plan:
    """Plan from START to a goal (2,), with what is committed (C, 2)."""
    still = np.zeros((1, ACTION.block, 2), np.float32)
    return planner.plan(model, START, still, np.array([goal], np.float32),
                        np.array(last_command, np.float32),
                        np.array(committed, np.float32).reshape(-1, 2), start_s,
                        np.random.default_rng(seed), clock)
