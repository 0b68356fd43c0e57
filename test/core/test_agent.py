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

"""The agent in closed loop on a world that can be worked out by hand."""

from dataclasses import replace
from itertools import count, pairwise
import math

import numpy as np
from point_world import ACTION, picture, PointModel, SPEED
import pytest
from rig import GOAL, Rig
from wide_search import wide

from jepa_ros.config import METHODS
from jepa_ros.types import Status


@pytest.mark.parametrize('method', METHODS)
def test_it_drives_to_the_goal_and_stays(method):
    rig = Rig(planner=wide(method=method))
    rig.agent.set_goal(picture(*GOAL))
    decisions = rig.run(60)
    first = next(i for i, d in enumerate(decisions) if d.status is Status.ARRIVED)
    # 0.6 along x at 0.3/s takes 20 steps at the least, and two frames went by before motion
    assert 22 <= first <= 34
    assert all(d.status is Status.DRIVING for d in decisions[2:first])
    assert all(d.status is Status.ARRIVED for d in decisions[first:])
    assert not any(d.command.any() for d in decisions[first:])
    assert np.hypot(*(rig.place - GOAL)) < 0.06
    costs = [d.cost_to_go for d in decisions[2:first]]
    assert costs[0] == pytest.approx(np.hypot(0.6, 0.3) / 0.15, rel=0.05)
    assert all(b < a + 0.05 for a, b in pairwise(costs))
    assert all((np.abs(d.command.astype(np.float64)) <= SPEED).all() for d in decisions)


def test_a_new_goal_after_arrival_is_driven_to():
    rig = Rig()
    for goal in (GOAL, (0.3, 0.7)):
        rig.agent.set_goal(picture(*goal))
        assert rig.run(60)[-1].status is Status.ARRIVED
        assert np.hypot(*(rig.place - goal)) < 0.06


def test_the_same_seed_drives_the_same_way():
    first, second = (Rig().drive().run(10) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.command, b.command)


def test_arrival_wants_frames_in_a_row():
    rig = Rig(arrival_frames=3, arrival_cost=0.5)
    rig.place = np.array(GOAL)
    rig.agent.set_goal(picture(*GOAL))
    rig.run(2)
    near = [rig.look()]
    rig.now_s += 0.1
    near.append(rig.look())
    rig.now_s += 0.1
    rig.place = np.array(GOAL) - 0.3
    away = rig.run(1)[0]
    rig.place = np.array(GOAL)
    near += rig.run(3)
    assert [d.status.value for d in near] == ['driving'] * 4 + ['arrived']
    assert away.status is Status.DRIVING
    assert near[-1].reason == f'cost-to-go {near[-1].cost_to_go:.2f} is below 0.50 blocks'


def test_it_says_where_the_goal_lies_and_arrives_where_that_is_here():
    rig = Rig(arrival_frames=3).drive()
    rig.model.goal_pose = np.array([0.4, -0.3, 0.0, 1.0, 0.1, 0.1], np.float32)
    driving = rig.run(1)[0]
    assert driving.status is Status.DRIVING
    pose = driving.goal_pose
    assert (pose.ahead_m, pose.left_m, pose.turn_rad, pose.error_m) == pytest.approx(
        (0.4, -0.3, math.pi / 2, 0.1))
    rig.model.goal_pose[:] = 0.06, 0.0, 1.0, 0.0, 0.05, 0.1
    assert [d.status.value for d in rig.run(3)] == ['driving', 'driving', 'arrived']


def test_without_a_goal_it_encodes_and_does_not_plan():
    rig = Rig()
    decisions = rig.run(8)
    assert {d.status for d in decisions} == {Status.IDLE}
    assert decisions[0].reason == 'waiting for a goal'
    assert decisions[-1].latent[0] == pytest.approx(rig.place, abs=0.01)
    assert decisions[-1].plan is None
    assert not decisions[-1].command.any()
    assert decisions[-1].surprise == pytest.approx(0.0, abs=1e-6)


def test_cancel_stops_and_says_why():
    rig = Rig().drive()
    assert rig.agent.has_goal
    rig.agent.cancel('cancelled by hand')
    assert not rig.agent.has_goal
    decision = rig.run(1)[0]
    assert (decision.status, decision.reason) == (Status.IDLE, 'cancelled by hand')
    assert not decision.command.any()


# -- goals

