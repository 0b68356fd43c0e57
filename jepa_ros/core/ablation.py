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

"""Latent distance in place of the learned cost: the ablation that shows what a critic adds."""

import dataclasses

import numpy as np

from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Image, ModelSpec, Rollout

# The same weights as the critic's cost has: the last block counts in full, earlier ones less.
_EARLY_WEIGHT = 0.3


class LatentDistance:
    """
    A world model whose cost is the mean squared distance between latents and the goal's.

    Its cost-to-go is that distance too, so ``arrival_cost`` must be given in the same terms.
    """

    def __init__(self, model: WorldModel, arrival_cost: float) -> None:
        self._model = model
        self._spec = dataclasses.replace(model.spec, arrival_cost=arrival_cost)

    @property
    def spec(self) -> ModelSpec:
        """Return the spec of the model behind, with the arrival cost given."""
        return self._spec

    def encode(self, image: Image) -> Array:
        """Encode an image as the model behind does."""
        return self._model.encode(image)

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict as the model behind does; cost by distance to the goal (L, D)."""
        latents = self._model.rollout(context, executed, candidates, goal).latents
        future = np.square(latents - goal).mean(axis=(2, 3))  # (S, H)
        present = np.full((len(latents), 1), np.square(context[-1] - goal).mean(), np.float32)
        weights = np.full(future.shape[1], _EARLY_WEIGHT, np.float32)
        weights[-1] = 1.0
        return Rollout(latents, np.asarray(future @ weights, np.float32),
                       np.concatenate([present, future], axis=1))
