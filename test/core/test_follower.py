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

"""A follower leads along a route, and finds back to it: in a world that is worked out by hand."""

import math

import numpy as np
from point_world import BLOCK_LENGTH
import pytest
from route_rig import route_through, RouteRig

from jepa_ros.core.following import FollowerConfig, Lead
from jepa_ros.core.route import Edge, Route
from jepa_ros.core.searching import nearest_node

# out, across and back: its ends are four blocks apart, the way is 28 blocks long
DETOUR = ((0, 0), (12, 0), (12, 4), (0, 4))


def blocks(start, end):
    """Return the distance of two latents in blocks."""
    return float(np.linalg.norm(end - start)) / BLOCK_LENGTH


def wall_between(before, after):
    """Say whether a step crosses the wall between the two long sides of DETOUR."""
    return (before[1] < 2.0) != (after[1] < 2.0) and after[0] < 11.0


def test_it_leads_round_the_wall_to_the_end():
    rig = RouteRig(route_through(*DETOUR), (0, 0), wall=wall_between, reach_cost=3.1)
    assert rig.run().final
    np.testing.assert_allclose(rig.place, (0, 4), atol=0.4)
    assert rig.leads() == [Lead.WAIT, Lead.DRIVE]
    assert rig.follower.recoveries == 0
    nodes = [g.node for g in rig.said if g.lead is Lead.DRIVE]
    assert nodes == sorted(nodes)
    assert {g.count for g in rig.said if g.lead is Lead.DRIVE} == {len(rig.route)}
    # 28 blocks at a fifth a step, with corners cut
    assert len(rig.said) < 28 / 0.2


def test_the_goal_alone_does_not_get_there():
    """What the route is for: the critic sees through the wall."""
    route = route_through(*DETOUR)
    alone = Route(route.nodes[[0, -1]], (Edge(0, 1, 4.0),))
    rig = RouteRig(alone, (0, 0), wall=wall_between)
    assert rig.run().lead is Lead.STOP
    assert rig.place[1] < 2.0


def test_where_the_critic_sees_through_a_wall_it_goes_picture_by_picture_in_the_end():
    """Two pictures at once lead through the wall; a second try takes them one by one."""
    rig = RouteRig(route_through(*DETOUR), (0, 0), wall=wall_between)
    assert rig.run().final
    np.testing.assert_allclose(rig.place, (0, 4), atol=0.4)
    assert rig.follower.recoveries == 1


def test_the_subgoal_is_the_last_in_reach():
    rig = RouteRig(route_through((0, 0), (30, 0)), (0, 0), reach_cost=7.0)
    driving = next(g for g in rig.steps(5) if g.lead is Lead.DRIVE)
    assert driving.node == 3            # of pictures 1 to 11: six blocks away, nine are too many
    assert driving.cost == pytest.approx(6.0, abs=1e-3)
    assert driving.reason == 'picture 3 of 11 is 6.0 blocks away'
    assert not driving.final


def test_it_asks_about_a_window_only():
    rig = RouteRig(route_through((0, 0), (300, 0)), (0, 0), behind=1, ahead=5, tried=8)
    rig.steps(2)
    rig.asked = 0
    rig.steps(100)
    assert rig.asked <= 100 * 7


def test_it_begins_anywhere_on_the_route():
    rig = RouteRig(route_through(*DETOUR), (12, 2.2), goal=(0, 4), goal_node=9)
    assert rig.run().final
    assert all(g.count <= 6 for g in rig.said)


def test_who_follows_a_loop_from_its_start_goes_round():
    """The end is where it begins: the agent is not there before it has gone."""
    loop = route_through((0, 0), (12, 0), (12, 12), (0, 12), (0, 0))
    rig = RouteRig(loop, (0, 0))
    assert rig.run().final
    assert len(rig.said) > 32 / 0.2         # corners are cut
    # to a picture of that place it need not go at all
    there = RouteRig(loop, (0, 0), goal=(0.1, 0.0), goal_node=len(loop) - 1)
    assert there.run().final
    assert len(there.said) < 10


def test_a_picture_beyond_the_route_is_the_last_goal():
    route = route_through((0, 0), (12, 0))
    goal = (6.0, 2.0)
    node = nearest_node(route, RouteRig.latent(goal), blocks, FollowerConfig())
    assert node == 2
    rig = RouteRig(route, (0, 0), goal=goal, goal_node=node)
    assert rig.run().final
    np.testing.assert_allclose(rig.place, goal, atol=0.4)


