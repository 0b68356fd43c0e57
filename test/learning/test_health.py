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


"""Warnings name what is really wrong, and stay silent where nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from square_model import SQUARE
import torch

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.health import FLAT_STD, Health, spread, Watch
from jepa_ros.learning.metrics import effective_rank
from jepa_ros.learning.train import train_world_model
from jepa_ros.learning.train_config import TrainConfig

TRAIN = TrainConfig(steps=200, batch=64, episodes=4, rollout=2, learning_rate=3e-3, warmup=20,
                    directions=32, save_every=1000, bfloat16=False)
GOOD = {'next_latent': 0.1, 'copy_last': 1.0, 'sigreg': 1.2, 'gradient_norm': 0.5, 'flat': 0.0,
        'std_median': 0.9, 'rank': 6.0}


def trained(episodes, config, folder):
    """Return the causes found while training, in the order in which they showed."""
    torch.manual_seed(0)
    watch = Watch(Health.of(config.steps), SQUARE.width, config.clip, config.sigreg_weight)
    said = []
    for row in train_world_model(Networks(SQUARE), episodes, config, folder):
        said += watch.see(row)
    assert said == list(watch.found.values())
    return watch.found


def test_a_healthy_run_is_left_in_peace(squares, tmp_path):
    assert trained(squares, TRAIN, tmp_path) == {}


def test_without_sigreg_the_collapse_is_named(squares, tmp_path):
    found = trained(squares, replace(TRAIN, sigreg_weight=0.0), tmp_path)
    assert 'of 8 dimensions is below 0.05 after ' in found['collapse']
    assert 'raise train.sigreg_weight (0)' in found['collapse']


def test_actions_of_other_moments_are_named(many_squares, tmp_path):
    order = np.random.default_rng(0).permutation(len(many_squares))
    shuffled = replace(many_squares, actions=many_squares.actions[order])
    found = trained(shuffled, TRAIN, tmp_path)
    assert list(found) == ['actions']
    assert 'check the action topic and the clock offset' in found['actions']


@pytest.mark.parametrize('change, cause, words', [
    ({}, None, ''),
    ({'flat': 3.0}, 'collapse', 'std of 3 of 8 dimensions is below 0.05 after 20 steps'),
    ({'flat': 2.0}, None, ''),
    ({'rank': 0.7}, 'rank', 'effective rank is 0.7 of 8 after 20 steps, limit 0.8'),
    ({'sigreg': 50.0}, 'sigreg', 'SIGReg is 50.0 after 20 steps, limit 21'),
    ({'next_latent': 0.9}, 'actions', r'no better than copy-last after 20 steps (0.9 against 1'),
    ({'error_held_out': 0.51, 'error_trained': 0.25}, 'by heart',
     "error at the horizon is 0.51 of copy-last's after 20 steps (limit 0.5), of those trained"),
    ({'error_held_out': 0.51, 'error_trained': 0.26}, None, ''),
    ({'error_held_out': 0.49, 'error_trained': 0.01}, None, ''),
    ({'gradient_norm': 21.0}, 'gradient', 'gradient norm is 21 after 20 steps and clipped to 1'),
])
def test_each_limit(change, cause, words):
    watch = Watch(Health(window=10, patience=20), 8, 1.0, 0.09)
    said = [watch.see({'step': step, **GOOD, **change}) for step in range(40)]
    assert sum(map(len, said)) == (1 if cause else 0)       # said once
    assert list(watch.found) == ([cause] if cause else [])
    if cause:
        assert words in watch.found[cause]
        assert said[19] == [watch.found[cause]]             # and not before there is patience
    rows = [{'step': step, **GOOD, **change} for step in range(40)]
    assert Health(10, 20).warnings(rows, 8, 1.0, 0.09) == watch.found


def test_a_few_odd_steps_are_no_cause():
    watch = Watch(Health(window=10, patience=20), 8, 1.0, 0.09)
    for step in range(60):
        odd = {'gradient_norm': 1e4, 'flat': 8.0, 'next_latent': 5.0} if step % 3 == 0 else {}
        assert watch.see({'step': step, **GOOD, **odd}) == []


def test_a_frozen_encoder_is_judged_by_its_predictions_only():
    rows = [{'step': step, 'next_latent': 0.9, 'copy_last': 1.0, 'sigreg': 0.0,
             'gradient_norm': 0.1} for step in range(30)]
    assert list(Health(10, 20).warnings(rows, 8, 1.0, 0.09)) == ['actions']


def test_spread_is_what_it_says():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(400, 6, generator=generator) * torch.tensor([1.0, 1.0, 1.0, 2.0, 0.01, 0.02])
    z = z - z.mean(dim=0)
    found = spread(z)
    assert found['flat'] == 2.0
    assert FLAT_STD == 0.05
    assert found['std_median'] == pytest.approx(z.std(dim=0, correction=0).median().item())
    assert found['rank'] == pytest.approx(effective_rank(z.numpy()), rel=1e-4)
    assert spread(torch.zeros(10, 3))['flat'] == 3.0
