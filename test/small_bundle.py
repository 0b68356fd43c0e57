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

"""A bundle of small random networks, exported once a run, for tests of all that loads one."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.export import export_bundle
from jepa_ros.learning.metrics import Calibration

SMALL = ModelConfig(image_px=32, width=8, channels=(8, 8), encoder_hidden=16, predictor_hidden=16,
                    predictor_layers=2, critic_hidden=16, horizon=3)
# its rollout tells where the goal lies, too
TELLING = replace(SMALL, history=2, whereabouts_hidden=8)
# its encoder is one of keypoints
KEYPOINTS = replace(SMALL, keypoints=6)
_NAMES = {SMALL: 'small', TELLING: 'telling', KEYPOINTS: 'keypoints'}
CALIBRATION = Calibration(0.75, 0.25, (0.01, 0.02, 0.03))


def random_networks(config: ModelConfig = SMALL, seed: int = 0) -> Networks:
    """Return networks with random weights, and BatchNorm statistics that are not the default."""
    torch.manual_seed(seed)
    networks = Networks(config)
    with torch.no_grad():
        for _ in range(5):
            networks.encoder(torch.randint(
                0, 256, (16, config.image_px, config.image_px, 3), dtype=torch.uint8))
        for parameter in networks.predictor.leave.parameters():
            parameter.normal_(std=0.3)      # an untrained one predicts almost no change
    return networks.eval()


@cache
def small_bundle(base: Path, config: ModelConfig = SMALL) -> Path:
    """Export small networks under a folder; return the bundle's."""
    folder = base / f'{_NAMES[config]}_bundle'
    export_bundle(random_networks(config), folder, 'small', CALIBRATION, {'seed': 0})
    return folder
