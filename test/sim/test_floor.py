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

"""The map of the floor against lengths that can be worked out by hand."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.floor import CELL_M, descend, Floor

FLOOR = Floor.without_totes()


def true_clearance(x: float, y: float) -> float:
    """Return metres from a point to the nearest wall, rack or pallet, worked out exactly."""
    found = [cell.HALF_CELL_M - abs(x), cell.HALF_CELL_M - abs(y)]
    found += [math.hypot(max(abs(x - b.x) - b.half_x, 0.0), max(abs(y - b.y) - b.half_y, 0.0))
              for b in cell.OBSTACLES]
    return min(found)


@pytest.mark.parametrize('a, b', [
    ((-1.5, 0.0), (1.5, 0.0)),
    ((0.0, -1.5), (0.0, 1.2)),
    ((-0.2, -0.2), (0.2, 0.2)),
])
def test_a_free_straight_line_is_the_shortest_way(a, b):
    assert FLOOR.sees(a, b)
    assert math.dist(a, b) <= FLOOR.path_length(a, b) <= math.dist(a, b) + 2 * CELL_M


def test_round_a_rack_is_longer():
    a, b = (-0.9, 0.3), (-0.9, 1.3)     # rack_0 stands between them
    assert not FLOOR.sees(a, b)
    assert not FLOOR.sees(b, a)
    rack = cell.RACKS[0]
    # no way is shorter than a string tight around the rack's nearer end; none needs to be
    # longer than one around the end moved out by a robot, on a grid of eight directions
    tight = math.dist(a, (rack.x + rack.half_x, rack.y - rack.half_y)) + 2 * rack.half_y + (
        math.dist(b, (rack.x + rack.half_x, rack.y + rack.half_y)))
    assert tight < FLOOR.path_length(a, b) < 1.082 * (tight + 4 * cell.ROBOT_RADIUS_M)


def test_there_is_no_way_into_a_rack():
    rack = cell.RACKS[1]
    assert FLOOR.path_length((0.0, 0.0), (rack.x, rack.y)) == math.inf


PLACES = st.tuples(st.floats(-1.7, 1.7), st.floats(-1.7, 1.7)).filter(
    lambda p: true_clearance(*p) > cell.ROBOT_RADIUS_M)


@settings(max_examples=12)
@given(a=PLACES, b=PLACES)
def test_ways_are_never_shorter_than_the_line_and_equal_both_ways(a, b):
    there, back = FLOOR.path_length(a, b), FLOOR.path_length(b, a)
    assert there >= math.dist(a, b)
    assert there == pytest.approx(back, abs=1e-9)


@pytest.mark.parametrize('x, y, fits', [
    (0.0, 0.0, True), (0.9, 0.75, False), (1.9, 0.0, False), (0.0, 1.4, False)])
def test_fits(x, y, fits):
    assert FLOOR.fits(x, y) is fits


def test_poses_keep_their_clearance(rng):
    yaws = []
    for _ in range(300):
        x, y, yaw = FLOOR.sample_pose(rng)
        # the margin is kept from the middle of a cell of the map
        assert true_clearance(x, y) >= cell.ROBOT_RADIUS_M + 0.08 - CELL_M * math.sqrt(0.5)
        yaws.append(yaw)
    assert min(yaws) < -2.5
    assert max(yaws) > 2.5


def test_totes_take_room_and_leave_the_passages_free(rng):
    for _ in range(30):
        first = FLOOR.sample_tote(rng, [])
        second = FLOOR.sample_tote(rng, [first])
        assert math.dist(first, second) > 0.8
        floor = Floor.with_totes((first, second))
        for tote in (first, second):
            assert not floor.fits(*tote)
            assert true_clearance(*tote) > cell.TOTE_HALF_M[1]
        distances = floor.distances((0.0, 0.0))
        for x, y in ((0.0, 0.75), (1.67, 0.75), (-1.67, -0.75)):    # between and beside racks
            assert floor.fits(x, y)
            i, j = (int((c + cell.HALF_CELL_M) / CELL_M) for c in (x, y))
            assert distances[i, j] < math.hypot(x, y) + 1.3


def test_poses_keep_clear_of_totes(rng):
    tote = (0.0, 0.3)
    floor = Floor.with_totes((tote,))
    radius = math.hypot(*cell.TOTE_HALF_M[:2])
    for _ in range(200):
        x, y, _ = floor.sample_pose(rng)
        assert math.dist((x, y), tote) >= radius + cell.ROBOT_RADIUS_M


def test_downhill_leads_to_the_goal_round_a_rack():
    goal, place = (-0.9, 1.3), (-0.9, 0.25)
    distances = FLOOR.distances(goal, margin_m=0.15)
    driven = 0.0
    for _ in range(20):
        following = descend(distances, *place)
        if following == place:
            break
        assert true_clearance(*following) > 0.1
        driven += math.dist(place, following)
        place = following
    assert math.dist(place, goal) < CELL_M
    assert FLOOR.path_length((-0.9, 0.25), goal) * 0.9 < driven < 3.0


def test_a_margin_keeps_ways_off_the_racks():
    # both ways from the middle aisle to the outside pass the same rack's end
    goal, place = (1.6, 1.3), (0.9, 0.25)

    def least(margin_m: float) -> float:
        distances, at, found = FLOOR.distances(goal, margin_m), place, math.inf
        for _ in range(80):
            at = descend(distances, *at, ahead_m=CELL_M)
            found = min(found, true_clearance(*at))
        assert math.dist(at, goal) < 2 * CELL_M
        return found

    assert least(0.15) > least(0.0) + 0.02
    assert least(0.15) > cell.ROBOT_WIDTH_M / 2 + 0.15 - CELL_M / 2


def test_the_map_itself_is_exact(rng):
    for x, y in rng.uniform(-1.95, 1.95, (50, 2)):
        i, j = (int((c + cell.HALF_CELL_M) / CELL_M) for c in (x, y))
        # a cell's value is that of its centre
        assert FLOOR.clearance[i, j] == pytest.approx(true_clearance(x, y),
                                                      abs=CELL_M * math.sqrt(0.5) + 1e-9)
    assert np.isfinite(FLOOR.clearance).all()
