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

"""Figures that can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.latents import Latents
from jepa_ros.learning.metrics import (
    ARRIVAL_STEPS,
    calibrate,
    effective_rank,
    errors_by_horizon,
    motion,
    pose_targets,
    probe_r2,
)


def test_effective_rank(rng):
    assert effective_rank(rng.standard_normal((20000, 8))) == pytest.approx(8.0, rel=0.01)
    line = rng.standard_normal((500, 1)) * np.arange(1.0, 9.0)
    assert effective_rank(line) == pytest.approx(1.0, abs=1e-3)
    assert effective_rank(line + 100.0) == pytest.approx(1.0, abs=1e-3)
    plane = np.zeros((4, 8))
    plane[0, 0], plane[1, 0], plane[2, 5], plane[3, 5] = 1, -1, 1, -1
    assert effective_rank(plane) == pytest.approx(2.0)


def test_probe_is_exact_on_linear_data_and_nought_on_noise(rng):
    z, z_test = rng.standard_normal((2000, 6)), rng.standard_normal((500, 6))
    weights = rng.standard_normal((6, 2))

    def answer(latents):
        return np.column_stack([latents @ weights + 3.0,
                                rng.standard_normal(len(latents))])

    r2 = probe_r2(z, answer(z), z_test, answer(z_test))
    assert (r2[:2] > 0.999).all()
    assert abs(r2[2]) < 0.05


def test_half_of_the_variance_is_half_of_r2(rng):
    z, z_test = rng.standard_normal((20000, 1)), rng.standard_normal((20000, 1))
    y = z + rng.standard_normal(z.shape)
    y_test = z_test + rng.standard_normal(z.shape)
    assert probe_r2(z, y, z_test, y_test)[0] == pytest.approx(0.5, abs=0.02)


def test_pose_targets():
    np.testing.assert_allclose(pose_targets(np.array([[1.0, 2.0, np.pi / 2]])),
                               [[1.0, 2.0, 0.0, 1.0]], atol=1e-12)


class Drift(torch.nn.Module):
    """Predict a latent moved by so much."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, latents, before, block):
        return latents[:, -1] + self.by


@pytest.fixture
def marching(squares):
    """Return networks, and latents that go up by one a row, so by three a block."""
    networks = Networks(ModelConfig(image_px=32, channels=(4, 4), width=2, block=3))
    z = torch.arange(len(squares), dtype=torch.float32)[:, None].expand(-1, 2).contiguous()
    return networks.eval(), z


def test_errors_by_horizon(marching, squares):
    networks, z = marching
    scale = float(z.var(dim=0).mean())
    networks.predictor = Drift(3.0)
    predicted, copied = errors_by_horizon(networks, squares, z, 3)
    np.testing.assert_allclose(predicted, 0.0)
    np.testing.assert_allclose(copied, np.array([9.0, 36.0, 81.0]) / scale, rtol=1e-5)
    networks.predictor = Drift(2.0)     # one short a block, and it adds up
    predicted, _ = errors_by_horizon(networks, squares, z, 3)
    np.testing.assert_allclose(predicted, np.array([1.0, 4.0, 9.0]) / scale, rtol=1e-5)


def test_calibration_is_measured_where_the_robot_moves(marching, squares):
    networks, z = marching

    class Apart(torch.nn.Module):
        """Tell how far apart two latents are."""

        def forward(self, latents, goal):
            return (goal - latents[:, -1]).abs().mean(dim=1)

    networks.critic = Apart()
    # one-block predictions: off by 1 in one row of ten, exact elsewhere
    predicted = z[:, None].clone()
    later = squares.rows(before=3, after=0)
    predicted[later[::10], 0] += 1.0
    found = calibrate(networks, squares, Latents(z, z, predicted))
    assert found.arrival_cost == pytest.approx(ARRIVAL_STEPS)
    assert found.arrival_distance == pytest.approx(ARRIVAL_STEPS ** 2)
    assert found.surprise == pytest.approx((0.0, 1.0, 1.0))


def test_an_arm_that_stands_at_an_angle_does_not_move(squares):
    actions = squares.actions.copy()
    actions[:] = 0.8
    actions[1::10, 0] = 0.9
    moves = motion(replace(squares, actions=actions), (-1.0, -1.0), (1.0, 1.0), ('rad', 'rad'))
    assert moves.max() == pytest.approx(1.0)
    assert (moves > 0.0).any(axis=1).mean() < 0.25
    assert not moves[:, 1].any()


@pytest.mark.parametrize('at_rest', [True, False])
def test_of_a_drive_only_what_has_a_past_is_measured(squares, at_rest):
    networks = Networks(ModelConfig(image_px=32, channels=(4, 4), width=2, block=3, history=3))
    networks.eval()
    z = torch.arange(len(squares), dtype=torch.float32)[:, None].expand(-1, 2).contiguous()
    pasts = []

    class Sees(torch.nn.Module):
        """Keep how far apart the latents are that it is shown."""

        def forward(self, latents, *others):
            pasts.append(latents.diff(dim=1)[..., 0])
            return latents[:, -1] + 3.0 if len(others) == 2 else latents[:, -1, 0]

    networks.predictor = networks.critic = Sees()
    episodes = replace(squares, at_rest=np.full(len(squares), at_rest))
    errors_by_horizon(networks, episodes, z, 2)
    assert bool((torch.cat(pasts) == 3.0).all()) is not at_rest
    pasts.clear()
    # an expectation counts where there was one: after three blocks and the one expected
    predicted = z[:, None].clone()
    predicted[np.arange(len(squares)) - squares.first < 12] += 1.0
    found = calibrate(networks, episodes, Latents(z, z, predicted))
    assert bool((torch.cat(pasts) == 3.0).all()) is not at_rest
    assert found.surprise[2] == (1.0 if at_rest else 0.0)


def test_held_out_episodes_without_a_past_are_refused(squares):
    networks = Networks(ModelConfig(image_px=32, channels=(4, 4), width=2, block=10, history=6))
    episodes = replace(squares, at_rest=np.zeros(len(squares), bool))
    z = torch.zeros(len(squares), 2)
    with pytest.raises(ValueError, match='no held-out episode has 71 frames, as many as 7 blocks '
                                         'of 10 actions need'):
        calibrate(networks.eval(), episodes, Latents(z, z, z[:, None]))
