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

"""What goes wrong on a drive along a route: blocked ways, pauses, doubt; and when it gives up."""

import numpy as np
from point_world import BLOCK_LENGTH
import pytest
from route_rig import route_through, RouteRig

from jepa_ros.core.following import Lead
from jepa_ros.core.route import Edge, Route


def two_ways():
    """Return a short way through a gate, and a long way round from another drive."""
    route = route_through((0, 0), (12, 0), (24, 0))
    nodes = np.concatenate([route.nodes, route_through((6, 0), (6, 9), (18, 9), (18, 0)).nodes])
    first, last = len(route), len(nodes) - 1
    return Route(nodes, (*route.edges, Edge(2, first, 0.1),
                         *(Edge(k, k + 1, 3.0) for k in range(first, last)), Edge(last, 6, 0.1)))


def gate(before, after):
    """Say whether a step goes through the gate, which is shut."""
    return before[0] < 10.0 <= after[0] and after[1] < 3.0


def test_a_blocked_way_is_gone_round():
    rig = RouteRig(two_ways(), (0, 0), goal=(24, 0), goal_node=8, wall=gate, stuck_s=3.0)
    assert rig.run().final
    np.testing.assert_allclose(rig.place, (24, 0), atol=0.4)
    assert any('blocked: no progress from picture' in g.reason for g in rig.said)
    assert max(rig.follower.recoveries, 1) <= 3


def test_another_follower_knows_what_is_blocked():
    rig = RouteRig(two_ways(), (0, 0), goal=(24, 0), goal_node=8, wall=gate, stuck_s=3.0)
    while not rig.trouble.blocked and len(rig.said) < 500:
        rig.steps(1)
    recoveries = rig.follower.recoveries
    rig.lead_anew()
    assert rig.run().final
    assert rig.follower.recoveries == recoveries >= 1


def test_a_way_that_is_blocked_for_good_is_given_up():
    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0), stuck_s=3.0,
                   wall=lambda before, after: after[0] > 10.0)
    said = rig.run()
    assert said.lead is Lead.STOP
    assert said.reason == 'blocked: no progress from picture 3 to 4 of the route for 3 s'
    assert rig.follower.recoveries == 1     # it tried twice


def test_it_does_not_try_for_ever_where_it_is_stuck():
    """Here or there: what counts are all the times, and each place where it was so."""
    route = route_through((0, 0), (24, 0))
    rig = RouteRig(route, (0, 0), stuck_s=3.0, most_recoveries=0,
                   wall=lambda before, after: after[0] > 10.0)
    assert rig.run().reason.endswith('of the route for 3 s; and that was so 1 times')

    rig = RouteRig(route, (0, 0), stuck_s=3.0)
    rig.wall = lambda before, after: after[0] > (16.0 if rig.follower.recoveries == 1 else 10.0)
    while rig.follower.recoveries < 2 and len(rig.said) < 500:
        rig.steps(1)
    assert rig.place[0] > 15
    rig.place = np.array((3.0, 0.0))
    said = rig.run()
    assert said.reason == 'blocked: no progress from picture 3 to 4 of the route for 3 s'
    assert rig.follower.recoveries == 3     # stuck, stuck elsewhere, and carried off


def test_an_open_door_is_gone_through_at_the_second_try():
    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0), stuck_s=3.0)
    rig.wall = lambda before, after: after[0] > 10.0 and rig.now_s < 60.0
    assert rig.run().final
    assert rig.follower.recoveries == 1


def test_a_pause_is_not_a_blocked_way():
    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0), stuck_s=3.0)
    rig.steps(20)
    rig.now_s += 60.0                       # no frame came
    assert rig.run().final
    assert rig.follower.recoveries == 0


