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

"""Plans that take their time, in the real world: which commands are sent while one is made."""

import math
from pathlib import Path

import numpy as np
import pytest
from small_bundle import small_bundle

from jepa_ros.config import AgentConfig, PlannerConfig
from jepa_ros.core.agent import Agent
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.engines.load import load_engine
from jepa_ros.sim.closed_loop import AgentPolicy, LATENCY_S, PERIOD_S, run_episode
from jepa_ros.sim.collect import drive
from jepa_ros.sim.delayed import DelayedPolicy, WAYS
from jepa_ros.sim.tasks import draw_task

SHIPPED = Path(__file__).parents[2] / 'models' / 'warehouse_ceiling'
FIRST = 2       # two frames go by before the third is planned for


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Return an engine of the small random bundle."""
    return load_engine(small_bundle(tmp_path_factory.getbasetemp()))


class Watch:
    """Makes agents of a model; keeps the last, what it asked for and was answered, and when."""

    def __init__(self, model):
        self._model, self._config = model, PlannerConfig(candidates=24, elites=4, iterations=2)

    def __call__(self, seed):
        self.agent = Agent(self._model, SamplingPlanner(self._model.spec, self._config),
                           AgentConfig(), np.random.default_rng(seed), lambda: 0.0)
        self.asked, self.plans = [], []
        ask, answer = self.agent.ask, self.agent.answer

        def watched_ask(percept, ready_s):
            self.asked.append(ask(percept, ready_s))
            return self.asked[-1]

        def watched_answer(question, plan, now_s):
            decision = answer(question, plan, now_s)
            self.plans.append((decision.stamp_s, plan))
            return decision

        self.agent.ask, self.agent.answer = watched_ask, watched_answer
        return self.agent


def commands(world, policy, periods, seed=3):
    """Drive the task of a seed for a while; return what was commanded (periods, 2), and when."""
    policy.begin(world, draw_task(world, seed))
    sent, times, previous = [], [], np.zeros(2)
    for _ in range(periods):
        times.append(world.time_s)
        command, arrived = policy.act(world, world.time_s)
        assert not arrived
        drive(world, previous, command, PERIOD_S, LATENCY_S)
        previous = command
        sent.append(command)
    return np.array(sent), np.array(times)


def periods_of(latency_s):
    return round(latency_s / PERIOD_S)


@pytest.mark.parametrize('latency_s, way, says', [
    (0.3, 'waiting', "way is 'waiting', must be one of acting, synchronous, standing"),
    (0.25, 'acting', r'latency_s is 0.25, must be a multiple of 0\.1'),
    (-0.1, 'acting', r'latency_s is -0.1, must be a multiple of 0\.1'),
    (math.nan, 'acting', 'latency_s is nan'),
])
def test_another_way_or_latency_is_refused(latency_s, way, says):
    with pytest.raises(ValueError, match=says):
        DelayedPolicy(lambda seed: None, latency_s, way)


@pytest.mark.parametrize('way', ['acting', 'synchronous'])
def test_without_latency_it_is_the_agent_itself(world, model, way):
    plain, _ = commands(world, AgentPolicy(Watch(model)), 12)
    delayed, _ = commands(world, DelayedPolicy(Watch(model), 0.0, way), 12)
    assert not plain[:FIRST].any()
    assert plain[FIRST:].any(axis=1).all()
    assert np.array_equal(plain, delayed)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('latency_s', [0.0, 0.1, 0.3, 0.4])
def test_the_agent_knows_what_was_commanded(world, model, latency_s, way):
    watch = Watch(model)
    sent, times = commands(world, DelayedPolicy(watch, latency_s, way), 18)
    assert sent.any()
    known = watch.agent._context.commands(times[-1] + PERIOD_S - 14 * PERIOD_S, 14)
    assert known == pytest.approx(sent[-14:], abs=1e-4)


@pytest.mark.parametrize('latency_s', [0.1, 0.3, 0.6])
def test_acting_goes_on_with_the_last_plan_and_the_next_begins_with_that(world, model, latency_s):
    watch, wait = Watch(model), periods_of(latency_s)
    sent, times = commands(world, DelayedPolicy(watch, latency_s, 'acting'), 20)
    assert not sent[:FIRST + wait].any()
    assert sent.any()
    assert watch.agent.late_plans == 0
    assert len(watch.plans) == (20 - FIRST - 1) // wait
    for number, (question, (ready_s, plan)) in enumerate(
            zip(watch.asked, watch.plans, strict=False)):
        begun = FIRST + number * wait
        assert question.percept.stamp_s == pytest.approx(times[begun])
        assert ready_s == pytest.approx(times[begun + wait] + LATENCY_S)
        assert len(question.committed) == wait
        assert sent[begun:begun + wait] == pytest.approx(question.committed, abs=1e-5)
        # from where it is free until the next one is ready
        actions = plan.blocks.reshape(-1, 2)
        assert sent[begun + wait:begun + 2 * wait] == pytest.approx(
            actions[wait:2 * wait][:20 - begun - wait], abs=1e-5)


def test_synchronous_begins_late_what_was_planned_for_then(world, model):
    watch, wait = Watch(model), 3
    sent, _ = commands(world, DelayedPolicy(watch, 0.3, 'synchronous'), 20)
    assert not sent[:FIRST + wait].any()
    assert all(not len(question.committed) for question in watch.asked)
    for number, (_, plan) in enumerate(watch.plans):
        begun = FIRST + number * wait
        assert sent[begun + wait:begun + 2 * wait] == pytest.approx(
            plan.blocks.reshape(-1, 2)[:wait][:20 - begun - wait], abs=1e-5)


def test_standing_it_stands_while_it_plans_and_then_drives_a_block(world, model):
    watch, wait, block = Watch(model), 3, model.spec.action.block
    sent, _ = commands(world, DelayedPolicy(watch, 0.3, 'standing'), FIRST + 2 * (wait + block))
    for number, (_, plan) in enumerate(watch.plans):
        begun = FIRST + number * (wait + block)
        assert not sent[begun:begun + wait].any()
        assert sent[begun + wait:begun + wait + block] == pytest.approx(plan.blocks[0], abs=1e-5)
    assert len(watch.plans) == 2


def test_where_planning_fails_it_stands_and_begins_again(world, model):
    watch = Watch(model)
    policy = DelayedPolicy(watch, 0.2, 'acting')
    policy.begin(world, draw_task(world, 3))
    sent, previous = [], np.zeros(2)
    for period in range(16):
        # no plan is found that is begun in period 8
        watch.agent._model = Holes(model) if period == 8 else model
        command, _ = policy.act(world, world.time_s)
        drive(world, previous, command, PERIOD_S, LATENCY_S)
        previous = command
        sent.append(command.any())
    assert sent[:FIRST + 2] == [False] * 4
    assert all(sent[4:8])
    # it stands at once; three frames must be fresh, and the next plan is two periods coming
    assert not any(sent[8:13])
    assert all(sent[13:])


class Holes:
    """A model whose candidates cost NaN, while what it sees of the present is whole."""

    def __init__(self, model):
        self._model, self.spec = model, model.spec
        self.encode = model.encode

    def rollout(self, context, executed, candidates, goal):
        rollout = self._model.rollout(context, executed, candidates, goal)
        rollout.cost[:] = np.nan
        return rollout


def test_it_ends_where_the_agent_says_so(world, model):
    class Sure(Watch):

        def __call__(self, seed):
            agent = super().__call__(seed)
            agent._arrival._cost = 1e9
            return agent

    for way in WAYS:
        outcome = run_episode(world, draw_task(world, 3), DelayedPolicy(Sure(model), 0.3, way))
        # two frames go by, and three in a row are near
        assert outcome.duration_s == pytest.approx(0.4)


def test_a_silence_stops_it_and_what_was_being_planned_is_void(world, model):
    watch = Watch(model)
    policy = DelayedPolicy(watch, 0.3, 'acting')
    policy.begin(world, draw_task(world, 3))
    for _ in range(8):
        policy.act(world, world.time_s)
        world.step(np.zeros(2), PERIOD_S)
    world.step(np.zeros(2), 0.5)
    command, _ = policy.act(world, world.time_s)
    assert not command.any()
    assert policy._coming is None
    assert len(watch.plans) == 1


@pytest.mark.skipif(not (SHIPPED / 'manifest.json').exists(), reason='the model is not there')
def test_the_shipped_model_arrives_though_plans_come_late(world):
    engine = load_engine(SHIPPED)

    def make_agent(seed):
        return Agent(engine, SamplingPlanner(engine.spec, PlannerConfig()), AgentConfig(),
                     np.random.default_rng(seed), lambda: 0.0)

    policy = DelayedPolicy(make_agent, 0.3, 'acting')
    outcomes = [run_episode(world, draw_task(world, seed), policy) for seed in (5005, 5018)]
    assert sum(outcome.success for outcome in outcomes) >= 1
