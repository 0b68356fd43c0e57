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

"""From many features of a frozen encoder to few: PCA, each component scaled to variance one."""

from dataclasses import dataclass

import torch
from torch import nn, Tensor

# a component with less of the first one's spread is noise of the arithmetic
_LEAST_SPREAD = 1e-4


@dataclass(frozen=True)
class Whitening:
    """What was fitted: on how many frames, and which share of their variance is kept."""

    frames: int
    kept_variance: float


@torch.no_grad()
def fit_whitening(linear: nn.Linear, features: Tensor) -> Whitening:
    """
    Make a layer (F to D) whiten features like these (N, F); ValueError where N is too small.

    The components are found through the N x N products of frames, so F may be large.
    """
    count, width = len(features), linear.out_features
    if count <= width or width > linear.in_features:
        raise ValueError(f'{count} frames of {linear.in_features} features are too few for a '
                         f'latent of width {width}; record more, or take a smaller width')
    mean = features.mean(dim=0)
    centred = (features - mean).double()
    values, vectors = torch.linalg.eigh(centred @ centred.T)    # in rising order
    spread = values.clamp_min(0.0).sqrt().flip(0)
    if not spread[width - 1] > _LEAST_SPREAD * spread[0]:
        alive = int((spread > _LEAST_SPREAD * spread[0]).sum())
        raise ValueError(f'{count} frames differ in {alive} directions, fewer than a latent of '
                         f'width {width} has; the camera may have stood still')
    components = vectors.flip(1)[:, :width].T @ centred / spread[:width, None]  # (D, F)
    # an eigenvector may point either way: its largest entry is positive
    largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
    components = components * largest.sign()
    weight = components * (count - 1) ** 0.5 / spread[:width, None]
    linear.weight.copy_(weight)
    linear.bias.copy_(-(weight @ mean.double()))
    kept = spread[:width].square().sum() / spread.square().sum()
    return Whitening(count, float(kept))
