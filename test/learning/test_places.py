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

    def __init__(self, period, whereabouts=None):
        super().__init__()
        self.period, self.whereabouts = period, whereabouts

    def judge(self, latents, goal):
        away = (latents[:, -1, 0] - goal[:, 0]).abs() % self.period
        told = None if self.whereabouts is None else self.whereabouts(latents, goal)
        return torch.minimum(away, self.period - away), told


class Told(torch.nn.Module):
    """Where a goal lies: ahead by the difference, all of it or a part, surely or not."""

    def __init__(self, part, error_m):
        super().__init__()
        self.part, self.error_m = part, error_m

    def forward(self, latents, goal):
        told = torch.zeros(len(goal), 6)
        told[:, 0] = self.part * (goal[:, 0] - latents[:, -1, 0])
        told[:, 2], told[:, 4] = 1.0, float(np.log(self.error_m))
        return told


@pytest.mark.parametrize('period, low, high', [
    (50.0, 0.0, 0.0), (0.8, 0.5, 0.75), (1.6, 0.1, 0.4)])
def test_places_that_seem_the_same_are_counted(drives, period, low, high):
    episodes, z = drives
    networks = Networks(CONFIG)
    networks.critic = Away(period)
    share = false_places(networks, episodes, z, 0.05)
    assert low <= share <= high


@pytest.mark.parametrize('part, error_m, low, high', [
    (1.0, 0.03, 0.0, 0.0),      # it knows
    (0.2, 0.03, 0.5, 0.8),      # 0.7 m away is 0.14 m to it, and so it counts
    (0.2, 0.3, None, None),     # nothing counts: it says that it does not know
])
def test_where_a_goal_is_told_to_lie_counts_too(drives, part, error_m, low, high):
    episodes, z = drives
    networks = Networks(CONFIG)
    networks.critic = Away(50.0, Told(part, error_m))
    share = false_places(networks, episodes, z, 0.0)
    assert share is None if low is None else low <= share <= high


def test_without_odometry_or_a_second_visit_nothing_is_said(drives):
    episodes, z = drives
    networks = Networks(CONFIG)
    networks.critic = Away(50.0)
    blind = replace(episodes, poses=np.full_like(episodes.poses, np.nan))
    assert false_places(networks, blind, z, 0.05) is None
    turned = episodes.poses.copy()
    turned[:, 2] = np.arange(len(episodes)) // 100      # never again the same way
    assert false_places(networks, replace(episodes, poses=turned), z, 0.05) is None
