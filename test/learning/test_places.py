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

"""False places are counted where odometry knows better, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.places import false_places

CONFIG = ModelConfig(image_px=32, width=4, channels=(4, 4), encoder_hidden=8, predictor_hidden=8,
                     critic_hidden=8, block=5)


@pytest.fixture
def drives():
    """Return four drives to and fro along 2 m; a latent is where it is."""
    x = np.tile(np.abs((np.arange(400) % 200) - 100) / 50, 4)
    poses = np.stack([x, 0 * x, 0 * x], axis=1).astype(np.float32)
    first = np.repeat(np.arange(4) * 400, 400)
    z = torch.from_numpy(np.stack([x, 0 * x, 0 * x, 0 * x], axis=1).astype(np.float32))
    return Episodes(np.zeros((1600, 1, 1, 3), np.uint8), np.zeros((1600, 2), np.float32), poses,
                    first, first + 399), z


class Away(torch.nn.Module):
    """A critic that knows how far away a goal is, up to a period after which all repeats."""

    def __init__(self, period):
        super().__init__()
        self.period = period

    def forward(self, latents, goal):
        away = (latents[:, -1, 0] - goal[:, 0]).abs() % self.period
        return torch.minimum(away, self.period - away)


@pytest.mark.parametrize('period, low, high', [
    (50.0, 0.0, 0.0), (0.8, 0.99, 1.0), (1.6, 0.3, 0.9)])
def test_places_that_seem_the_same_are_counted(drives, period, low, high):
    episodes, z = drives
    networks = Networks(CONFIG)
    networks.critic = Away(period)
    share = false_places(networks, episodes, z)
    assert low <= share <= high


def test_without_odometry_or_a_second_visit_nothing_is_said(drives):
    episodes, z = drives
    networks = Networks(CONFIG)
    networks.critic = Away(50.0)
    blind = replace(episodes, poses=np.full_like(episodes.poses, np.nan))
    assert false_places(networks, blind, z) is None
    turned = episodes.poses.copy()
    turned[:, 2] = np.arange(len(episodes)) // 100      # never again the same way
    assert false_places(networks, replace(episodes, poses=turned), z) is None
