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

"""The baseline that shows what the JEPA adds: an encoder that is never trained."""

import numpy as np
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes


@torch.no_grad()
def freeze_random_encoder(networks: Networks, episodes: Episodes, frames: int = 2048) -> None:
    """
    Freeze the encoder at its random weights, its output scaled to unit variance a dimension.

    The BatchNorm statistics are measured once, and the last layer's output is standardised, so
    that predictor and critic see numbers of the size that they would after training.
    """
    encoder = networks.encoder
    rng = np.random.default_rng(0)
    images = torch.from_numpy(episodes.frames[rng.choice(len(episodes), frames)])
    encoder.train()
    for module in encoder.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            module.momentum = None  # a plain average
    encoder(images)
    encoder.eval()
    last = encoder.projector[-1]
    z = encoder(images)[:, 0]
    scale = 1.0 / z.std(dim=0).clamp_min(1e-6)
    last.bias.copy_((last.bias - z.mean(dim=0)) * scale)
    last.weight.mul_(scale[:, None])
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
