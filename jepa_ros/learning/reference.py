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
The reference load: networks of LeWorldModel's sizes with random weights, for ``jepa bench``.

How long a plan takes depends on sizes only.  How exactly it must be computed depends on what
actions do, so scales are those of trained networks: latents of unit variance, that actions move.
"""

from pathlib import Path

import torch

from jepa_ros.engines.lewm_networks import LewmConfig, LewmNetworks
from jepa_ros.engines.manifest import Manifest
from jepa_ros.learning.export import export_bundle
from jepa_ros.learning.metrics import Calibration

NAME = 'lewm_reference'
_SAMPLES = 512


def reference_networks(seed: int = 0, config: LewmConfig | None = None) -> LewmNetworks:
    """Return networks with random weights, those of the paper's sizes by default."""
    torch.manual_seed(seed)
    networks = LewmNetworks(config or LewmConfig()).eval()
    config, predictor = networks.config, networks.predictor
    span = predictor.action_scale * 2
    blocks = (torch.rand(_SAMPLES, config.history, config.block, len(span)) - 0.5) * span
    blocks = blocks + predictor.action_offset
    latents = torch.randn(_SAMPLES, config.history, config.width)
    with torch.no_grad():
        _scale(predictor.act[-1], predictor.embed(blocks))
        _scale(predictor.project[-1], predictor(latents, predictor.embed(blocks))[:, -1:])
    return networks


def _scale(last: torch.nn.Linear, outputs: torch.Tensor) -> None:
    """Scale the layer that ``outputs`` (N, T, D) come from, so that they vary by 1 over N."""
    last.weight /= outputs.std(dim=0).mean()
    last.bias.zero_()


def reference_bundle(folder: Path, seed: int = 0, config: LewmConfig | None = None) -> Manifest:
    """Export such networks as a bundle at ``folder``; it plans, and arrives nowhere."""
    return export_bundle(reference_networks(seed, config), folder, NAME,
                         Calibration(0.1, 0.1, (0.1, 0.2, 0.3)),
                         {'seed': seed, 'weights': 'random: a load, not a model'})
