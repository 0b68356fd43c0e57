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
The planner node around a model that can be worked out by hand, in a process of its own.

The latent is where the bright spot is, as fractions of the picture; linear_x moves it right and
angular_z down, each a fraction in a second.  FAKE_ENGINE_DELAY_S slows every rollout down but
those of its first plan, from a goal to itself; FAKE_PLAN_DELAYS_S (a list, over and over) each
plan's first rollout; FAKE_ENCODE_DELAY_S every picture.

What FAKE_FAULTS names (a file, read at every call) goes wrong: 'encode' and 'rollout' raise,
'nan_latent', 'nan_cost' of plans and 'nan_to_go' of a frame are not finite; a number behind a word
is how many times it does.
"""

import itertools
import os
from pathlib import Path
import sys
import time

import numpy as np

from jepa_ros.ros.planner_node import PlannerNode
from jepa_ros.ros.process import run
from jepa_ros.types import ActionSpec, ModelSpec, Rollout

SIDE_PX = 32
SPEED = 0.3
SPEC = ModelSpec(
    image_height=SIDE_PX, image_width=SIDE_PX, history=1, horizon=3, tokens=1, width=2,
    action=ActionSpec(names=('linear_x', 'angular_z'), units=('m/s', 'rad/s'),
                      low=(-SPEED, -SPEED), high=(SPEED, SPEED), block=5, period_s=0.1),
    arrival_cost=0.3, surprise_limit=1.0)


class Faults:
    """What is to go wrong, as a file tells it: 'encode', or 'encode 3' for three times."""

    def __init__(self) -> None:
        self._path, self._text, self._left = os.environ.get('FAKE_FAULTS'), '', 0.0

    def due(self, word: str) -> bool:
        """Say whether a word's fault is due now, and count it."""
        if self._path is None:
            return False
        text = Path(self._path).read_text()
        named, _, count = text.strip().partition(' ')
        if text != self._text:
            self._text, self._left = text, float(count or 'inf')
        if named != word or self._left == 0.0:
            return False
        self._left -= 1
        return True


class SpotModel:
    """Where the spot is, and where it would go."""

    spec = SPEC
    engine = 'by hand'
    device = 'cpu'
    precision = 'fp64'
    why = 'it is all there is'

    def __init__(self) -> None:
        self._delay_s = float(os.environ.get('FAKE_ENGINE_DELAY_S', '0'))
        self._encode_delay_s = float(os.environ.get('FAKE_ENCODE_DELAY_S', '0'))
        self._plan_delays_s = itertools.cycle(
            float(s) for s in os.environ.get('FAKE_PLAN_DELAYS_S', '0').split())
        self._context: np.ndarray | None = None
        self._faults = Faults()

    def encode(self, image: np.ndarray) -> np.ndarray:
        """Return the centroid of the light, (1, 2) in [0, 1]."""
        time.sleep(self._encode_delay_s)
        if self._faults.due('encode'):
            raise RuntimeError('the encoder is broken\nin many words')
        if self._faults.due('nan_latent'):
            return np.full((1, 2), np.nan, np.float32)
        light = image.astype(np.float32).sum(axis=2)
        light = np.maximum(light - 60.0, 0.0) + 1e-6
        at = (np.arange(SIDE_PX) + 0.5) / SIDE_PX
        x = (light.sum(axis=0) * at).sum() / light.sum()
        y = (light.sum(axis=1) * at).sum() / light.sum()
        return np.array([[x, y]], np.float32)

    def rollout(self, context: np.ndarray, executed: np.ndarray, candidates: np.ndarray,
                goal: np.ndarray) -> Rollout:
        """Integrate the actions; the cost is the way that is left, in blocks."""
        if len(candidates) > 1 and self._faults.due('rollout'):
            raise RuntimeError('the rollout is broken')
        if not np.array_equal(context[-1], goal):
            time.sleep(self._delay_s)
            if len(candidates) > 1 and context is not self._context:
                self._context = context
                time.sleep(next(self._plan_delays_s))
        moved = candidates.sum(axis=2).cumsum(axis=1) * SPEC.action.period_s     # (S, H, A)
        latents = context[-1, 0] + moved
        blocks = SPEED * SPEC.action.block * SPEC.action.period_s
        start = np.linalg.norm(context[-1, 0] - goal[0]) / blocks
        to_go = np.linalg.norm(latents - goal[0], axis=2) / blocks               # (S, H)
        to_go = np.concatenate([np.full((len(to_go), 1), start), to_go], axis=1)
        if self._faults.due('nan_cost' if len(candidates) > 1 else 'nan_to_go'):
            to_go[:] = np.nan
        return Rollout(latents=latents[:, :, None].astype(np.float32),
                       cost=to_go[:, 1:].mean(axis=1).astype(np.float32),
                       cost_to_go=to_go.astype(np.float32),
                       # so vague that it is never an arrival
                       goal_pose=np.array([*(goal[0] - context[-1, 0]), 1.0, 0.0, 5.0, 1.0],
                                          np.float32))


def spot_picture(x: float, y: float, side_px: int = 64) -> np.ndarray:
    """Return a picture (side, side, 3) uint8 with a bright spot at fractions x, y."""
    at = (np.arange(side_px) + 0.5) / side_px
    light = np.exp(-((at[None] - x) ** 2 + (at[:, None] - y) ** 2) / (2 * 0.08 ** 2))
    return np.repeat((20 + 220 * light).astype(np.uint8)[..., None], 3, axis=2)


if __name__ == '__main__':
    sys.exit(run(lambda: PlannerNode(load=lambda *_: SpotModel())))