@pytest.mark.parametrize('image, says', [
    (np.zeros((16, 16, 3), np.float32), 'image is float32'),
    (np.zeros((16, 16), np.uint8), r'\(16, 16\)'),
    (np.full((480, 640, 3), 90, np.uint8), 'almost constant: .* 0.00 grey levels, at least 2.00'),
])
def test_a_goal_without_content_is_refused_and_the_old_one_kept(image, says):
    rig = Rig().drive()
    with pytest.raises(ValueError, match=says):
        rig.agent.set_goal(image)
    assert rig.run(1)[0].status is Status.DRIVING


def test_a_goal_whose_latent_is_not_finite_is_refused():
    rig = Rig()
    rig.model.bad_latent = True
    with pytest.raises(ValueError, match='goal latent has 2 non-finite'):
        rig.agent.set_goal(picture(*GOAL))
    assert not rig.agent.has_goal


def test_a_goal_of_any_size_is_brought_to_the_model_s():
    rig = Rig()
    rig.agent.set_goal(picture(*GOAL, side_px=160))
    assert rig.run(60)[-1].status is Status.ARRIVED
    assert np.hypot(*(rig.place - GOAL)) < 0.06


# -- surprise and time

def test_surprise_is_nothing_where_the_world_does_as_imagined_and_more_where_not():
    rig = Rig().drive()
    decisions = rig.run(8)
    assert math.isnan(decisions[0].surprise)
    assert all(d.surprise < 1e-4 for d in decisions[3:])
    rig.place = rig.place + 0.2     # pushed
    pushed = rig.run(1)[0]
    assert pushed.surprise == pytest.approx(0.04, rel=0.1)
    assert pushed.reason == f'surprise is {pushed.surprise:.3f}, limit 0.010'


def test_surprise_can_be_left_out():
    with_it, without = Rig().drive(), Rig(surprise=False).drive()
    assert all(math.isnan(d.surprise) for d in without.run(8))
    with_it.run(8)
    assert without.model.rollouts < with_it.model.rollouts


def test_commands_count_from_the_frame_that_they_answer():
    readings = count()
    rig = Rig(clock=lambda: 0.02 * next(readings), planner=wide(deadline_s=0.08)).drive()
    decisions = rig.run(5)
    assert all(d.plan.iterations == 3 for d in decisions)
    assert decisions[0].plan.planning_s == pytest.approx(0.06)
    # however long planning took
    for decision in decisions[1:-1]:
        stamp_s = decision.frame_stamp_s
        assert rig.agent._context.executed(stamp_s + 0.1)[0, -1] == pytest.approx(
            decision.command, abs=1e-4)


@pytest.mark.parametrize('history', [1, 3])
def test_a_model_with_history_is_given_blocks_and_latents_one_block_apart(history):
    model = PointModel(history=history)
    seen = []
    inner = model.rollout
    model.rollout = lambda *a: (seen.append(a), inner(*a))[1]
    rig = Rig(model=model, surprise=False).drive()
    rig.run(15)
    context, executed, candidates, _ = seen[-1]
    assert context.shape == (history, 1, 2)
    assert executed.shape == (history, 5, 2)
    assert candidates.shape == (64, 4, 5, 2)
    moved = executed[1:].sum(axis=1) * ACTION.period_s
    assert np.diff(context[:, 0], axis=0) == pytest.approx(moved, abs=0.01)


class WideModel(PointModel):
    """The point's model with latents of about unit spread, as a trained model has."""

    SCALE = 3.0

    def encode(self, image):
        return super().encode(image) * self.SCALE

    def rollout(self, context, executed, candidates, goal):
        rollout = super().rollout(context / self.SCALE, executed, candidates, goal / self.SCALE)
        return replace(rollout, latents=rollout.latents * self.SCALE)


@pytest.mark.parametrize('surprise, least, most', [(False, 0.95, 1.0), (True, 0.1, 0.7)])
def test_it_does_not_push_on_for_ever_where_it_is_held_up(surprise, least, most):
    rig = Rig(model=WideModel(), surprise=surprise)
    rig.place = np.array([0.48, 0.6])
    rig.agent.set_goal(picture(0.8, 0.6))
    pushes = []
    for _ in range(60):
        command = rig.look().command
        following = rig.place + command * ACTION.period_s
        # a wall at x = 0.5 that the model knows nothing of, in a room of 0.05 to 0.95
        rig.place = np.clip(following, 0.05, [0.5, 0.95])
        rig.now_s += ACTION.period_s
        pushes.append(command[0] > 0.5 * SPEED)
    assert least <= np.mean(pushes[10:]) <= most
