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

"""A route is a graph of pictures: the shortest way, what makes none, and how drives become one."""

from itertools import pairwise
import math

import numpy as np
from point_world import BLOCK_LENGTH, picture, PointModel
import pytest

from jepa_ros.core.goal import goal_latent
from jepa_ros.core.route import Edge, NoWayError, Route
from jepa_ros.core.route_plan import at_rest, joined, kept, meetings, Spacing


def places(*points):
    """Return latents (N, 1, 2) of the point's places."""
    return np.array(points, np.float32)[:, None]


def line(start, end, count):
    """Return latents (count, 1, 2) from a place to another."""
    return places(*np.linspace(start, end, count))


def blocks(start, end):
    """Return the distance of two latents in blocks, as the point's critic has it."""
    return float(np.linalg.norm(end - start)) / BLOCK_LENGTH


def square(*more):
    """Return a route 0 > 1 > 2 > 3 and edges besides."""
    return Route(places((0, 0), (1, 0), (1, 1), (0, 1)),
                 (Edge(0, 1, 2.0), Edge(1, 2, 2.0), Edge(2, 3, 2.0), *more))


def test_the_way_goes_along_the_drive():
    assert square().path(0, 3) == (0, 1, 2, 3)
    assert square().path(2, 2) == (2,)


def test_a_shorter_way_is_taken_a_longer_one_not():
    assert square(Edge(0, 3, 5.9)).path(0, 3) == (0, 3)
    assert square(Edge(0, 3, 6.1)).path(0, 3) == (0, 1, 2, 3)


def test_nobody_drove_back():
    with pytest.raises(NoWayError, match='no way leads from picture 3 to picture 0'):
        square().path(3, 0)


def test_a_blocked_edge_is_gone_round():
    route = square(Edge(0, 3, 50.0))
    assert route.path(0, 3, without={(1, 2)}) == (0, 3)
    with pytest.raises(NoWayError):
        route.path(0, 3, without={(1, 2), (0, 3)})


@pytest.mark.parametrize('edge, words', [
    (Edge(0, 4, 1.0), 'node is 4, the route has 0 to 3'),
    (Edge(-1, 1, 1.0), 'node is -1'),
    (Edge(1, 1, 1.0), 'edge from 1 to 1'),
    (Edge(0, 1, math.nan), 'nan blocks'),
    (Edge(0, 1, -1.0), '-1.0 blocks'),
])
def test_edges_that_are_none_are_refused(edge, words):
    with pytest.raises(ValueError, match=words):
        square(edge)


@pytest.mark.parametrize('nodes, words', [
    (np.zeros((0, 1, 2), np.float32), 'with N from 1'),
    (np.zeros((3, 2), np.float32), r'shape \(3, 2\)'),
    (np.full((3, 1, 2), np.nan, np.float32), 'not finite'),
])
def test_nodes_that_are_none_are_refused(nodes, words):
    with pytest.raises(ValueError, match=words):
        Route(nodes, ())


def test_the_likest_come_first():
    route = square()
    assert route.likest(np.array([[0.9, 0.8]], np.float32), 2) == (2, 1)
    assert len(route.likest(np.array([[0.9, 0.8]], np.float32), 9)) == 4


def test_pictures_are_kept_as_far_apart_as_wanted():
    """A line of 12 blocks in steps of a half, driven at half the full speed."""
    latents = line((0, 0), (12 * BLOCK_LENGTH, 0), 25)
    chosen, driven = kept(latents, list(range(25)), blocks, Spacing(2.99, 20.0, 0.99))
    assert chosen == [0, 6, 12, 18, 24]
    # half a block in each: the first of them at full speed, as far as anyone knows
    assert driven == [pytest.approx(5.5)] * 4


def test_a_slow_drive_has_a_picture_every_so_often():
    latents = line((0, 0), (6 * BLOCK_LENGTH, 0), 25)
    chosen, driven = kept(latents, list(range(25)), blocks, Spacing(apart=3.0, most=5.0))
    assert max(driven) <= 6.0
    assert all(blocks(latents[a], latents[b]) >= 0.6 for a, b in pairwise(chosen))


def test_a_robot_that_stands_makes_no_pictures_and_no_way():
    """Two seconds of standing in the middle of a drive, and at both ends."""
    there = line((0, 0), (3 * BLOCK_LENGTH, 0), 7)
    on = line((3 * BLOCK_LENGTH, 0), (6 * BLOCK_LENGTH, 0), 7)
    latents = [*[there[0]] * 40, *there, *[there[-1]] * 40, *on, *[on[-1]] * 40]
    chosen, driven = kept(latents, [0.5 * i for i in range(len(latents))], blocks,
                          Spacing(apart=2.99))
    np.testing.assert_allclose([latents[i][0, 0] / BLOCK_LENGTH for i in chosen], [0, 3, 6],
                               atol=1e-5)
    assert sum(driven) == pytest.approx(6.0)


