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

"""Candidates: bounded, seeded, never without the obvious; and the shift of the last plan."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from point_world import ACTION, SPEED
import pytest

from jepa_ros.core.sampling import coloured, gaussian, obvious, shift
from jepa_ros.types import ActionSpec


def test_samples_lie_within_limits_and_where_asked(rng):
    mean = np.full((3, 2), 0.05, np.float32)
    knots = gaussian(rng, 4000, mean, np.full((3, 2), 0.05, np.float32), ACTION)
    assert knots.shape == (4000, 3, 2)
    assert knots.mean(axis=0) == pytest.approx(mean, abs=0.005)
    assert knots.std(axis=0) == pytest.approx(np.full((3, 2), 0.05), abs=0.005)
    wide = gaussian(rng, 500, mean, np.full((3, 2), 50.0, np.float32), ACTION)
    assert (np.abs(wide.astype(np.float64)) <= SPEED).all()


def test_the_same_seed_gives_the_same():
    mean = np.zeros((3, 2), np.float32)
    first, second = (gaussian(np.random.default_rng(5), 8, mean, mean + 1, ACTION)
                     for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize('horizon', [1, 2, 3, 4, 5, 16, 17])
@pytest.mark.parametrize('beta', [0.0, 1.0, 2.0, 4.0])
def test_coloured_noise_has_unit_variance_at_every_time(rng, horizon, beta):
    noise = coloured(rng, 20000, horizon, 2, beta)
    assert noise.shape == (20000, horizon, 2)
    assert noise.dtype == np.float32
    assert noise.var(axis=0) == pytest.approx(np.ones((horizon, 2)), rel=0.06)
    assert noise.mean(axis=0) == pytest.approx(np.zeros((horizon, 2)), abs=0.04)
    assert np.corrcoef(noise[:, 0, 0], noise[:, 0, 1])[0, 1] == pytest.approx(0.0, abs=0.04)


@pytest.mark.parametrize('horizon', [5, 8])
def test_noise_of_beta_zero_is_white(rng, horizon):
    noise = coloured(rng, 40000, horizon, 1, 0.0)[..., 0]
    assert np.cov(noise.T) == pytest.approx(np.eye(horizon), abs=0.03)


@pytest.mark.parametrize('beta', [0.0, 1.0, 2.0, 4.0])
def test_the_power_of_noise_falls_as_its_exponent_says(rng, beta):
    noise = coloured(rng, 20000, 17, 1, beta)[..., 0]
    power = np.square(np.abs(np.fft.rfft(noise, axis=1))).mean(axis=0)
    frequency = np.arange(1, 9)
    assert power[1:] / power[1] == pytest.approx(frequency ** -beta, rel=0.1)
    assert power[0] / power[1] == pytest.approx(1.0, rel=0.1)


def test_coloured_noise_is_seeded():
    first, second, other = (coloured(np.random.default_rng(seed), 5, 4, 2, 2.0)
                            for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_obvious_is_there():
    plans = obvious(3, ACTION)
    assert not plans[0].any()
    constant = {tuple(round(float(v), 3) for v in p[0]) for p in plans if (p == p[0]).all()}
    assert constant == {(x, y) for x in (-0.3, 0.0, 0.3) for y in (-0.3, 0.0, 0.3)}
    turn_then_go = np.array([[0, SPEED], [SPEED, 0], [SPEED, 0]], np.float32)
    assert any(np.allclose(p, turn_then_go) for p in plans)
    assert len(np.unique(plans.round(4), axis=0)) == len(plans)


def test_an_arm_of_seven_joints_has_no_corners():
    arm = ActionSpec(names=tuple('abcdefg'), units=('rad/s',) * 7, low=(-1.0,) * 7,
                     high=(1.0,) * 7, block=2, period_s=0.1)
    plans = obvious(2, arm)
    assert plans.shape == (1 + 14 + 14 * 12, 2, 7)
    assert (np.count_nonzero(plans, axis=2) <= 1).all()


@pytest.mark.parametrize('elapsed, expected', [
    (0.0, [1, 2, 4]), (1.0, [2, 4, 2]), (0.25, [1.25, 2.5, 3.5]), (2.0, [4, 2, 1]),
    (3.0, [2, 1, 0.5]), (1.5, [3, 3, 1.5])])
def test_shift(elapsed, expected):
    knots = np.array([[1], [2], [4]], np.float32)
    assert shift(knots, elapsed)[:, 0] == pytest.approx(expected)


@given(st.floats(0, 1e6), st.integers(1, 6))
def test_shift_stays_within_what_the_plan_spanned(elapsed, horizon):
    knots = np.random.default_rng(horizon).uniform(-1, 1, (horizon, 2)).astype(np.float32)
    out = shift(knots, elapsed)
    assert out.shape == knots.shape
    assert out.dtype == np.float32
    assert np.abs(out).max() <= np.abs(knots).max() + 1e-6


@pytest.mark.parametrize('elapsed', [-0.1, float('nan'), float('inf')])
def test_shift_refuses_no_time(elapsed):
    with pytest.raises(ValueError, match='elapsed_blocks is'):
        shift(np.zeros((2, 1), np.float32), elapsed)


def test_the_obvious_is_within_limits_that_leave_zero_out():
    low, high = (0.2, 0.3), (0.8, 0.9)
    plans = obvious(3, ActionSpec(names=('a', 'b'), units=('rad', 'rad'), low=low, high=high,
                                  block=2, period_s=0.1))
    assert (plans >= np.float32(low)).all()
    assert (plans <= np.float32(high)).all()
