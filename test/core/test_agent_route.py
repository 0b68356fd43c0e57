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

"""The agent on a route: it hands over from picture to picture, and arrives at the last only."""

from acting_rig import ActingRig
import numpy as np
from point_world import ACTION, picture, PointModel, spec
import pytest
from rig import Rig

from jepa_ros.core.follower import Follower
from jepa_ros.core.following import FollowerConfig
from jepa_ros.core.held import Held, turn_command
from jepa_ros.core.question import solve
from jepa_ros.core.route import Edge, Route
from jepa_ros.types import ActionSpec, Status

CORNERS = ((0.2, 0.2), (0.5, 0.2), (0.8, 0.2), (0.8, 0.5), (0.8, 0.8), (0.5, 0.8), (0.2, 0.8))
TURNING = ActionSpec(names=('x', 'angular_z'), units=('1/s', 'rad/s'), low=(-0.3, -0.3),
                     high=(0.3, 0.3), block=5, period_s=0.1)


def follower(**config):
    """Return a follower round three sides of the square, to be lost more than 3 blocks away."""
    nodes = np.array(CORNERS, np.float32)[:, None]
    edges = tuple(Edge(i, i + 1, 2.0) for i in range(len(nodes) - 1))
    limits = {'passed_cost': 0.6, 'reach_cost': 2.5, 'trust_cost': 3.0, **config}
    return Follower(Route(nodes, edges), FollowerConfig(**limits))


class TurningModel(PointModel):
    """The point, one of whose actions is called a turn."""

    def __init__(self):
        super().__init__()
        made = spec()
        self.spec = type(made)(**{**vars(made), 'action': TURNING})


def follow(rig, place=CORNERS[0], **config):
    """Put the rig's point somewhere, and let its agent follow the route."""
    rig.place = np.array(place)
    rig.agent.follow(follower(**config))
    return rig


def test_it_goes_round_and_arrives_at_the_end_only():
    rig = follow(Rig())
    decisions, places = [], []
    while not decisions or decisions[-1].status is not Status.ARRIVED:
        decisions += rig.run(1)
        places.append(rig.place)
        assert len(decisions) < 200
    assert np.hypot(*(rig.place - CORNERS[-1])) < 0.06
    # round, not straight: the far side was come near
    assert min(np.hypot(*(p - (0.8, 0.5))) for p in places) < 0.15
    pictures = [d.picture for d in decisions if d.status is Status.DRIVING]
    assert {count for _, count in pictures} == {len(CORNERS)}
    assert [i for i, _ in pictures] == sorted(i for i, _ in pictures)
    assert pictures[-1] == (7, 7)
    assert rig.run(3)[-1].status is Status.ARRIVED


def test_a_new_picture_does_not_make_it_hesitate():
    """No stretch begins: plans that are being made stay good, and the search stays warm."""
    rig = follow(ActingRig(latency_s=0.3), passed_cost=1.0, reach_cost=4.2, trust_cost=5.0)
    statuses = rig.periods(6)
    assert Status.DRIVING in statuses
    stretch = rig.agent._stretch
    driven = 0
    while rig.agent._stretch == stretch and driven < 200:
        status = rig.period()
        driven += 1
        if status is Status.ARRIVED:
            break
    assert status is Status.ARRIVED
    assert rig.agent.late_plans == 0
    moving = [np.hypot(*c) for c in rig.commanded if np.any(c)]
    assert len(moving) > 30
    # it does not brake for the pictures between: never slow but at both ends
    assert min(moving[3:-12]) > 0.15


def test_it_waits_where_it_is_lost_and_gives_up_without_moving():
    """The point cannot turn: none of its actions is called so."""
    rig = follow(Rig(), place=(0.4, 0.55), trust_cost=2.0, reach_cost=2.0, search_s=0.5,
                 look_about_s=1.0)
    decisions = rig.run(30)
    assert not any(d.command.any() for d in decisions)
    assert {d.status for d in decisions[2:8]} == {Status.STALE}
    assert 'lost: the nearest picture of the route is' in decisions[5].reason
    assert decisions[-1].status is Status.IDLE
    assert 'lost' in decisions[-1].reason
    assert not rig.agent.has_goal


def test_it_looks_about_with_commands_within_limits():
    rig = follow(Rig(model=TurningModel()), place=(0.4, 0.55), trust_cost=2.0, reach_cost=2.0,
                 search_s=0.5, look_about_s=1.0, turn_share=0.4)
    turning = []
    while not any(d.command.any() for d in turning[-1:]) and len(turning) < 30:
        turning += rig.run(1)
    assert turning[-1].status is Status.DRIVING
    np.testing.assert_allclose(turning[-1].command, (0.0, 0.12), atol=1e-6)
    assert turning[-1].plan is not None
    assert 'lost' in turning[-1].reason
    # it sees the route again as it turns, and goes on
    rig.place = np.array(CORNERS[1])
    driving = rig.run(6)[-1]
    assert driving.status is Status.DRIVING
    assert driving.picture[1] == 6          # from the second picture on


