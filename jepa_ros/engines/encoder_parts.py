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

"""What encoders trained here begin and end with."""

import torch
from torch import nn, Tensor


def scaled(images: Tensor) -> Tensor:
    """Return images (B, h, w, 3), uint8 or float of 0 to 255, as (B, 3, h, w) of -2 to 2."""
    return images.permute(0, 3, 1, 2).to(torch.float32) * (1 / 64.0) - 2.0


def projector(features: int, hidden: int, width: int) -> nn.Sequential:
    """Return what makes latents (B, D) of features; a LayerNorm would stand in SIGReg's way."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(features, hidden, bias=False), nn.BatchNorm1d(hidden), nn.SiLU(),
        nn.Linear(hidden, width))
