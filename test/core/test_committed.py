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

"""Plans that begin with what will have been executed by the time they take effect."""

import numpy as np
from point_world import ACTION, plan, PointModel, SPEED, START
import pytest
from wide_search import wide

from jepa_ros.config import METHODS
from jepa_ros.core.sampling_planner import SamplingPlanner

GOAL = [0.65, 0.5]
WRONG_WAY = [-SPEED, 0.0]


class Watched(PointModel):
    """The point's model; it keeps the candidates that it was told."""

    def __init__(self):
        super().__init__()
        self.told = []

    def rollout(self, context, executed, candidates, goal):
        self.told.append(candidates.copy())
        return super().rollout(context, executed, candidates, goal)


def planner(method='cem', **values):
    return SamplingPlanner(PointModel().spec, wide(method=method, **values))


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('count', [0, 1, 4, 5, 7, 10, 19])
def test_every_candidate_and_the_plan_begin_with_it(count, method):
    model = Watched()
    committed = np.random.default_rng(1).uniform(-SPEED, SPEED, (count, 2)).astype(np.float32)
    found = plan(planner(method), model, GOAL, committed=committed)
    assert np.array_equal(found.blocks.reshape(20, 2)[:count], committed)
    assert len(model.told) == 3
    for candidates in model.told:
        actions = candidates.reshape(len(candidates), 20, 2)
        assert (actions[:, :count] == committed).all()
        # what is free is still one knot a block
        free = actions[:, count:(count // 5 + 1) * 5]
        assert (free == free[:, :1]).all()
        assert len(np.unique(free[:, 0], axis=0)) > 10
    # latents and costs are those of the pinned plan
    end = START[0, 0] + found.blocks.sum(axis=(0, 1)) * ACTION.period_s
    assert found.latents[-1, 0] == pytest.approx(end, abs=1e-5)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('count', [3, 5, 7])
def test_a_wrong_way_is_made_good(count, method):
    model = PointModel()
    settings = {'iterations': 10, 'action_rate_weight': 0.0}
    free = plan(planner(method, **settings), model, GOAL)
    found = plan(planner(method, **settings), model, GOAL, committed=[WRONG_WAY] * count)
    assert found.latents[-1, 0] == pytest.approx(GOAL, abs=0.04)
    # as far as it was driven off, the rest of the plan goes back
    rest = found.blocks.reshape(20, 2)[count:].sum(axis=0) * ACTION.period_s
    assert rest == pytest.approx([0.15 + count * SPEED * ACTION.period_s, 0.0], abs=0.04)
    assert found.cost > free.cost


@pytest.mark.parametrize('count', [20, 21])
def test_something_must_be_left_to_plan(count):
    with pytest.raises(ValueError, match=rf'shape \({count}, 2\), must be at most 19 actions'):
        plan(planner(), PointModel(), GOAL, committed=[WRONG_WAY] * count)


class Indifferent(PointModel):
    """A model to which every plan is as good, so that only the action rate counts."""

    def rollout(self, context, executed, candidates, goal):
        self.bad_cost = 0.0
        return super().rollout(context, executed, candidates, goal)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('count', [2, 5, 7])
def test_changes_count_from_the_last_committed_action(count, method):
    # to and fro costs nothing where it is committed, nor does going on as at its end
    committed = [[(-1) ** i * SPEED, 0.0] for i in range(count - 1)] + [[0.0, SPEED]]
    found = plan(planner(method, action_rate_weight=1.0), Indifferent(), GOAL,
                 committed=committed, last_command=[SPEED, SPEED])
    assert found.cost == pytest.approx(0.0, abs=1e-9)
    free = found.blocks.reshape(20, 2)[count:]
    assert free == pytest.approx(np.tile([0.0, SPEED], (20 - count, 1)), abs=1e-6)


def test_a_change_after_what_is_committed_costs_what_it_should():
    # no candidate but the zero plan: from (-0.3, 0) to 0 is half the range of one action, squared
    one = {'candidates': 2, 'elites': 1, 'iterations': 1, 'action_rate_weight': 8.0}
    for committed in ([WRONG_WAY], [WRONG_WAY] * 5, [[SPEED, SPEED]] * 6 + [WRONG_WAY]):
        model = Indifferent()
        found = plan(planner(**one), model, GOAL, committed=committed, last_command=[SPEED, SPEED])
        assert not found.blocks.reshape(20, 2)[len(committed):].any()
        assert found.cost == pytest.approx(8.0 * 0.25)


def test_the_next_plan_goes_on_from_the_pinned_one():
    first = planner(iterations=10)
    found = plan(first, PointModel(), GOAL, committed=[WRONG_WAY] * 7)
    (knots,) = first._warm_start(0.0)
    assert knots[0] == pytest.approx(WRONG_WAY)
    assert knots[1:] == pytest.approx(found.blocks[1:, -1])
