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

"""Surprise: how far what is seen is from what was expected one block ago."""

from dataclasses import dataclass

import numpy as np

from jepa_ros.core.context import Context
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array


@dataclass(frozen=True)
class Expectation:
    """What was seen one block ago, ``before`` (L, D), and expected of ``block`` (K, A) since."""

    before: Array
    expected: Array
    block: Array

    def surprise(self, z: Array) -> float:
        """Return the mean squared distance of what is seen, z (L, D), from what was expected."""
        return float(np.square(self.expected - z).mean())


def expect(model: WorldModel, context: Context, z: Array, frame_s: float) -> Expectation | None:
    """
    Predict what should be seen at ``frame_s``; None where nothing was seen one block before.

    The rollout starts from the context of one block ago, with the block that was really executed
    since.  Violation of expectation, arXiv 2502.11831.
    """
    spec, action = model.spec, model.spec.action
    block_s = action.block * action.period_s
    then_s = frame_s - block_s
    if not context.has(then_s - (spec.history - 1) * block_s):
        return None
    # one candidate; what comes after the block that was executed does not matter
    blocks = np.zeros((1, spec.horizon, action.block, action.width), np.float32)
    blocks[0, 0] = context.executed(frame_s)[-1]
    before = context.latents(then_s)
    rollout = model.rollout(before, context.executed(then_s), blocks, z)
    return Expectation(before[-1], rollout.latents[0, 0], blocks[0, 0])
