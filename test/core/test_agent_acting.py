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

"""The agent in parts: plans that are made while the robot goes on."""

from dataclasses import replace
import math

from acting_rig import ActingRig, DELAY_S, driving, known, PERIOD_S, truth
import numpy as np
from point_world import picture, PointModel
import pytest
from rig import GOAL, Rig
from wide_search import wide

from jepa_ros.config import METHODS
from jepa_ros.core.actions import command_at
from jepa_ros.types import Frame, Observation, Status

# -- in closed loop


def test_a_step_is_its_parts():
    whole, parts = Rig(), Rig()
    for rig in (whole, parts):
        rig.agent.set_goal(picture(*GOAL))
    seen = set()
    for _ in range(40):
        a = whole.look()
        b = parts.agent.perceive(Observation(Frame(picture(*parts.place), parts.now_s)),
                                 parts.now_s)
        if b.status is Status.DRIVING:
            assert not b.command.any()
            assert b.plan is None
            question = parts.agent.ask(b, parts.now_s)
            b = parts.agent.answer(question, parts.agent.solve(question), parts.now_s)
        assert (a.status, a.reason, a.stamp_s) == (b.status, b.reason, b.stamp_s)
        assert np.array_equal(a.command, b.command)
        assert np.array_equal([a.cost_to_go, a.surprise], [b.cost_to_go, b.surprise],
                              equal_nan=True)
        assert (a.plan is None) == (b.plan is None)
        if a.plan is not None:
            assert np.array_equal(a.plan.blocks, b.plan.blocks)
        for rig, decision in ((whole, a), (parts, b)):
            rig.place = rig.place + decision.command * PERIOD_S
            rig.now_s += PERIOD_S
        seen.add(a.status)
    assert seen == {Status.STALE, Status.DRIVING, Status.ARRIVED}


def drive(latency_s, method, naive=False):
    """Drive for 16 s; return the rig, the period of arrival (or infinity) and the overshoot."""
    rig = ActingRig(latency_s, naive, planner=wide(method=method, iterations=5),
                    arrival_cost=0.15)
    first, farthest = math.inf, 0.0
    for period in range(160):
        if rig.period() is Status.ARRIVED:
            first = min(first, period)
        farthest = max(farthest, rig.place[0])
        assert known(rig) == pytest.approx(truth(rig), abs=1e-5)
    return rig, first, max(farthest - GOAL[0], 0.0)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('latency_s', [0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8])
def test_acting_it_arrives_without_overshoot(latency_s, method):
    rig, first, overshoot = drive(latency_s, method)
    # 20 periods at full speed; before them two frames and the first plan, after them three
    # frames near the goal
    assert 24 <= first <= 33 + round(latency_s / PERIOD_S)
    assert overshoot < 0.015
    assert np.hypot(*(rig.place - GOAL)) < 0.03
    assert rig.agent.late_plans == 0
    # what a plan takes for granted of the future is what came to be, until it has arrived
    moved = np.array(rig.commanded[:first])
    checked = 0
    for begin, ahead in rig.ahead:
        assert len(ahead) == round(latency_s / PERIOD_S)
        if 0 < len(ahead) <= first - begin:
            assert moved[begin:begin + len(ahead)] == pytest.approx(ahead, abs=1e-5)
            checked += 1
    assert latency_s == 0.0 or checked >= 3


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('latency_s, overshoot, earliest', [
    (0.3, 0.03, 36), (0.4, 0.05, 38), (0.6, 0.1, 80), (0.8, 0.15, math.inf)])
def test_who_takes_no_account_of_the_time_overshoots(latency_s, overshoot, earliest, method):
    _, first, farthest = drive(latency_s, method, naive=True)
    assert farthest > overshoot
    assert first >= earliest


# -- handing over

@pytest.mark.parametrize('latency_s', [0.1, 0.3, 0.4, 0.7])
def test_a_plan_hands_over_without_a_jump(latency_s):
    rig, percept = driving(latency_s)
    rig.ask(percept)
    before, count = rig.plan, round(latency_s / PERIOD_S)
    begun_s = rig.now_s
    for _ in range(count):
        rig.move()
        rig.perceive()
    after = rig.answer().plan
    assert rig.now_s == pytest.approx(begun_s + latency_s)
    for period in range(count):
        at_s = begun_s + period * PERIOD_S + DELAY_S
        assert command_at(after, at_s) == pytest.approx(command_at(before, at_s), abs=1e-5)
    # from here on it is free, and the agent knows what was decided
    assert rig.move() == pytest.approx(after.blocks.reshape(-1, 2)[count])
    free = after.blocks.reshape(-1, 2)[count:]
    assert rig.agent._context.commands(rig.now_s - PERIOD_S, len(free)) == pytest.approx(
        free, abs=1e-5)


