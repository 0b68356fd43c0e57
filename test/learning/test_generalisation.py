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

"""What training tells of held-out drives while it trains."""

from dataclasses import replace

import numpy as np
import pytest
from square_model import SQUARE
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.generalisation import due, error_over_copy, known_and_new
from jepa_ros.learning.health import Health
from jepa_ros.learning.latents import encode_frames
from jepa_ros.learning.metrics import errors_by_horizon
from jepa_ros.learning.train import train_world_model
from jepa_ros.learning.train_config import TrainConfig

TRAIN = TrainConfig(steps=300, batch=64, episodes=4, rollout=2, learning_rate=3e-3, warmup=20,
                    directions=32, save_every=1000, bfloat16=False)


def fresh():
    """Return networks of a known seed."""
    torch.manual_seed(0)
    return Networks(SQUARE)


@pytest.mark.parametrize('history', [1, 2])
def test_it_is_the_error_of_all_latents(squares, history):
    torch.manual_seed(0)
    networks = Networks(replace(SQUARE, history=history)).eval()
    predicted, copied = errors_by_horizon(networks, squares, encode_frames(networks, squares), 3)
    found = error_over_copy(networks, squares, 3, most=0)
    assert found == pytest.approx(predicted[-1] / copied[-1], rel=1e-4)


def test_networks_and_random_numbers_stay_as_they_were(squares):
    networks = fresh()
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    state = torch.get_rng_state()
    networks.train()
    assert error_over_copy(networks, squares, 3) == error_over_copy(networks, squares, 3)
    assert networks.training
    assert networks.encoder.training
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in networks.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_where_no_episode_is_long_enough_nothing_is_told(squares):
    assert error_over_copy(fresh(), squares, 1000) is None
    short = replace(squares, last=np.arange(len(squares)), first=np.arange(len(squares)))
    assert known_and_new(fresh(), squares, short) == {}


@pytest.mark.parametrize('steps, often', [(5, 10), (200, 10), (2000, 100), (18000, 500)])
def test_it_is_seldom_looked_at_and_at_the_end(steps, often):
    looked = [step + 1 for step in range(steps) if due(step, steps)]
    assert looked == sorted({*range(often, steps + 1, often), steps})


def test_rows_tell_what_is_new_and_the_weights_are_the_same(squares, many_squares, tmp_path):
    config = replace(TRAIN, steps=25)
    networks, alone = fresh(), fresh()
    rows = list(train_world_model(networks, many_squares, config, tmp_path / 'a',
                                  held_out=squares))
    assert [int(r['step']) for r in rows if 'error_held_out' in r] == [9, 19, 24]
    found = known_and_new(networks, many_squares, squares)
    assert {name: rows[-1][name] for name in found} == found
    list(train_world_model(alone, many_squares, config, tmp_path / 'b'))
    for name, value in alone.state_dict().items():
        assert torch.equal(value, networks.state_dict()[name]), name


def test_drives_learnt_by_heart_are_named_while_it_trains(squares, many_squares, tmp_path):
    # every frame a pattern of its own: there is nothing to know of them but which came next
    rng = np.random.default_rng(0)

    def noise(episodes):
        frames = rng.integers(0, 256, episodes.frames.shape, dtype=np.uint8)
        return replace(episodes, frames=frames)

    few, others = noise(squares), noise(squares)
    rows = list(train_world_model(fresh(), few, TRAIN, tmp_path, held_out=others))
    assert rows[-1]['error_trained'] < 0.3
    assert rows[-1]['error_held_out'] > 0.7
    found = Health.of(TRAIN.steps).warnings(rows, SQUARE.width, TRAIN.clip, TRAIN.sigreg_weight)
    assert 'drives are learnt by heart, and longer training makes it worse' in found['by heart']