def test_the_last_place_is_kept_though_it_is_near():
    latents = line((0, 0), (3.4 * BLOCK_LENGTH, 0), 35)
    chosen, _ = kept(latents, [0.1 * i for i in range(35)], blocks, Spacing())
    assert chosen == [0, 34]


def test_a_drive_that_goes_nowhere_is_refused():
    with pytest.raises(ValueError, match='the drive of 30 pictures goes nowhere'):
        kept([line((0, 0), (1, 1), 2)[0]] * 30, list(range(30)), blocks, Spacing())


@pytest.mark.parametrize('wrong', [{'apart': 6.0}, {'least': 4.0}, {'least': 0.0},
                                   {'most': math.inf}, {'same': -1.0}, {'same': math.nan}])
def test_distances_in_no_order_are_refused(wrong):
    with pytest.raises(ValueError, match='must be'):
        Spacing(**wrong)


def crossing(step):
    """Return two drives of 7 pictures that share places 3 to 5 when ``step`` is 0."""
    first = line((0, 0.5), (18 * BLOCK_LENGTH, 0.5), 7)
    second = np.array(first)
    second[:, 0, 1] += np.float32(BLOCK_LENGTH) * np.array([6, 4, 2, step, step, step, 4])
    return np.concatenate([first, second])


def test_drives_meet_where_they_pass_the_same_places():
    edges = meetings(crossing(0.3), [0] * 7 + [1] * 7, blocks, Spacing())
    assert {(e.start, e.end) for e in edges} == {
        (3, 10), (10, 3), (4, 11), (11, 4), (5, 12), (12, 5)}
    assert all(e.seen and e.blocks == pytest.approx(0.3, abs=1e-4) for e in edges)


def test_no_places_are_one_where_that_is_not_wanted():
    assert meetings(crossing(0.0), [0] * 7 + [1] * 7, blocks, Spacing(same=0.0)) == []
    assert meetings(crossing(0.0), [0] * 7 + [1] * 7, blocks, Spacing(same=0.1)) != []


def test_drives_that_only_come_near_do_not_meet():
    assert meetings(crossing(1.5), [0] * 7 + [1] * 7, blocks, Spacing()) == []


def test_two_places_that_look_alike_once_do_not_meet():
    """A single pair, with nothing like it before and behind."""
    first = line((0, 0), (18 * BLOCK_LENGTH, 0), 7)
    second = line((9 * BLOCK_LENGTH, -6 * BLOCK_LENGTH), (9 * BLOCK_LENGTH, 6 * BLOCK_LENGTH), 5)
    nodes, drives = np.concatenate([first, second]), [0] * 7 + [1] * 5
    assert blocks(nodes[3], nodes[9]) < 1e-6
    assert meetings(nodes, drives, blocks, Spacing()) == []


def test_a_way_against_the_drive_does_not_meet_it():
    """The same places in the other order: a robot would have to turn round."""
    first = line((0, 0), (18 * BLOCK_LENGTH, 0), 7)
    nodes = np.concatenate([first, first[::-1]])
    assert meetings(nodes, [0] * 7 + [1] * 7, blocks, Spacing()) == []


def test_a_route_of_two_drives_goes_over_from_one_to_the_other():
    nodes = crossing(0.3)
    route = joined(nodes, [0] * 7 + [1] * 7, [[3.0] * 6, [3.5] * 6], blocks, Spacing())
    path = route.path(0, 13)
    assert path[0] == 0
    assert path[-1] == 13
    assert sum(abs(b - a) == 7 for a, b in pairwise(path)) == 1
    with pytest.raises(NoWayError):
        Route(nodes, tuple(e for e in route.edges if not e.seen)).path(0, 13)


def test_neighbours_of_a_drive_are_not_joined_twice():
    close = line((0, 0), (4 * BLOCK_LENGTH, 0), 9)     # half a block apart
    assert all(abs(e.end - e.start) == 1
               for e in joined(close, [0] * 9, [[0.5] * 8], blocks, Spacing(same=0.6)).edges)


def test_the_critic_is_asked_about_a_robot_at_rest():
    model = PointModel(history=2)
    distance = at_rest(model)
    start, end = (goal_latent(model, picture(*at)) for at in ((0.2, 0.2), (0.5, 0.6)))
    # beyond the arrival cost
    assert distance(start, end) == pytest.approx(blocks(start, end) - 0.4, rel=1e-4)
    model.bad_latent = True
    with pytest.raises(ValueError, match='latent'):
        goal_latent(model, picture(0.2, 0.2))


def test_edges_of_no_length_lead_into_no_dead_end():
    """Pictures that are alike join drives both ways; of equal ways only some go on."""
    both = [Edge(a, b, blocks) for one, other, blocks in ((1, 3, 0.0), (3, 5, 0.5))
            for a, b in ((one, other), (other, one))]
    route = Route(places(*((i, 0) for i in range(7))), (
        Edge(0, 1, 1.0), Edge(2, 3, 2.0), Edge(3, 4, 0.0), Edge(5, 6, 3.0), *both))
    assert route.path(2, 6) == (2, 3, 5, 6)
    assert route.path(3, 6) == (3, 5, 6)
