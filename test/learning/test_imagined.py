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

"""What the predictor imagines for the critic: goals some blocks away, and what lies beyond one."""

from dataclasses import replace

from corridor import (
    BLOCK,
    certain,
    CONFIG,
    corridor_data,
    cost,
    fresh,
    latents_at,
    LENGTH,
    SPEED,
    TRAIN,
)
import numpy as np
import pytest
import torch

from jepa_ros.learning.critic import train_critic
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.imagined import imagine, Lookahead
from jepa_ros.learning.latents import Latents


@pytest.fixture(scope='module')
def data():
    """Return the corridor and its latents."""
    return corridor_data()


class Walk(torch.nn.Module):
    """A predictor that knows the corridor both ways; the first action is the speed in it."""

    def forward(self, latents, before, block):
        self.block = block
        place = (latents[:, -1, 4] * LENGTH).numpy() + block[:, :, 0].sum(dim=1).numpy()
        return latents_at(np.clip(place, 0.0, LENGTH))


def walking(**config):
    """Return networks whose predictor is Walk, for actions as fast as the drives."""
    networks = fresh(replace(CONFIG, low=(-SPEED, -1.0), high=(SPEED, 1.0), **config))
    networks.predictor = Walk()
    return networks


def test_imagined_goals_cost_the_share_of_a_block_that_they_take(data):
    episodes, latents = data
    networks, rows = walking(), np.arange(0, len(episodes), 7)
    goal, cost = imagine(networks, episodes, latents, rows, 1, np.random.default_rng(0))
    command = networks.predictor.block / torch.tensor([SPEED, 1.0])
    assert bool((command == command[:, :1]).all())      # one, throughout
    command = command[:, 0]
    np.testing.assert_allclose(command.abs().amax(dim=1), cost, rtol=1e-5)
    assert 0.1 <= float(cost.min()) < 0.15
    assert 0.95 < float(cost.max()) <= 1.0
    alone = (command == 0.0).any(dim=1).float().mean()
    assert 0.4 < float(alone) < 0.6
    for axis in range(2):
        assert float((command[:, axis] > 0.0).float().mean()) > 0.3
        assert float((command[:, axis] < 0.0).float().mean()) > 0.3
    went = (goal[:, 4] - latents.clean[rows, 4]) * LENGTH / (SPEED * BLOCK)
    inside = (goal[:, 4] > 0.0) & (goal[:, 4] < 1.0)
    np.testing.assert_allclose(went[inside], command[inside, 0], atol=1e-3)


class Odometer(torch.nn.Module):
    """A predictor whose latents are a row's number and how much of either action there was."""

    def forward(self, latents, before, block):
        assert latents.shape[1] == before.shape[1] == 2
        torch.testing.assert_close(latents[:, -1, 1:3] - latents[:, -2, 1:3],
                                   before[:, -1].sum(dim=1))
        led = latents[:, -1].clone()
        led[:, 1:3] += block.sum(dim=1)
        return led


def test_imagined_goals_are_some_blocks_away(data):
    """What was done before each block is what had led there, the drive's own or imagined."""
    episodes = replace(data[0], actions=np.random.default_rng(1).normal(
        size=(len(data[0]), 2)).astype(np.float32))
    z = np.zeros((len(episodes), CONFIG.width), np.float32)
    z[:, 0] = np.arange(len(z))
    z[1:, 1:3] = np.cumsum(episodes.actions[:-1], axis=0, dtype=np.float64)
    z -= z[episodes.first] * (np.arange(CONFIG.width) > 0)
    z = torch.from_numpy(z)
    latents = Latents(z, z, z[:, None].expand(-1, 3, -1))
    networks = walking(history=2)
    networks.predictor = Odometer()
    rows = np.flatnonzero(np.arange(len(z)) - episodes.first >= 2 * BLOCK)
    goal, cost = imagine(networks, episodes, latents, rows, 3, np.random.default_rng(0))
    assert goal[:, 0].tolist() == rows.tolist()
    moved = ((goal[:, 1:3] - z[rows, 1:3]) / BLOCK / torch.tensor([SPEED, 1.0])).abs()
    assert bool((moved.amax(dim=1) <= cost + 1e-2).all())     # there and back costs more
    assert float(cost.min()) < 0.15
    assert 2.7 < float(cost.max()) <= 3.0
    assert abs(float(cost.mean()) - 2 * 0.55) < 0.05


