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

"""Episodes, how they are scored, and the baselines that need no model."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from jepa_ros.sim import closed_loop
from jepa_ros.sim.closed_loop import (
    AgentPolicy,
    Outcome,
    RandomPolicy,
    run_episode,
    StraightLinePolicy,
    summarise,
    wilson,
)
from jepa_ros.sim.tasks import draw_task, Task
from jepa_ros.sim.world import Pose
from jepa_ros.types import Status


class Scripted:
    """A policy that does what it was told: a command for so many periods, then says arrived."""

    def __init__(self, command=(0.0, 0.0), periods=0, jump=False, claims_arrival=True):
        self.command, self.periods, self.jump = np.array(command), periods, jump
        self.claims_arrival = claims_arrival
        self.times = []

    def begin(self, world, task):
        self.goal, self.left = task.goal, self.periods

    def act(self, world, now_s):
        self.times.append(now_s)
        if self.jump:
            world.place_robot(self.goal)
        self.left -= 1
        return self.command, self.left < 0


def test_who_stands_on_the_goal_succeeds(world):
    outcome = run_episode(world, draw_task(world, 0), Scripted(jump=True))
    assert outcome.success
    assert outcome.final_distance_m < 0.02
    assert outcome.duration_s == 0.0


def test_who_says_arrived_at_the_start_fails(world):
    task = draw_task(world, 0)
    outcome = run_episode(world, task, Scripted())
    assert not outcome.success
    assert outcome.final_distance_m == pytest.approx(
        math.dist((task.start.x, task.start.y), (task.goal.x, task.goal.y)), abs=0.02)
    assert outcome.driven_m < 0.02
    assert outcome.task is task


def test_who_never_says_arrived_has_thirty_seconds(world, monkeypatch):
    assert closed_loop.TIME_LIMIT_S == 30.0
    monkeypatch.setattr(closed_loop, 'TIME_LIMIT_S', 1.0)
    policy, path = Scripted((0.0, 1.0), periods=10 ** 6), []
    outcome = run_episode(world, draw_task(world, 0), policy, path)
    assert outcome.duration_s == pytest.approx(1.0)
    assert len(path) == len(policy.times) == 10
    np.testing.assert_allclose(np.diff(policy.times), 0.1)
    assert not outcome.success


@pytest.mark.parametrize('claims_arrival', [True, False])
def test_who_can_say_arrived_must_say_it(world, monkeypatch, claims_arrival):
    monkeypatch.setattr(closed_loop, 'TIME_LIMIT_S', 0.5)
    policy = Scripted(periods=10 ** 6, jump=True, claims_arrival=claims_arrival)
    outcome = run_episode(world, draw_task(world, 0), policy)
    assert outcome.final_distance_m < 0.05
    assert outcome.success is not claims_arrival


def test_collisions_and_way_are_those_of_the_episode(world):
    world.reset(0, Pose(-1.3, 0.0, math.pi))
    world.step(np.array([0.6, 0.0]), 2.0)
    assert world.collisions == 1
    world.place_robot(Pose(0.0, -1.0, math.pi / 2))
    task = Task(0, world.pose, Pose(0.0, 0.5, 0.0), True, 1.5)
    outcome = run_episode(world, task, Scripted((0.5, 0.0), periods=10))
    assert outcome.collisions == 0
    assert outcome.driven_m == pytest.approx(0.5, abs=0.1)


def test_straight_line_reaches_goals_in_sight(world):
    outcomes = []
    for seed in range(24):
        task = draw_task(world, seed)
        if task.straight:
            outcomes.append(run_episode(world, task, StraightLinePolicy()))
    assert len(outcomes) >= 5
    # totes may stand in the way, racks do not
    assert np.mean([o.success for o in outcomes]) >= 0.8
    for outcome in outcomes:
        if outcome.success:
            assert outcome.final_distance_m <= 0.2
            assert outcome.driven_m < 1.5 * outcome.task.shortest_m + 0.3


def test_random_driving_practically_never_arrives(world):
    wins = sum(run_episode(world, draw_task(world, seed), RandomPolicy()).success
               for seed in range(5))
    assert wins <= 1


def test_an_episode_can_be_repeated(world, monkeypatch):
    monkeypatch.setattr(closed_loop, 'TIME_LIMIT_S', 3.0)
    a, b = (run_episode(world, draw_task(world, 5), RandomPolicy()) for _ in range(2))
    assert a == b
    assert a != run_episode(world, draw_task(world, 6), RandomPolicy())


def test_an_agent_is_shown_the_goal_and_every_frame(world, monkeypatch):
    seen = SimpleNamespace(seeds=[], goals=[], frames=[])

    class Fake:

        def set_goal(self, image):
            seen.goals.append(image)

        def step(self, observation, now_s):
            seen.frames.append((observation.frame.stamp_s, now_s, observation.frame.image.copy()))
            status = Status.ARRIVED if len(seen.frames) == 4 else Status.DRIVING
            return SimpleNamespace(command=np.array([0.4, 0.0]), status=status)

    def make(seed):
        seen.seeds.append(seed)
        return Fake()

    task = draw_task(world, 2)
    outcome = run_episode(world, task, AgentPolicy(make))
    assert seen.seeds == [2]
    assert outcome.duration_s == pytest.approx(0.3)
    assert [stamp for stamp, _, _ in seen.frames] == [now for _, now, _ in seen.frames]
    assert (seen.frames[0][2] != seen.frames[3][2]).any()
    draw_task(world, 2)
    np.testing.assert_array_equal(seen.goals[0], world.render_at(task.goal))
    np.testing.assert_array_equal(seen.frames[0][2], world.render('ceiling'))


# from the tables of R's binom package, binom.wilson
@pytest.mark.parametrize('wins, n, low, high', [
    (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0),
    (1, 10, 0.0179, 0.4042), (0, 0, 0.0, 1.0)])
def test_wilson(wins, n, low, high):
    assert wilson(wins, n) == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize('n', [1, 7, 60, 200])
def test_wilson_is_exact_at_the_ends(n):
    assert wilson(0, n)[0] == 0.0
    assert wilson(n, n)[1] == 1.0


def outcome(success, final_m, driven_m, hits, straight, shortest_m):
    task = Task(0, Pose(0, 0, 0), Pose(1, 0, 0), straight, shortest_m)
    return Outcome(task, success, final_m, driven_m, hits, 10.0)


def test_summarise():
    figures = summarise([
        outcome(True, 0.1, 2.0, 0, True, 1.0),      # counts half in SPL
        outcome(True, 0.2, 0.9, 1, False, 1.0),     # shorter than the map's way: counts full
        outcome(False, 1.5, 3.0, 2, False, 2.0),
        outcome(False, 0.5, 4.1, 2, True, 2.0)])
    assert figures['success_rate'] == 0.5
    assert figures['interval'] == wilson(2, 4)
    assert figures['episodes'] == 4
    assert figures['success_rate_behind_rack'] == 0.5
    assert figures['episodes_behind_rack'] == 2
    assert figures['interval_behind_rack'] == wilson(1, 2)
    assert figures['spl'] == pytest.approx((0.5 + 1.0) / 4)
    assert figures['collisions_per_m'] == pytest.approx(5 / 10.0)
    assert figures['median_final_distance_m'] == pytest.approx(0.35)


def test_summarise_without_hidden_goals():
    figures = summarise([outcome(True, 0.1, 1.0, 0, True, 1.0)])
    assert figures['success_rate_behind_rack'] is None
    assert figures['episodes_behind_rack'] == 0
