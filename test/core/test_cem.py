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

from itertools import count, pairwise

import numpy as np
from point_world import ACTION, BLOCK_LENGTH, PointModel, SPEED
import pytest

from jepa_ros.config import PlannerConfig
from jepa_ros.core.cem import action_rate, Cem, CrossEntropy
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.types import ActionSpec

BOX = ActionSpec(names=('a', 'b'), units=('1', '1'), low=(-1.0, -1.0), high=(1.0, 1.0), block=1,
                 period_s=0.1)
PATIENT = PlannerConfig(candidates=200, elites=20, iterations=30, min_std=0.001)


def minimise(cost, seed=0, config=PATIENT, horizon=3):
    """Search for the knots (H, 2) of least ``cost``; return the search."""
    search = CrossEntropy(BOX, config, np.zeros((horizon, 2), np.float32),
                          np.random.default_rng(seed))
    for _ in range(config.iterations):
        knots = search.ask()
        search.tell(knots, cost(knots))
    return search


def quadratic(target):
    return lambda knots: np.square(knots - np.asarray(target, np.float32)).sum(axis=(1, 2))


@pytest.mark.parametrize('seed', range(3))
def test_a_quadratic_inside_the_limits(seed):
    target = [[0.3, -0.7], [0.0, 0.55], [-0.2, 0.1]]
    search = minimise(quadratic(target), seed)
    assert search.best == pytest.approx(np.array(target), abs=0.02)
    assert search.best_cost < 1e-3


def test_a_quadratic_outside_the_limits_ends_on_them():
    search = minimise(quadratic([[3.0, -0.5], [0.2, -7.0], [1.5, 1.5]]))
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

    search = minimise(cost, seed)
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


def test_action_rate_counts_changes_in_ranges():
    knots = np.array([[[1, 0], [-1, 0], [-1, 0]], [[0, 0], [0, 0], [0, 0]]], np.float32)
    rate = action_rate(knots, np.array([1, 0], np.float32), BOX)
    assert rate == pytest.approx([1.0, 0.25])


# -- the planner on the point's exact model

START = np.array([[[0.5, 0.5]]], np.float32)
STILL = np.zeros((1, 5, 2), np.float32)
ZERO = np.zeros(2, np.float32)


def plan(cem, model, goal, start_s=0.0, seed=0, clock=lambda: 0.0):
    return cem.plan(model, START, STILL, np.array([goal], np.float32), ZERO, start_s,
                    np.random.default_rng(seed), clock)


def test_a_plan_leads_to_the_goal_and_says_so():
    model = PointModel()
    found = plan(Cem(model.spec, PlannerConfig(iterations=10)), model, [0.8, 0.4])
    assert found.blocks.shape == (4, 5, 2)
    assert (found.blocks == found.blocks[:, :1]).all()
    assert np.abs(found.blocks.astype(np.float64)).max() <= SPEED
    end = START[0, 0] + found.blocks.sum(axis=(0, 1)) * ACTION.period_s
    assert end == pytest.approx([0.8, 0.4], abs=0.03)
    # what is told of the plan is of this plan
    assert found.latents[-1, 0] == pytest.approx(end, abs=1e-5)
    assert found.cost_to_go[0] == pytest.approx(np.hypot(0.3, 0.1) / BLOCK_LENGTH, rel=1e-4)
    assert found.iterations == model.rollouts == 10


def test_at_the_goal_the_plan_is_to_stay():
    model = PointModel()
    found = plan(Cem(model.spec, PlannerConfig()), model, [0.5, 0.5])
    assert not found.blocks.any()
    assert found.cost == pytest.approx(0.0, abs=1e-6)


def test_the_same_seed_gives_the_same_plan_and_another_another():
    model = PointModel()
    plans = [plan(Cem(model.spec, PlannerConfig()), model, [0.83, 0.41], seed=seed)
             for seed in (1, 1, 2)]
    assert np.array_equal(plans[0].blocks, plans[1].blocks)
    assert not np.array_equal(plans[0].blocks, plans[2].blocks)


@pytest.mark.parametrize('seed', range(3))
def test_a_warm_start_is_as_good_as_more_search(seed):
    model = PointModel()
    lazy = PlannerConfig(candidates=32, elites=4, iterations=1, action_rate_weight=0.0)
    warm = Cem(model.spec, lazy)
    costs = [plan(warm, model, [0.83, 0.41], start_s=0.0, seed=seed + i).cost for i in range(15)]
    assert all(b <= a + 1e-6 for a, b in pairwise(costs))
    assert costs[-1] < costs[0]
    warm.reset()
    assert plan(warm, model, [0.83, 0.41], seed=seed).cost == pytest.approx(costs[0])


@pytest.mark.parametrize('then_s, warm', [(0.1, True), (1.9, True), (2.0, False), (-0.1, False)])
def test_only_a_plan_that_still_runs_warms_the_next(then_s, warm):
    model, config = PointModel(), PlannerConfig(candidates=2, elites=1, iterations=1)
    cem = Cem(model.spec, PlannerConfig(iterations=10))
    plan(cem, model, [0.9, 0.9])
    fresh = Cem(model.spec, config)
    mean = cem._warm_start(then_s)
    assert bool(mean.any()) is warm
    assert not fresh._warm_start(then_s).any()


def ticking(*laps_s):
    """Return a clock that starts at 100 s and goes on by each lap; the last lap repeats."""
    times = iter(count())
    total = [100.0]

    def clock():
        i = next(times)
        if i > 0:
            total[0] += laps_s[min(i - 1, len(laps_s) - 1)]
        return total[0]
    return clock


@pytest.mark.parametrize('laps_s, iterations, spent_s', [
    ((0.03,), 2, 0.06),             # a third would end at 0.09 s
    ((0.5,), 1, 0.5),               # one always completes
    ((0.01, 0.06, 0.001), 2, 0.07),     # the longest so far is what counts
    ((0.001,), 5, 0.005),
])
def test_the_deadline(laps_s, iterations, spent_s):
    model = PointModel()
    cem = Cem(model.spec, PlannerConfig(deadline_s=0.08, iterations=5))
    found = plan(cem, model, [0.8, 0.4], clock=ticking(*laps_s))
    assert found.iterations == model.rollouts == iterations
    assert found.planning_s == pytest.approx(spent_s)


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_no_finite_cost_is_an_error_that_says_so(bad):
    model = PointModel()
    model.bad_cost = bad
    with pytest.raises(NonFiniteError, match='0 finite of 64 values in each of 3 iterations'):
        plan(Cem(model.spec, PlannerConfig()), model, [0.8, 0.4])


def test_action_rate_makes_plans_smoother():
    model = PointModel()

    def change(weight):
        cem = Cem(model.spec, PlannerConfig(iterations=15, action_rate_weight=weight))
        knots = plan(cem, model, [0.7, 0.6]).blocks[:, 0]
        return np.abs(np.diff(knots, axis=0, prepend=np.zeros((1, 2)))).sum()

    assert change(20.0) < 0.7 * change(0.0)