def test_a_picture_that_is_not_on_the_route_is_refused():
    with pytest.raises(ValueError, match=r'goal picture is 9.0 blocks away .* limit 8.0'):
        nearest_node(route_through((0, 0), (12, 0)), RouteRig.latent((6, 9)), blocks,
                     FollowerConfig())


def test_there_is_no_way_back_along_a_drive():
    rig = RouteRig(route_through((0, 0), (24, 0)), (24, 0), goal=(0, 0), goal_node=0)
    said = rig.run()
    assert said.lead is Lead.STOP
    assert 'no way leads from picture 8 to picture 0' in said.reason


@pytest.mark.parametrize('to, shorter', [((2, 0.5), False), ((45, 0.5), True)])
def test_a_kidnapped_robot_finds_itself(to, shorter):
    rig = RouteRig(route_through((0, 0), (60, 0)), (0, 0))
    rig.steps(100)
    assert 19 < rig.place[0] < 21
    rig.place = np.array(to, float)
    assert rig.run().final
    assert rig.follower.recoveries == 1
    np.testing.assert_allclose(rig.place, (60, 0), atol=0.4)
    assert Lead.TURN not in rig.leads()
    assert (len(rig.said) < 60 / 0.2) == shorter


def test_a_robot_carried_off_the_route_looks_about_and_gives_up():
    rig = RouteRig(route_through((0, 0), (42, 0)), (0, 0), look_about_s=5.0)
    rig.steps(30)
    rig.place = np.array((20.0, 30.0))
    said = rig.run()
    assert said.lead is Lead.STOP
    assert 'lost: the nearest picture of the route is' in said.reason
    assert rig.leads()[-4:] == [Lead.DRIVE, Lead.WAIT, Lead.TURN, Lead.STOP]
    turns = [g for g in rig.said if g.lead is Lead.TURN]
    assert 45 <= len(turns) <= 51
    assert {g.turn for g in turns} == {0.4}


def test_it_does_not_turn_where_that_is_not_wanted():
    rig = RouteRig(route_through((0, 0), (42, 0)), (20, 30), look_about_s=0.0)
    assert rig.run().lead is Lead.STOP
    assert rig.leads() == [Lead.WAIT, Lead.STOP]


def test_it_goes_on_when_it_is_found_while_it_turns():
    rig = RouteRig(route_through((0, 0), (12, 0)), (6, 30))
    rig.steps(40)
    assert rig.said[-1].lead is Lead.TURN
    rig.place = np.array((6.0, 0.5))
    assert rig.run().final


def test_one_frame_that_looks_like_nothing_changes_nothing():
    rig = RouteRig(route_through((0, 0), (42, 0)), (0, 0), lost_s=0.5)
    rig.steps(30)
    place, rig.place = rig.place, np.array((20.0, 30.0))
    blind = rig.step()
    assert blind.lead is Lead.DRIVE
    rig.place = place
    assert rig.run().final
    assert rig.follower.recoveries == 0


def test_two_places_that_look_alike_do_not_make_it_jump():
    """The critic takes (0, 0) to (3, 0) for (12, 0) to (15, 0)."""
    def alike(a, b):
        real = np.hypot(*(b - a))
        mirrored = np.hypot(*(b - a - (12, 0))) if a[0] <= 3.5 else math.inf
        return float(min(real, mirrored))

    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0), cost=alike)
    driven = [g for g in rig.steps(12) if g.lead is Lead.DRIVE]
    assert max(g.node for g in driven) <= 4        # 12 blocks away, all of them look near
    assert rig.run().final


def test_a_noisy_critic_gets_there():
    noise = np.random.default_rng(0)
    rig = RouteRig(route_through(*DETOUR), (0, 0), wall=wall_between,
                   cost=lambda a, b: max(0.0, float(np.hypot(*(b - a))) * noise.normal(1, 0.15)
                                         + noise.normal(0.3, 0.2)))
    assert rig.run().final
    np.testing.assert_allclose(rig.place, (0, 4), atol=1.0)


@pytest.mark.parametrize('wrong, words', [
    ({'ahead': 0}, 'ahead is 0'), ({'reach_cost': 0.5}, 'reach_cost is 0.5, must be between 0.8'),
    ({'trust_cost': 5.0}, 'trust_cost is 5.0'), ({'lost_s': math.nan}, 'lost_s is nan'),
    ({'turn_share': 1.1}, 'turn_share'), ({'pause_s': 0.0}, 'pause_s is 0.0'),
    ({'look_about_s': 121.0}, 'look_about_s'),
])
def test_limits_that_make_no_sense_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        FollowerConfig(**wrong)
