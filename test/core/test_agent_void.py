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

"""The agent in parts: what makes a plan void, and what it begins with after that."""

from dataclasses import replace
import math

from acting_rig import ActingRig, DELAY_S, driving, known, PERIOD_S, truth
import numpy as np
from point_world import picture
import pytest
from rig import GOAL

from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.sampling import shift
from jepa_ros.types import Frame, Observation, Status

VOID = 'the plan was for what is no longer wanted'


# -- what makes a plan void

def new_goal(rig):
    rig.agent.set_goal(picture(0.3, 0.7))


def cancelled(rig):
    rig.agent.cancel('by hand')


def cancelled_and_begun_anew(rig):
    rig.agent.cancel('by hand')
    rig.agent.set_goal(picture(*GOAL))


def one_bad_frame(rig):
    rig.agent.perceive(Observation(Frame(picture(*rig.place), rig.now_s - 0.5)), rig.now_s)


def one_bad_latent(rig):
    rig.model.bad_latent = True
    assert rig.perceive().status is Status.FAULT
    rig.model.bad_latent = False


def one_bad_plan(rig):
    _, question, _ = rig.coming
    assert rig.agent.fail(question, 'nothing was found').status is Status.FAULT


def a_silence(rig):
    rig.now_s += 0.4
    assert rig.perceive().status is Status.STALE


def a_clock_set_back(rig):
    rig.now_s -= 20.0
    assert rig.perceive().status is Status.STALE


@pytest.mark.parametrize('happens', [
    new_goal, cancelled, cancelled_and_begun_anew, one_bad_frame, one_bad_latent, one_bad_plan,
    a_silence, a_clock_set_back])
@pytest.mark.parametrize('frames_later', [0, 1, 3])
def test_a_plan_from_before_is_void(happens, frames_later):
    rig, percept = driving(0.4)
    rig.ask(percept)
    coming = rig.coming
    rig.now_s += 0.1
    happens(rig)
    for _ in range(frames_later):
        rig.now_s += 0.1
        rig.perceive()
    ahead = rig.agent._context.commands(rig.now_s, 20)
    rig.coming = coming
    decision = rig.answer()
    assert (decision.status, decision.reason, decision.plan) == (Status.DRIVING, VOID, None)
    assert not decision.command.any()
    assert rig.agent.late_plans == 0
    assert np.array_equal(rig.agent._context.commands(rig.now_s, 20), ahead)
    # where it has to stop, it is known to stand
    assert happens is new_goal or not frames_later or not ahead[:frames_later].any()


def test_a_plan_that_is_ready_before_it_was_asked_for_is_void():
    rig, percept = driving(0.4)
    rig.ask(percept)
    rig.now_s -= 20.0       # nothing was perceived since
    assert rig.answer().reason == VOID


def test_a_plan_after_arrival_is_void():
    rig = ActingRig(0.3)
    rig.place = np.array(GOAL)
    assert [s.value for s in rig.periods(2)] == ['stale', 'stale']
    percepts = []
    for _ in range(3):
        percepts.append(rig.perceive())
        rig.now_s += PERIOD_S
    # three frames at the goal, with or without plans
    assert [p.status.value for p in percepts] == ['driving', 'driving', 'arrived']
    assert percepts[2].reason == 'cost-to-go 0.00 is below 0.40 blocks'
    question = rig.agent.ask(percepts[0], percepts[0].stamp_s + 0.3)
    decision = rig.agent.answer(question, rig.agent.solve(question), rig.now_s)
    assert (decision.reason, decision.plan) == (VOID, None)
    assert rig.perceive().status is Status.ARRIVED
    assert not rig.agent._context.commands(rig.now_s, 20).any()


def test_a_frame_that_is_seen_twice_is_near_the_goal_once():
    rig = ActingRig(0.3)
    rig.place = np.array(GOAL)
    rig.periods(2)
    seen = []
    for _ in range(3):
        seen += [rig.perceive().status.value, rig.perceive().status.value]
        rig.now_s += PERIOD_S
    assert seen == ['driving'] * 4 + ['arrived'] * 2


def test_a_cost_to_go_that_is_not_finite_is_a_fault():
    rig, _ = driving(0.3)
    rig.move()
    inner = rig.model.rollout
    rig.model.rollout = lambda *a: replace(
        inner(*a), cost_to_go=np.full((len(a[2]), 5), np.nan, np.float32))
    fault = rig.perceive()
    assert (fault.status, fault.reason) == (Status.FAULT,
                                            'cost-to-go has 1 non-finite of 1 values')
    assert not fault.command.any()
    assert not rig.agent._context.commands(rig.now_s, 20).any()
    rig.model.rollout = inner
    rig.plan = None
    rig.move()
    assert [s.value for s in rig.periods(3)] == ['stale', 'stale', 'driving']


