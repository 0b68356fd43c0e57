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

"""The report: one picture, and the same figures as numbers."""

from dataclasses import replace
import json

import cv2
import numpy as np
import pytest
from small_bundle import random_networks, SMALL

from jepa_ros.learning.critic import CriticConfig, encode_all, train_critic
from jepa_ros.learning.metrics import effective_rank, errors_by_horizon
from jepa_ros.learning.report import FloorView, write_report
from jepa_ros.learning.train import train_world_model, TrainConfig


def test_report(squares, tmp_path, rng):
    config = replace(SMALL, low=(-1.0, -1.0), high=(1.0, 1.0))
    networks, control = random_networks(config), random_networks(config, seed=1)
    list(train_world_model(networks, squares, TrainConfig(
        steps=8, batch=16, episodes=4, directions=8, bfloat16=False), tmp_path))
    latents = encode_all(networks, squares)
    list(train_critic(networks, squares, latents, CriticConfig(steps=8, batch=16), tmp_path))
    view = FloorView(rng.integers(0, 256, (6, 2, 32, 32, 3), dtype=np.uint8),
                     rng.uniform(-1, 1, (6, 2)),
                     rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8),
                     rng.uniform(-1, 1, (2, 2)), 2.0)
    path = tmp_path / 'report.png'
    control_latents = encode_all(control, squares).clean
    figures = write_report(path, tmp_path, 'small', networks, control, (squares, latents),
                           (squares, latents), control_latents, view)
    image = cv2.imread(str(path))
    assert image.shape[0] > 400
    assert image.shape[1] > 1000
    assert image.std() > 20         # there is something on it

    figures = json.loads(json.dumps(figures))
    z = latents.clean.numpy()
    assert figures['effective_rank'] == pytest.approx(effective_rank(z))
    assert figures['std_min'] == pytest.approx(z.std(axis=0).min())
    assert figures['std_max'] == pytest.approx(z.std(axis=0).max())
    assert list(figures['probe_r2']) == ['x', 'y', 'cos yaw', 'sin yaw']
    predicted, copied = errors_by_horizon(networks, squares, latents.clean, 3)
    untrained, _ = errors_by_horizon(control, squares, control_latents, 3)
    for key, values in (('predicted', predicted), ('copy_last', copied),
                        ('untrained', untrained)):
        assert figures['error_by_horizon'][key] == pytest.approx(values)
