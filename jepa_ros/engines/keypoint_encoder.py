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
An encoder that says where things are: what few drives need to be told apart from their places.

Spatial softmax, as in arXiv 1504.00702 and 1509.06113: each feature map becomes the place of what
it looks for.  What is learnt of a robot in one corner holds in all others, where a layer of all
pixels learns each place by itself, and the drives by heart before that.
"""

from collections.abc import Sequence
import math

import torch
from torch import nn, Tensor

from jepa_ros.engines.encoder_parts import projector, scaled

_FIRST_SHARPNESS = 2.0


class SpatialSoftmax(nn.Module):
    """Maps (B, K, h, w) to keypoints (B, K, 3): x and y of each in [-1, 1], how sure it is."""

    def __init__(self, keypoints: int, side: int) -> None:
        super().__init__()
        self.log_sharpness = nn.Parameter(torch.full((keypoints, 1), math.log(_FIRST_SHARPNESS)))
        line = torch.linspace(-1.0, 1.0, side)
        y, x = torch.meshgrid(line, line, indexing='ij')
        self.register_buffer('places', torch.stack([x, y], dim=-1).flatten(0, 1),
                             persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the mean place under each map's softmax, and the mean of the map there."""
        maps = maps.flatten(2).float()  # (B, K, h * w)
        attention = torch.softmax(maps * self.log_sharpness.exp(), dim=-1)
        sure = (attention * maps).sum(dim=-1, keepdim=True)
        return torch.cat([attention @ self.places, sure], dim=-1)


class KeypointEncoder(nn.Module):
    """Images (B, h, w, 3) uint8 RGB to latents (B, 1, D); normalisation is inside."""

    def __init__(self, image_px: int, channels: Sequence[int], keypoints: int, hidden: int,
                 width: int) -> None:
        """Make maps of 1 / 2 ** len(channels) of the picture's side, and keypoints of them."""
        super().__init__()
        layers: list[nn.Module] = []
        previous = 3
        for i, count in enumerate(channels):
            size = 3 if i else 5
            layers += [nn.Conv2d(previous, count, size, 2, size // 2, bias=False),
                       nn.BatchNorm2d(count), nn.SiLU()]
            previous = count
        self.convolutions = nn.Sequential(
            *layers, nn.Conv2d(previous, keypoints, 3, 1, 1, bias=False),
            nn.BatchNorm2d(keypoints))
        self.keypoints = SpatialSoftmax(keypoints, image_px // 2 ** len(channels))
        self.projector = projector(3 * keypoints, hidden, width)

    def forward(self, images: Tensor) -> Tensor:
        """Encode uint8 images, or float ones on the same 0 to 255 scale."""
        maps = self.convolutions(scaled(images))
        return self.projector(self.keypoints(maps)).unsqueeze(1)
