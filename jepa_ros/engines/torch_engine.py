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

"""Run a bundle's two graphs as PyTorch modules: the reference that other engines must match."""

import torch

from jepa_ros.types import Array, Image, ModelSpec, Rollout


class TorchEngine:
    """
    A world model behind two modules, handed in: ``encoder`` and ``rollout``.

    They take and return what the bundle's graphs of the same names do.
    """

    engine = 'torch'
    device = 'cpu'
    precision = 'fp32'

    def __init__(self, spec: ModelSpec, encoder: torch.nn.Module, rollout: torch.nn.Module
                 ) -> None:
        self._spec = spec
        self._encoder = encoder.eval()
        self._rollout = rollout.eval()

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    @torch.no_grad()
    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        out: Array = self._encoder(torch.from_numpy(image[None].copy()))[0].numpy()
        return out

    @torch.no_grad()
    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs."""
        outputs = self._rollout(*(torch.from_numpy(a.copy())
                                  for a in (context, executed, candidates, goal)))
        return Rollout(*(o.contiguous().numpy() for o in outputs))