def test_a_plan_that_is_early_changes_nothing_before_its_time():
    rig, percept = driving(0.3)
    rig.ask(percept)
    before, begun_s = rig.plan, rig.now_s
    rig.move()
    rig.perceive()
    decision = rig.answer()     # 0.2 s too soon
    assert decision.status is Status.DRIVING
    assert np.array_equal(decision.command, decision.plan.blocks.reshape(-1, 2)[3])
    for period in range(1, 3):
        assert rig.move() == pytest.approx(
            command_at(before, begun_s + period * PERIOD_S + DELAY_S), abs=1e-5)
    assert np.array_equal(rig.move(), decision.plan.blocks.reshape(-1, 2)[3])
    assert known(rig) == pytest.approx(truth(rig), abs=1e-5)


@pytest.mark.parametrize('late_s, dropped', [(-0.2, False), (0.0, False), (0.05, False),
                                             (0.051, True), (2.0, True)])
def test_a_plan_that_is_late_is_dropped_and_counted(late_s, dropped):
    rig, percept = driving(0.2)
    committed_s = rig.now_s + DELAY_S + 0.2
    question = rig.agent.ask(percept, rig.now_s + 0.2)
    ahead = rig.agent._context.commands(rig.now_s, 20)
    decision = rig.agent.answer(question, rig.agent.solve(question), committed_s + late_s)
    assert decision.status is Status.DRIVING
    assert (decision.plan is None) is dropped
    assert rig.agent.late_plans == int(dropped)
    if dropped:
        assert decision.reason == f'plan dropped: {late_s:.2f} s late, limit 0.05 s'
        assert not decision.command.any()
        # what was decided before holds
        assert np.array_equal(rig.agent._context.commands(rig.now_s, 20), ahead)


def test_a_plan_that_is_a_little_late_counts_from_when_it_was_taken():
    rig, percept = driving(0.2)
    question = rig.agent.ask(percept, rig.now_s + 0.2)
    old = rig.agent._context.commands(rig.now_s + 0.2, 1)[0]
    plan = rig.agent.solve(question)
    rig.agent.answer(question, plan, rig.now_s + DELAY_S + 0.24)
    new = plan.blocks.reshape(-1, 2)[2]
    assert rig.agent._context.commands(rig.now_s + 0.2, 1)[0] == pytest.approx(
        0.4 * old + 0.6 * new, abs=1e-5)


def test_without_another_plan_it_stands_when_the_last_is_over():
    rig, percept = driving(0.1)
    rig.place = np.array([0.05, 0.9])       # farther than a plan leads
    rig.ask(percept, expected_s=0.0)
    over_s = rig.plan.start_s + rig.plan.blocks.shape[0] * 0.5
    for _ in range(30):
        rig.move()
        assert rig.perceive().status is Status.DRIVING
        if rig.coming is not None and rig.now_s > rig.coming[0] + 0.5:
            assert rig.answer().plan is None
    assert rig.agent.late_plans == 1
    assert not any(command.any() for command in rig.commanded[-5:])
    assert rig.now_s > over_s
    assert not known(rig).any()
    assert truth(rig, 15).any()
    assert known(rig, 15) == pytest.approx(truth(rig, 15), abs=1e-5)


# -- whatever happens

@pytest.mark.parametrize('seed', range(8))
def test_what_it_takes_for_granted_is_what_was_commanded(seed):
    rng = np.random.default_rng(seed)
    rig = ActingRig(0.1, model=PointModel(history=2))
    seen = set()
    for _ in range(300):
        rig.model.bad_latent = False
        if rng.random() < 0.04:
            rig.agent.set_goal(picture(*rng.uniform(0.1, 0.9, 2)))
        if rng.random() < 0.02:
            rig.agent.cancel('by hand')
            rig.plan = rig.coming = None
            if rng.random() < 0.7:
                rig.agent.set_goal(picture(*rng.uniform(0.1, 0.9, 2)))
        rig.model.bad_latent = rng.random() < 0.03
        percept = rig.perceive()
        seen.add(percept.status)
        if percept.status is not Status.DRIVING:
            rig.plan = rig.coming = None
        elif rig.coming is not None and rig.now_s >= rig.coming[0] - 1e-6:
            if rng.random() < 0.1:
                rig.agent.fail(rig.coming[1], 'nothing was found')
                rig.plan = rig.coming = None
            else:
                decision = rig.answer()
                seen.add(decision.reason.split(':')[0])
        elif rig.coming is None:
            rig.latency_s = rng.integers(1, 9) * PERIOD_S
            rig.ask(percept, expected_s=rig.latency_s + rng.integers(-2, 3) * PERIOD_S)
        rig.move()
        assert known(rig, 10) == pytest.approx(truth(rig, 10), abs=1e-5)
    assert rig.agent.late_plans > 0
    assert seen >= {Status.STALE, Status.FAULT, Status.DRIVING, 'plan dropped', ''}


def test_the_answer_knows_the_frame_that_was_asked_about():
    rig, percept = driving(0.3)
    rig.ask(percept)
    for _ in range(3):
        rig.move()
        rig.perceive()
    decision = rig.answer()
    assert decision.frame_stamp_s == percept.frame_stamp_s == pytest.approx(rig.now_s - 0.3)
    assert decision.stamp_s == pytest.approx(rig.now_s + DELAY_S)
    assert np.array_equal(decision.latent, percept.latent)
    assert replace(decision, plan=None).surprise == percept.surprise
