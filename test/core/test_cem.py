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

"""The cross-entropy method where the best answer is known."""

import numpy as np
import pytest
from quadratic import BOX, minimise, PATIENT, quadratic

from jepa_ros.config import PlannerConfig
from jepa_ros.core.cem import CrossEntropy


@pytest.mark.parametrize('seed', range(3))
def test_a_quadratic_inside_the_limits(seed):
    target = [[0.3, -0.7], [0.0, 0.55], [-0.2, 0.1]]
    search = minimise(CrossEntropy, quadratic(target), seed)
    assert search.best == pytest.approx(np.array(target), abs=0.02)
    assert search.best_cost < 1e-3


def test_a_quadratic_outside_the_limits_ends_on_them():
    search = minimise(CrossEntropy, quadratic([[3.0, -0.5], [0.2, -7.0], [1.5, 1.5]]))
    assert search.best == pytest.approx(
        np.array([[1.0, -0.5], [0.2, -1.0], [1.0, 1.0]]), abs=0.02)
    assert np.abs(search.best).max() <= 1.0


@pytest.mark.parametrize('seed', range(5))
def test_of_two_ways_round_an_obstacle_the_shorter_is_found(seed):
    # straight on is blocked; the way by b > 0 ends at 0.2, the one by b < 0 at 0
    def cost(knots):
        side = knots[:, :, 1].mean(axis=1)
        way = np.minimum(np.square(side - 0.6) + 0.2, np.square(side + 0.6))
        return way + 5.0 * (np.abs(side) < 0.3)

    search = minimise(CrossEntropy, cost, seed)
    assert search.best[:, 1].mean() == pytest.approx(-0.6, abs=0.05)
    assert search.best_cost < 0.01


def test_the_best_told_is_kept_whatever_comes_later():
    search = CrossEntropy(BOX, PATIENT, np.zeros((3, 2), np.float32), np.random.default_rng(0))
    knots = search.ask()
    costs = np.arange(10.0, 210.0)
    costs[7] = 1.0
    assert search.tell(knots, costs) == 7
    best = knots[7].copy()
    later = search.ask()
    assert any(np.array_equal(k, best) for k in later)
    assert search.tell(later, np.full(200, 5.0)) is None
    assert np.array_equal(search.best, best)
    assert search.best_cost == 1.0


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_a_cost_that_is_not_finite_never_wins(bad):
    search = CrossEntropy(BOX, PATIENT, np.zeros((3, 2), np.float32), np.random.default_rng(0))
    knots = search.ask()
    costs = np.full(200, bad)
    assert search.tell(knots, costs) is None
    costs[11] = 4.0
    assert search.tell(knots, costs) == 11
    assert np.isfinite(search.ask()).all()


@pytest.mark.parametrize('candidates', [2, 3, 20, 300])
def test_there_are_as_many_candidates_as_asked_for(candidates):
    config = PlannerConfig(candidates=candidates, elites=1)
    search = CrossEntropy(BOX, config, np.zeros((3, 2), np.float32), np.random.default_rng(0))
    for _ in range(3):
        knots = search.ask()
        assert knots.shape == (candidates, 3, 2)
        assert knots.dtype == np.float32
        assert np.abs(knots).max() <= 1.0
        search.tell(knots, quadratic(np.zeros((3, 2)))(knots))