def test_another_goal_ends_the_route():
    rig = follow(Rig())
    rig.run(10)
    rig.agent.set_goal(picture(0.3, 0.3))
    decisions = rig.run(60)
    assert decisions[-1].status is Status.ARRIVED
    assert all(d.picture == (0, 0) for d in decisions)
    assert np.hypot(*(rig.place - (0.3, 0.3))) < 0.06


def test_a_cancelled_route_is_not_gone_on_with():
    rig = follow(Rig())
    rig.run(10)
    rig.agent.cancel('enough')
    decisions = rig.run(10)
    assert {d.status for d in decisions} == {Status.IDLE}
    assert not any(d.command.any() for d in decisions)


def test_a_clock_that_goes_back_makes_it_look_where_it_is():
    rig = follow(Rig())
    assert rig.run(20)[-1].status is Status.DRIVING
    rig.now_s -= 30.0
    again = rig.run(60)
    assert again[0].status is Status.STALE
    assert again[-1].status is Status.ARRIVED


def test_who_was_pushed_off_while_no_frame_came_does_not_drive_there():
    """It stands until it knows where it is: two blocks from the route, and then back on it."""
    rig = follow(Rig(), trust_cost=2.0, reach_cost=2.0, lost_s=5.0)
    assert rig.run(20)[-1].status is Status.DRIVING
    rig.now_s += 2.0
    rig.place = np.array((0.4, 0.55))
    decisions = rig.run(10)
    assert not any(d.command.any() for d in decisions)
    assert 'lost: the nearest picture of the route is' in decisions[-1].reason
    rig.place = np.array(CORNERS[2])
    assert rig.run(80)[-1].status is Status.ARRIVED


def test_costs_that_are_no_numbers_stop_it():
    rig = follow(Rig())
    rig.run(10)
    encode = rig.model.encode
    rig.model.rollout, rollout = broken(rig.model.rollout), rig.model.rollout
    decision = rig.run(1)[0]
    assert decision.status is Status.FAULT
    assert decision.reason == 'cost-to-go is nan, must be finite'
    assert not decision.command.any()
    rig.model.rollout, rig.model.encode = rollout, encode
    assert rig.run(60)[-1].status is Status.ARRIVED


def broken(rollout):
    """Return a rollout whose cost-to-go is not a number."""
    def nan(*arguments):
        made = rollout(*arguments)
        made.cost_to_go[:] = np.nan
        return made
    return nan


@pytest.mark.parametrize('share, wanted', [(0.4, 0.12), (1.0, 0.3)])
def test_a_turn_is_a_share_of_the_limit(share, wanted):
    np.testing.assert_allclose(turn_command(TURNING, share), (0.0, wanted), atol=1e-6)
    assert turn_command(TURNING, share)[1] <= 0.3


def test_who_has_no_turn_cannot():
    assert turn_command(ACTION, 0.5) is None


@pytest.mark.parametrize('low, high, wanted', [
    ((0.2, -0.3), (0.6, 0.3), None), ((-0.6, -0.3), (-0.1, 0.3), None),
    ((0.0, -0.3), (0.6, 0.3), 0.12), ((-0.3, -0.3), (0.3, 0.0), -0.12)])
def test_a_turn_is_on_the_spot_or_none(low, high, wanted):
    """Limits that were learnt from a drive may have no zero."""
    action = ActionSpec(names=TURNING.names, units=TURNING.units, low=low, high=high, block=5,
                        period_s=0.1)
    command = turn_command(action, 0.4)
    if wanted is None:
        assert command is None
    else:
        np.testing.assert_allclose(command, (0.0, wanted), atol=1e-6)


def test_a_held_plan_begins_with_what_is_committed():
    rig = follow(Rig(model=TurningModel()))
    rig.run(3)
    percept = rig.look()
    question = rig.agent.ask(percept, rig.now_s + 0.25)
    assert len(question.committed) >= 2
    plan = solve(question, rig.model, Held(np.array([0.0, 0.1], np.float32)),
                 np.random.default_rng(0), lambda: 0.0)
    flat = plan.blocks.reshape(-1, 2)
    np.testing.assert_array_equal(flat[:len(question.committed)], question.committed)
    assert (flat[len(question.committed):] == np.float32([0.0, 0.1])).all()
    assert plan.latents.shape == (4, 1, 2)