@pytest.mark.parametrize('to', [(20, 30), (45, 0)])
def test_who_was_moved_while_no_frame_came_is_not_led_along_the_old_way(to):
    rig = RouteRig(route_through((0, 0), (60, 0)), (0, 0), look_about_s=2.0, lost_s=5.0)
    rig.steps(30)
    assert rig.said[-1].lead is Lead.DRIVE
    rig.now_s, rig.place, before = rig.now_s + 1.0, np.array(to, float), len(rig.said)
    said = rig.run()
    leads = [g.lead for g in rig.said[before:]]
    assert leads[0] is Lead.WAIT
    if to[1]:
        assert said.lead is Lead.STOP
        assert Lead.DRIVE not in leads
    else:
        assert said.final
        first = next(g for g in rig.said[before:] if g.lead is Lead.DRIVE)
        assert abs(first.goal[0, 0] / BLOCK_LENGTH - to[0]) <= 6.0
    assert rig.follower.recoveries == 0


def test_frames_that_are_all_young_enough_make_no_pause():
    """One in a second, as long as that is what the planner allows."""
    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0), pause_s=1.5)
    while not rig.said or not (rig.said[-1].final and rig.said[-1].cost < 0.3):
        rig.step()
        rig.now_s += 0.9
        assert len(rig.said) < 200
    assert rig.leads() == [Lead.WAIT, Lead.DRIVE]


def test_it_does_not_wait_for_ever_where_it_looks_like_one_place_and_then_like_another():
    rig = RouteRig(route_through((0, 0), (24, 0)), (0, 0))
    rig.cost = lambda a, b: float(np.hypot(*(b - (24.0 * (len(rig.said) % 2), 0.0))))
    said = rig.run()
    assert said.lead is Lead.STOP
    assert said.reason.startswith('in doubt: now it looks like picture')
    assert rig.leads() == [Lead.WAIT, Lead.STOP]
    assert rig.now_s - 50.0 == pytest.approx(13.0, abs=0.4)     # as long as if it were lost


@pytest.mark.parametrize('every', [1, 3, 10])
def test_other_goals_on_the_way_do_not_make_a_lost_robot_turn_for_ever(every):
    rig = RouteRig(route_through((0, 0), (42, 0)), (20, 30), look_about_s=5.0)
    while len(rig.said) < 300 and not any(g.lead is Lead.STOP for g in rig.said):
        rig.steps(every)
        rig.lead_anew()
    assert any(g.lead is Lead.STOP for g in rig.said)
    assert 45 <= sum(g.lead is Lead.TURN for g in rig.said) <= 51
    assert rig.trouble.gave_up


def test_other_goals_on_the_way_cost_a_robot_that_knows_where_it_is_nothing():
    rig = RouteRig(route_through((0, 0), (120, 0)), (0, 0), search_s=0.3, look_about_s=0.0)
    for _ in range(60):
        rig.steps(10)
        rig.lead_anew()
    assert Lead.STOP not in rig.leads()
    assert rig.run().final


def test_another_follower_of_a_drive_counts_on_where_it_is_and_what_went_wrong():
    loop = route_through((0, 0), (12, 0), (12, 12), (0, 12), (0, 0))
    rig = RouteRig(loop, (0, 0), most_recoveries=3)
    rig.steps(170)
    while rig.place[1] > 1.5:           # the fourth side, towards where it began
        rig.steps(1)
    rig.lead_anew()
    begun = len(rig.said)
    assert rig.run().final
    assert len(rig.said) - begun < 40

    rig = RouteRig(route_through((0, 0), (60, 0)), (0, 0), most_recoveries=3)
    rig.trouble.recoveries = 3
    rig.steps(30)
    rig.place = np.array((45.0, 0.0))
    assert 'and that was so 4 times' in rig.run().reason


def test_it_does_not_recover_for_ever():
    """Somebody carries it back again and again."""
    rig = RouteRig(route_through((0, 0), (60, 0)), (0, 0), most_recoveries=3)
    while not any(g.lead is Lead.STOP for g in rig.said):
        rig.steps(20)
        rig.place = np.array((0.0 if rig.place[0] > 20 else 45.0, 0.0))
    stop = next(g for g in rig.said if g.lead is Lead.STOP)
    assert 'and that was so 4 times' in stop.reason
