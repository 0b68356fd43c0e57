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

"""The planning loop on the point's exact model, with each search."""

from itertools import count, pairwise

import numpy as np
from point_world import ACTION, BLOCK_LENGTH, plan, PointModel, SPEED, START
import pytest
from quadratic import BOX
from wide_search import wide

from jepa_ros.config import METHODS
from jepa_ros.core.cem import CrossEntropy
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.sampling import shift
from jepa_ros.core.sampling_planner import action_rate, SamplingPlanner


def test_action_rate_counts_changes_in_ranges():
    knots = np.array([[[1, 0], [-1, 0], [-1, 0]], [[0, 0], [0, 0], [0, 0]]], np.float32)
    rate = action_rate(knots, np.array([1, 0], np.float32), BOX)
    assert rate == pytest.approx([1.0, 0.25])


@pytest.mark.parametrize('method', METHODS)
def test_a_plan_leads_to_the_goal_and_says_so(method):
    model = PointModel()
    config = wide(iterations=10, method=method)
    found = plan(SamplingPlanner(model.spec, config), model, [0.8, 0.4])
    assert found.blocks.shape == (4, 5, 2)
    assert (found.blocks == found.blocks[:, :1]).all()
    assert np.abs(found.blocks.astype(np.float64)).max() <= SPEED
    end = START[0, 0] + found.blocks.sum(axis=(0, 1)) * ACTION.period_s
    assert end == pytest.approx([0.8, 0.4], abs=0.03)
    # what is told of the plan is of this plan
    assert found.latents[-1, 0] == pytest.approx(end, abs=1e-5)
    assert found.cost_to_go[0] == pytest.approx(np.hypot(0.3, 0.1) / BLOCK_LENGTH, rel=1e-4)
    assert found.iterations == model.rollouts == 10


@pytest.mark.parametrize('method', METHODS)
def test_at_the_goal_the_plan_is_to_stay(method):
    model = PointModel()
    found = plan(SamplingPlanner(model.spec, wide(method=method)), model, [0.5, 0.5])
    assert not found.blocks.any()
    assert found.cost == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize('method', METHODS)
def test_the_same_seed_gives_the_same_plan_and_another_another(method):
    model, config = PointModel(), wide(method=method)
    plans = [plan(SamplingPlanner(model.spec, config), model, [0.83, 0.41], seed=seed)
             for seed in (1, 1, 2)]
    assert np.array_equal(plans[0].blocks, plans[1].blocks)
    assert not np.array_equal(plans[0].blocks, plans[2].blocks)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('seed', range(3))
def test_a_warm_start_is_as_good_as_more_search(seed, method):
    model = PointModel()
    lazy = wide(candidates=32, elites=4, iterations=1, action_rate_weight=0.0,
                method=method)
    warm = SamplingPlanner(model.spec, lazy)
    costs = [plan(warm, model, [0.83, 0.41], start_s=0.0, seed=seed + i).cost for i in range(15)]
    assert all(b <= a + 1e-6 for a, b in pairwise(costs))
    assert costs[-1] < costs[0]
    warm.reset()
    assert plan(warm, model, [0.83, 0.41], seed=seed).cost == pytest.approx(costs[0])


@pytest.mark.parametrize('then_s, warm', [(0.1, True), (1.9, True), (2.0, False), (-0.1, False)])
def test_only_a_plan_that_still_runs_warms_the_next(then_s, warm):
    model, config = PointModel(), wide(candidates=2, elites=1, iterations=1)
    planner = SamplingPlanner(model.spec, wide(iterations=10))
    plan(planner, model, [0.9, 0.9])
    fresh = SamplingPlanner(model.spec, config)
    mean = planner._warm_start(then_s)
    assert bool(mean.any()) is warm
    assert not fresh._warm_start(then_s).any()


def test_elites_that_are_kept_go_on_into_the_next_plan():
    model = PointModel()
    planner = SamplingPlanner(model.spec, wide(method='icem', iterations=4))
    plan(planner, model, [0.8, 0.45])
    kept, _ = planner._last
    assert kept.shape == (2, 4, 2)      # 0.3 of 8
    told = []
    inner = model.rollout
    model.rollout = lambda *a: (told.append(a[2][:, :, 0]), inner(*a))[1]
    plan(planner, model, [0.8, 0.45], start_s=0.2)
    for knots in kept:
        assert any(np.allclose(k, shift(knots, 0.4), atol=1e-6) for k in told[0])


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


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('laps_s, iterations, spent_s', [
    ((0.03,), 2, 0.06),             # a third would end at 0.09 s
    ((0.5,), 1, 0.5),               # one always completes
    ((0.01, 0.06, 0.001), 2, 0.07),     # the longest so far is what counts
    ((0.001,), 5, 0.005),
])
def test_the_deadline(laps_s, iterations, spent_s, method):
    model = PointModel()
    config = wide(deadline_s=0.08, iterations=5, method=method)
    planner = SamplingPlanner(model.spec, config)
    found = plan(planner, model, [0.8, 0.4], clock=ticking(*laps_s))
    assert found.iterations == model.rollouts == iterations
    assert found.planning_s == pytest.approx(spent_s)


@pytest.mark.parametrize('laps_s, expected', [
    ((0.001,), [False, False, False, False, True]), ((0.03,), [False, True]), ((0.5,), [False])])
def test_the_search_is_told_which_iteration_will_be_the_last(monkeypatch, laps_s, expected):
    told = []
    ask = CrossEntropy.ask
    monkeypatch.setattr(CrossEntropy, 'ask',
                        lambda search, last: (told.append(last), ask(search, last))[1])
    model = PointModel()
    planner = SamplingPlanner(model.spec, wide(deadline_s=0.08, iterations=5))
    plan(planner, model, [0.8, 0.4], clock=ticking(*laps_s))
    assert told == expected


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_no_finite_cost_is_an_error_that_says_so(bad, method):
    model = PointModel()
    model.bad_cost = bad
    with pytest.raises(NonFiniteError, match='0 finite of 64 values in each of 3 iterations'):
        plan(SamplingPlanner(model.spec, wide(method=method)), model, [0.8, 0.4])


def test_action_rate_makes_plans_smoother():
    model = PointModel()

    def change(weight):
        config = wide(iterations=15, action_rate_weight=weight)
        knots = plan(SamplingPlanner(model.spec, config), model, [0.7, 0.6]).blocks[:, 0]
        return np.abs(np.diff(knots, axis=0, prepend=np.zeros((1, 2)))).sum()

    assert change(20.0) < 0.7 * change(0.0)
