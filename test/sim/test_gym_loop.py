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

"""Closed loop in environments: goals that can be reached, and how an episode is judged."""

import dataclasses

from gym_rig import config, make_env, point  # noqa: F401
import numpy as np
import pytest

from jepa_ros.sim.closed_loop import wilson
from jepa_ros.sim.gym_eval import evaluate, GymEntrant
from jepa_ros.sim.gym_loop import GymOutcome, RandomPolicy, run_episode, StayPolicy, summarise
from jepa_ros.sim.gym_tasks import draw_task, state_scale


class Informed:
    """A policy that knows where the goal is, and leaves it again after some steps."""

    def __init__(self, leave_after=None):
        self._left = leave_after

    def begin(self, env, task):
        self._goal = task.goal

    def act(self, env, now_s):
        if self._left == 0:
            return np.where(env.state() < 0.5, 1.0, -1.0).astype(np.float32)
        if self._left is not None:
            self._left -= 1
        return np.clip((self._goal - env.state()) / 0.1, -1.0, 1.0).astype(np.float32)


@pytest.fixture
def scale(point):  # noqa: F811
    """Return the standard deviations of the point's places."""
    return state_scale(point)


def replayed_gap(env, task, ahead):
    """Return the gap to a goal where the drive that led to it is driven again."""
    driver = env.driver(np.random.default_rng([task.reset_seed, 2]))
    for _ in range(ahead):
        env.step(driver(env.state()))
    return env.adapter.gap(env.state(), task.goal, task.scale)


def test_a_goal_can_be_reached_and_is_not_yet(point, scale):  # noqa: F811
    assert (scale > 0.05).all()
    for seed in range(5):
        task = draw_task(point, seed, 25, scale)
        start = point.state()
        assert task.start_gap == pytest.approx(point.adapter.gap(start, task.goal, scale))
        assert task.start_gap > 1.0
        assert replayed_gap(point, task, 25) < 1e-6
        np.testing.assert_array_equal(point.picture(), task.picture)
        again = draw_task(point, seed, 25, scale)
        np.testing.assert_array_equal(again.goal, task.goal)
        np.testing.assert_array_equal(point.state(), start)


@pytest.mark.parametrize('env_id', [
    'gym_pusht/PushT-v0', 'PointMaze_UMaze-v3', 'dm_control/reacher-hard-v0'])
def test_the_public_ones(make_env, env_id):  # noqa: F811
    for package in {'g': ('gym_pusht', 'pymunk'), 'P': ('gymnasium_robotics',),
                    'd': ('shimmy', 'dm_control')}[env_id[0]]:
        pytest.importorskip(package)
    from jepa_ros.sim.gym_env import GymConfig
    env = make_env(GymConfig(env_id))
    task = draw_task(env, 0, 25, state_scale(env, episodes=1, steps=30))
    before = env.picture()
    assert before.shape == (64, 64, 3)
    assert (before != task.picture).any()
    assert replayed_gap(env, task, 25) < 0.02
    # what moves is seen: a goal is told from the start in more than a pixel
    assert (np.abs(before.astype(int) - task.picture).max(axis=2) > 30).sum() > 8
    env.reset(3)
    still = env.state()
    for _ in range(3):
        env.step(np.zeros(env.action.width, np.float32))
    assert env.adapter.gap(env.state(), still, task.scale) < 1.0


@pytest.mark.parametrize('name, message', [
    ('Pictures', 'observes pictures only'),
    ('Elsewhere', 'starts elsewhere when it is reset to the same seed'),
    ('Stuck', 'none leads to a goal that is not reached at the start'),
    ('Brief', 'of 200 random ways of 25 steps none leads'),
])
def test_tasks_that_cannot_be_drawn(make_env, name, message):  # noqa: F811
    env = make_env(config(name))
    with pytest.raises(ValueError, match=message):
        draw_task(env, 0, 25, np.full(len(env.state()), 0.1))


def test_judged_at_the_end_of_the_budget(point, scale):  # noqa: F811
    def outcome(policy, budget=50):
        return run_episode(point, draw_task(point, 0, 25, scale), policy, budget)

    held = outcome(Informed())
    assert held.held
    assert held.touched
    assert held.final_gap < 0.1
    left = outcome(Informed(leave_after=30))
    assert not left.held
    assert left.touched
    assert left.least_gap < 0.1 < 1.0 < left.final_gap
    stayed = outcome(StayPolicy())
    assert not stayed.held
    assert not stayed.touched
    assert stayed.final_gap == pytest.approx(stayed.start_gap)
    assert not outcome(Informed(), budget=1).held


def test_random_is_seeded(point, scale):  # noqa: F811
    first, again = (run_episode(point, draw_task(point, 3, 25, scale), RandomPolicy(), 50)
                    for _ in range(2))
    assert first == again


def test_figures():
    base = GymOutcome(0, True, True, 4.0, 0.5, 0.2, True)
    outcomes = [base, dataclasses.replace(base, held=False, final_gap=3.0),
                dataclasses.replace(base, held=False, touched=False, hard=False, final_gap=5.0),
                dataclasses.replace(base, hard=False)]
    figures = summarise(outcomes)
    assert figures['episodes'] == 4
    assert figures['success_rate'] == 0.5
    assert figures['success_interval'] == wilson(2, 4)
    assert figures['touched_rate'] == 0.75
    assert figures['episodes_hard'] == 2
    assert figures['success_rate_hard'] == 0.5
    assert figures['touched_rate_hard'] == 1.0
    assert figures['median_final_gap'] == 1.75
    assert summarise(outcomes[2:])['success_rate_hard'] is None


def test_what_has_no_model():
    entrant = GymEntrant('random', 'random', None, config('Point'), ahead=10, budget=20)
    outcomes = list(evaluate(entrant, range(3), processes=1))
    assert [o.seed for o in outcomes] == [0, 1, 2]
    with pytest.raises(ValueError, match='nobody needs a bundle'):
        list(evaluate(dataclasses.replace(entrant, name='nobody', kind='agent'), range(1), 1))
    with pytest.raises(ValueError, match=r'ahead is 30, must be in \[1, 20\]'):
        dataclasses.replace(entrant, ahead=30)


@pytest.mark.slow
def test_processes_do_not_change_the_figures():
    entrant = GymEntrant('random', 'random', None, config('Point'), ahead=10, budget=20)
    alone, shared = (sorted(evaluate(entrant, range(3), processes), key=lambda o: o.seed)
                     for processes in (1, 2))
    assert alone == shared
