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

"""What a plan is asked for: committed actions, and blocks of them rolled forward."""

import math

import numpy as np
from point_world import ACTION, BLOCK_LENGTH, PointModel, SPEED, START
import pytest
from wide_search import wide

from jepa_ros.core.distrust import Distrust
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.question import committed_count, Question, solve
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.types import Decision, Status

GOAL = np.array([[0.8, 0.4]], np.float32)
RNG = np.random.default_rng(3)


def actions(count):
    return RNG.uniform(-SPEED, SPEED, (count, 2)).astype(np.float32)


def question(committed, history=1, distrust=None, goal=GOAL, last_command=(0.1, -0.1)):
    """Ask from START, where the robot has stood for the whole of the history."""
    percept = Decision(np.zeros(2, np.float32), Status.DRIVING, '', 7.0, 7.0, math.nan, math.nan)
    return Question(
        percept, 0, np.tile(START, (history, 1, 1)),
        np.zeros((history, ACTION.block, 2), np.float32), goal,
        np.array(last_command, np.float32), committed, 7.05, distrust or Distrust(ACTION))


class Spy:
    """A planner that keeps what it is asked."""

    def __init__(self, spec):
        self._planner = SamplingPlanner(spec, wide(iterations=10))
        self.asked = []

    def plan(self, model, context, executed, goal, last_command, committed, start_s, rng, clock):
        self.asked.append((context, executed, last_command, committed, start_s))
        return self._planner.plan(model, context, executed, goal, last_command, committed,
                                  start_s, rng, clock)


class Counted(PointModel):
    """The point's model; it keeps how many candidates it was asked at a time."""

    def __init__(self, history=1):
        super().__init__(history=history)
        self.counts = []

    def rollout(self, context, executed, candidates, goal):
        self.counts.append(len(candidates))
        return super().rollout(context, executed, candidates, goal)


def solved(asked, history=1):
    """Solve a question; return the plan, the model and what the planner was asked."""
    model = Counted(history)
    spy = Spy(model.spec)
    plan = solve(asked, model, spy, np.random.default_rng(0), lambda: 0.0)
    return plan, model, spy.asked[0]


@pytest.mark.parametrize('wait_s, count', [
    (-0.05, 0),     # ready with its frame: before the first action is due
    (0.0, 0), (0.03, 0), (0.031, 1),    # a delay like those of training, and a longer one
    (0.05, 1),      # ready after 0.1 s: one action passes
    (0.15, 2), (0.25, 3), (0.35, 4),    # after 0.2, 0.3, 0.4 s
    (0.13, 1), (0.1301, 2),
    (1.85, 19), (60.0, 19),     # one is left to plan, however long it takes
])
def test_how_many_actions_pass_before_a_plan_takes_effect(wait_s, count):
    assert committed_count(ACTION, 4, wait_s) == count


@pytest.mark.parametrize('count', [0, 1, 4])
def test_less_than_a_block_is_left_to_the_planner(count):
    committed = actions(count)
    plan, model, (context, executed, last, rest, start_s) = solved(question(committed))
    assert np.array_equal(context, START)
    assert not executed.any()
    assert np.array_equal(rest, committed)
    assert last == pytest.approx(committed[-1] if count else [0.1, -0.1])
    assert (start_s, plan.start_s) == (7.05, 7.05)
    assert model.counts == [64] * 10
    assert plan.blocks.shape == (4, 5, 2)
    assert np.array_equal(plan.blocks.reshape(-1, 2)[:count], committed)