@pytest.fixture(scope='module')
def upwards():
    """Return drives that all go up the corridor, and their latents."""
    n = 121
    places = np.concatenate([np.minimum(start + SPEED * np.arange(n), LENGTH)
                             for start in np.random.default_rng(0).uniform(0, 6, 30)])
    first = np.repeat(np.arange(30) * n, n)
    episodes = Episodes(np.zeros((len(places), 1, 1, 3), np.uint8),
                        np.zeros((len(places), 2), np.float32),
                        np.zeros((len(places), 3), np.float32), first, first + n - 1)
    return episodes, certain(latents_at(places))


def test_what_is_imagined_teaches_what_no_drive_shows(upwards, tmp_path):
    """That the corridor can be gone down the predictor alone knows: a block, and more of them."""
    at = np.linspace(4.0, 8.0, 9)
    down = {}
    for name, config in (('seen', {}), ('goals', {'imagined': 0.3}),
                         ('lookahead', {'imagined': 0.3, 'lookahead': 0.5})):
        networks = walking()
        list(train_critic(networks, *upwards, replace(TRAIN, **config), tmp_path / name))
        down[name] = {blocks: cost(networks.critic, at, at - 0.5 * blocks).mean()
                      for blocks in (1, 6)}
    assert down['seen'][1] > 9.0, down
    assert down['goals'][1] < 3.0, down
    assert down['goals'][6] > 9.0, down
    assert down['lookahead'][1] < 2.0, down
    assert 4.0 < down['lookahead'][6] < 11.0, down


def test_lookahead_takes_the_best_of_what_was_imagined(upwards):
    """The critic here knows the corridor: what is left is the distance in blocks."""
    episodes, latents = upwards
    networks = walking()

    def blocks_left(window, goal):
        assert window.shape[1:] == (1, CONFIG.width)
        return (window[:, -1, 4] - goal[:, 4]).abs() * LENGTH / (SPEED * BLOCK)

    rows = np.arange(0, len(episodes), 50)
    goals = latents.clean[rows[::-1].copy()]
    far = (latents.clean[rows, 4] - goals[:, 4]).abs() * LENGTH / (SPEED * BLOCK)
    known = episodes.starts(BLOCK, 1, after=0)
    found = {count: Lookahead(networks, episodes, latents, known, count,
                              np.random.default_rng(0)).costs(blocks_left, rows, goals)
             for count in (1, 64)}
    assert bool((found[64] >= 1.0).all())
    assert bool((found[64] >= far - 1e-3).all())        # a block cannot bring it nearer than one
    assert float((found[64] - far.clamp(min=1.0)).median()) < 0.1
    assert float((found[1] - found[64]).mean()) > 0.3


def test_lookahead_knows_rows_whose_past_is_known(upwards):
    episodes, latents = upwards
    cut = replace(episodes, at_rest=np.zeros(len(episodes), bool))
    networks = walking(history=2)
    ahead = Lookahead(networks, cut, latents, cut.starts(BLOCK, 2, after=0), 2,
                      np.random.default_rng(0))
    np.testing.assert_array_equal(ahead.known, np.arange(len(cut)) - cut.first >= 2 * BLOCK)

    def newest_is_imagined(window, goal):
        known = latents.clean[np.flatnonzero(ahead.known)[[3, 3, 90, 90]]]
        torch.testing.assert_close(window[:, 0], known)
        assert bool((window[:, 1] != known).any(dim=1).all())
        return torch.zeros(len(window))

    rows = np.flatnonzero(ahead.known)[[3, 90]]
    assert ahead.costs(newest_is_imagined, rows, latents.clean[rows]).tolist() == [1.0, 1.0]
