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

"""What holds for each search, where the best answer is known."""

import numpy as np
import pytest
from quadratic import BOX, minimise, PATIENT, quadratic

from jepa_ros.config import PlannerConfig
from jepa_ros.core.cem import CrossEntropy
from jepa_ros.core.icem import ImprovedCrossEntropy
from jepa_ros.core.mppi import PathIntegral
from jepa_ros.core.sampling import obvious

pytestmark = pytest.mark.parametrize(
    'search_class', [CrossEntropy, ImprovedCrossEntropy, PathIntegral])
MEAN = np.array([[0.5, -0.5], [0.25, 0.0], [0.0, 2.0]], np.float32)


def begin(search_class, config=PATIENT, mean=MEAN, seed=0):
    return search_class(BOX, config, mean, np.random.default_rng(seed))


@pytest.mark.parametrize('seed', range(3))
def test_a_quadratic_inside_the_limits(search_class, seed):
    target = [[0.3, -0.7], [0.0, 0.55], [-0.2, 0.1]]
    search = minimise(search_class, quadratic(target), seed)
    assert search.best == pytest.approx(np.array(target), abs=0.02)
    assert search.best_cost < 1e-3


def test_a_quadratic_outside_the_limits_ends_on_them(search_class):
    search = minimise(search_class, quadratic([[3.0, -0.5], [0.2, -7.0], [1.5, 1.5]]))
    assert search.best == pytest.approx(
        np.array([[1.0, -0.5], [0.2, -1.0], [1.0, 1.0]]), abs=0.02)
    assert np.abs(search.best).max() <= 1.0


def test_a_million_times_the_cost_makes_no_difference(search_class):
    target = [[0.3, -0.7], [0.0, 0.55], [-0.2, 0.1]]
    config = PlannerConfig(candidates=50, elites=5, iterations=4)
    one = minimise(search_class, quadratic(target), config=config)
    million = minimise(search_class, lambda k: 2.0**20 * quadratic(target)(k), config=config)
    assert million.best == pytest.approx(one.best, abs=1e-5)


def test_the_same_seed_asks_the_same(search_class):
    def asked(seed):
        search = begin(search_class, seed=seed)
        for _ in range(3):
            knots = search.ask()
            search.tell(knots, quadratic(np.zeros((3, 2)))(knots))
        return search.ask(last=True)

    assert np.array_equal(asked(4), asked(4))
    assert not np.array_equal(asked(4), asked(5))


def test_it_begins_with_the_mean_and_the_obvious(search_class):
    knots = begin(search_class).ask()
    assert np.array_equal(knots[0], np.clip(MEAN, -1.0, 1.0))
    expected = obvious(3, BOX)
    assert np.array_equal(knots[1:1 + len(expected)], expected)


@pytest.mark.parametrize('candidates', [2, 3, 20, 300])
def test_candidates_lie_within_limits(search_class, candidates):
    config = PlannerConfig(candidates=candidates, elites=1, init_std=3.0, shrink=1.0)
    search = begin(search_class, config)
    for i in range(4):
        knots = search.ask(last=i == 3)
        assert knots.shape == (candidates, 3, 2)
        assert knots.dtype == np.float32
        assert np.abs(knots).max() <= 1.0
        search.tell(knots, quadratic(np.full((3, 2), 9.0))(knots))


def test_the_best_told_is_kept_whatever_comes_later(search_class):
    search = begin(search_class)
    knots = search.ask()
    costs = np.arange(10.0, 210.0)
    costs[7] = 1.0
    assert search.tell(knots, costs) == 7
    best = knots[7].copy()
    later = search.ask()
    assert search.tell(later, np.full(len(later), 5.0)) is None
    assert np.array_equal(search.best, best)
    assert np.array_equal(search.kept[0], best)
    assert search.best_cost == 1.0


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_a_cost_that_is_not_finite_never_wins(search_class, bad):
    search = begin(search_class)
    knots = search.ask()
    costs = np.full(200, bad)
    assert search.tell(knots, costs) is None
    assert search.best_cost == np.inf
    knots = search.ask()
    assert len(knots) == 200
    costs[11] = 4.0
    assert search.tell(knots, costs) == 11
    assert np.isfinite(search.ask(last=True)).all()
    assert np.isfinite(search.kept).all()