@pytest.mark.parametrize('count', [5, 7, 10, 13, 19])
def test_whole_blocks_are_rolled_forward_once(count):
    committed = actions(count)
    whole = count // 5
    plan, model, (context, executed, last, rest, start_s) = solved(question(committed))
    assert model.counts == [1] + [64] * 10
    # the planner begins where the robot will be, after what it will have done
    there = START[0, 0] + committed[:5 * whole].sum(axis=0) * ACTION.period_s
    assert context[0, 0] == pytest.approx(there, abs=1e-6)
    assert np.array_equal(executed[0], committed[5 * (whole - 1):5 * whole])
    assert np.array_equal(rest, committed[5 * whole:])
    assert np.array_equal(last, committed[-1])
    assert start_s == pytest.approx(7.05 + 0.5 * whole)
    # the plan is told from the frame on, longer by what was rolled forward
    assert plan.start_s == 7.05
    assert plan.blocks.shape == (4 + whole, 5, 2)
    assert np.array_equal(plan.blocks.reshape(-1, 2)[:count], committed)
    places = START[0, 0] + np.cumsum(plan.blocks.sum(axis=1), axis=0) * ACTION.period_s
    assert plan.latents.shape == (4 + whole, 1, 2)
    assert plan.latents[:, 0] == pytest.approx(places, abs=1e-5)
    to_go = np.linalg.norm(np.vstack([START[0], places]) - GOAL, axis=1) / BLOCK_LENGTH
    assert plan.cost_to_go == pytest.approx(to_go, abs=1e-4)


def test_a_history_moves_on_by_what_was_rolled_forward():
    committed = actions(12)
    _, _, (context, executed, _, rest, _) = solved(question(committed, history=3), history=3)
    blocks = committed[:10].reshape(2, 5, 2)
    places = START[0, 0] + np.cumsum(blocks.sum(axis=1), axis=0) * ACTION.period_s
    assert context[:, 0] == pytest.approx(np.vstack([START[0], places]), abs=1e-6)
    assert np.array_equal(executed, np.concatenate([np.zeros((1, 5, 2), np.float32), blocks]))
    assert len(rest) == 2


def test_what_is_committed_is_made_good():
    driven_off = np.tile(np.array([-SPEED, SPEED], np.float32), (8, 1))
    plan, _, _ = solved(question(driven_off))
    assert plan.latents[-1, 0] == pytest.approx(GOAL[0], abs=0.05)


def test_distrust_is_of_what_comes_after_the_committed_actions():
    distrust = Distrust(ACTION, weight=100.0, width=0.3, most=1e6)
    ahead = np.tile(np.array([SPEED, 0.0], np.float32), (ACTION.block, 1))
    still = np.zeros((1, 2), np.float32)
    distrust.note(still, still + 0.4, still, ahead, 7.0)
    straight_on = np.array([[0.99, 0.5]], np.float32)
    for count in (0, 3, 5, 8):
        committed = np.tile(ahead[0], (count, 1))
        first = [solved(question(committed, distrust=d, goal=straight_on))[0].blocks
                 .reshape(-1, 2)[count:count + 5].mean(axis=0) for d in (None, distrust)]
        assert first[0] == pytest.approx([SPEED, 0.0], abs=0.05)
        # what is the same in all of them neither hides it nor is held against them
        assert np.linalg.norm(first[1] - ahead[0]) > 0.6 * SPEED


class Broken(PointModel):
    """A model one of whose answers has a hole, while its own costs are finite."""

    def __init__(self, field, entry):
        super().__init__()
        self.field, self.entry = field, entry

    def rollout(self, context, executed, candidates, goal):
        rollout = super().rollout(context, executed, candidates, goal)
        getattr(rollout, self.field)[:, self.entry] = np.nan
        return rollout


@pytest.mark.parametrize('field, entry, count, says', [
    ('cost_to_go', 4, 0, 'cost-to-go has 1 non-finite of 5 values'),
    ('cost_to_go', 4, 7, 'cost-to-go has 1 non-finite of 6 values'),
    # distrust is measured by where the robot is
    ('cost_to_go', 0, 0, 'cost has 0 finite of 64 values'),
    # the committed block leads nowhere
    ('latents', 0, 6, 'cost has 0 finite of 64 values'),
])
def test_what_is_not_finite_is_refused(field, entry, count, says):
    model = Broken(field, entry)
    with pytest.raises(NonFiniteError, match=says):
        solve(question(actions(count)), model, Spy(model.spec), np.random.default_rng(0),
              lambda: 0.0)
