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

"""MPPI: weights worked out by hand."""

import numpy as np
import pytest
from quadratic import BOX

from jepa_ros.config import PlannerConfig
from jepa_ros.core.mppi import PathIntegral, weights

# standard deviation 3
PAIR = np.array([1.0, 7.0])


def test_two_costs_by_hand():
    # one is two standard deviations above the other: 1 to exp(-2 / temperature)
    for temperature in (0.5, 1.0, 10.0):
        other = np.exp(-2 / temperature)
        assert weights(PAIR, temperature) == pytest.approx(np.array([1, other]) / (1 + other))


def test_four_costs_by_hand():
    # 3, 3, 5, 5: standard deviation 1, so two shares of exp(-2) beside two of 1 at temperature 1
    share = 1 / (2 + 2 * np.exp(-2))
    expected = np.array([share, share * np.exp(-2), share, share * np.exp(-2)])
    assert weights(np.array([3.0, 5.0, 3.0, 5.0]), 1.0) == pytest.approx(expected)


@pytest.mark.parametrize('factor, offset', [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e3), (1.0, -50.0)])
def test_weights_do_not_depend_on_the_unit_of_cost(factor, offset):
    costs = np.random.default_rng(0).uniform(0, 5, 40)
    assert weights(factor * costs + offset, 0.3) == pytest.approx(weights(costs, 0.3), rel=1e-4)


def test_equal_costs_weigh_the_same_and_a_low_temperature_takes_the_best():
    assert weights(np.full(5, 3.0, np.float32), 0.1) == pytest.approx(np.full(5, 0.2))
    assert weights(np.array([2.0]), 0.1) == pytest.approx([1.0])
    assert weights(np.array([2.0, 1.0, 3.0]), 0.001) == pytest.approx([0.0, 1.0, 0.0])
    assert weights(np.array([2.0, 1.0, 3.0]), 1000.0) == pytest.approx(np.full(3, 1 / 3), rel=0.01)


def test_the_next_mean_is_the_weighted_mean_and_is_tried():
    config = PlannerConfig(candidates=2, elites=1, temperature=2 / np.log(3))
    search = PathIntegral(BOX, config, np.zeros((1, 2), np.float32), np.random.default_rng(0))
    knots = np.array([[[0.8, 0.0]], [[0.0, -0.4]]], np.float32)
    # shares 3/4 and 1/4
    search.tell(knots, PAIR)
    assert search.ask(last=True)[0] == pytest.approx(np.array([[0.6, -0.1]]), abs=1e-6)


def test_what_is_not_finite_has_no_weight():
    config = PlannerConfig(candidates=3, elites=1, temperature=2 / np.log(3))
    search = PathIntegral(BOX, config, np.zeros((1, 2), np.float32), np.random.default_rng(0))
    knots = np.array([[[1.0, 1.0]], [[0.8, 0.0]], [[0.0, -0.4]]], np.float32)
    search.tell(knots, np.array([-np.inf, *PAIR]))
    assert search.ask()[0] == pytest.approx(np.array([[0.6, -0.1]]), abs=1e-6)


def test_it_looks_closer_each_time_but_never_below_the_least():
    config = PlannerConfig(candidates=2000, init_std=0.3, min_std=0.1)
    search = PathIntegral(BOX, config, np.zeros((3, 2), np.float32), np.random.default_rng(0))
    spreads = []
    for _ in range(8):
        knots = search.ask()
        spreads.append(knots[100:].std())
        search.tell(knots, np.zeros(2000))
    assert spreads[:3] == pytest.approx([0.3, 0.21, 0.147], rel=0.03)
    assert spreads[-2:] == pytest.approx([0.1, 0.1], rel=0.03)
