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

"""The world model as the planner sees it: three questions, numpy in, numpy out."""

from typing import Protocol

from jepa_ros.types import Array, Image, ModelSpec, Rollout


class WorldModel(Protocol):
    """What an engine behind a bundle answers; see DESIGN.md for the words."""

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""

    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB of the model's size; return z (L, D)."""

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """
        Predict the latents that follow each candidate plan, and what they cost.

        Takes context (T, L, D), the block executed before each context latent (T, K, A),
        candidates (S, H, K, A), actions in physical units, and the goal latent (L, D).
        """