def test_no_goal_no_question():
    rig, percept = driving()
    rig.agent.cancel('by hand')
    with pytest.raises(ValueError, match='no goal'):
        rig.agent.ask(percept, rig.now_s)


# -- faults, and after them

def test_a_plan_that_fails_stops_it_until_enough_frames_are_fresh():
    rig, percept = driving(0.3)
    question = rig.agent.ask(percept, rig.now_s + 0.3)
    rig.model.bad_cost = math.nan
    with pytest.raises(NonFiniteError):
        rig.agent.solve(question)
    rig.model.bad_cost = None
    for _ in range(3):      # it goes on until the failure is known
        rig.move()
        rig.perceive()
    decision = rig.agent.fail(question, 'cost has 0 finite of 64 values')
    assert (decision.status, decision.reason) == (Status.FAULT, 'cost has 0 finite of 64 values')
    assert not decision.command.any()
    rig.plan = None
    rig.move()
    assert [s.value for s in rig.periods(3)] == ['stale', 'stale', 'driving']
    # it had driven on, and then stood
    assert np.abs(truth(rig, 7)[:3]).max() > 0.1
    assert known(rig, 7) == pytest.approx(truth(rig, 7), abs=1e-5)


def test_after_the_clock_went_back_while_a_plan_was_made_it_arrives():
    rig, percept = driving(0.3)
    rig.ask(percept)
    rig.now_s -= 30.0
    rig.move()
    assert [s.value for s in rig.periods(3)] == ['stale', 'stale', 'driving']
    assert Status.ARRIVED in rig.periods(60)
    assert np.hypot(*(rig.place - GOAL)) < 0.06


def test_a_stale_frame_counts_as_standing_from_when_it_came():
    rig, _ = driving(0.3)
    rig.move()
    before = rig.agent._context.commands(rig.now_s - PERIOD_S, 1)[0]
    assert before.any()
    rig.agent.perceive(Observation(Frame(picture(*rig.place), rig.now_s - 0.42)), rig.now_s)
    # sent at once, the zero counts as one that answers a frame of action_delay_s ago
    assert rig.agent._context.commands(rig.now_s - PERIOD_S, 1)[0] == pytest.approx(before / 2)
    assert not rig.agent._context.commands(rig.now_s - DELAY_S, 20).any()


# -- warm start

@pytest.mark.parametrize('latency_s', [0.0, 0.3, 0.6])
def test_the_next_plan_begins_with_the_last_one_moved_by_the_time_between(latency_s):
    rig = ActingRig(latency_s)
    rig.periods(3)
    if latency_s > 0.0:
        rig.periods(round(latency_s / PERIOD_S) - 1)
    (kept, then_s) = rig.agent._planner._last
    whole = int(latency_s / PERIOD_S + 1e-6) // 5
    frame_s = rig.now_s - max(latency_s, PERIOD_S)
    assert then_s == pytest.approx(frame_s + DELAY_S + 0.5 * whole)
    told = []
    inner = rig.model.rollout
    rig.model.rollout = lambda *a: (told.append(a[2]), inner(*a))[1]
    rig.period()
    candidates = next(c for c in told if len(c) == 64)
    elapsed = (rig.now_s - PERIOD_S - frame_s) / 0.5
    count = round(latency_s / PERIOD_S) - 5 * whole
    # the first candidate is the mean to begin with; what is committed is pinned over it
    free = candidates[0].reshape(-1, 2)[count:]
    expected = np.repeat(shift(kept[0], elapsed), 5, axis=0)[count:]
    assert free == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize('happens', [new_goal, cancelled_and_begun_anew, one_bad_latent])
def test_after_a_stop_and_for_another_goal_plans_begin_with_nothing(happens):
    rig, _ = driving(0.2)
    assert rig.agent._planner._warm_start(rig.now_s).any()
    rig.periods(1)
    happens(rig)
    told = []
    inner = rig.model.rollout
    rig.model.rollout = lambda *a: (told.append(a[2]), inner(*a))[1]
    rig.coming = None
    rig.periods(5)
    candidates = next(c for c in told if len(c) == 64)
    assert not candidates[0].reshape(-1, 2)[2:].any()
