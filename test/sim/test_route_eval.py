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

"""Drives that are filmed and followed: where they lead, and how following them is scored."""

import math
from pathlib import Path

import numpy as np
import pytest

from jepa_ros.sim.route_drive import film, lay_out, put_back, way_points
from jepa_ros.sim.route_eval import evaluate_routes, RouteEntrant
from jepa_ros.sim.route_score import RouteOutcome, summarise_routes, Way
from jepa_ros.sim.world import Pose

MODEL = Path(__file__).parents[2] / 'models' / 'warehouse_ceiling'


@pytest.mark.parametrize('seed', range(2))
def test_way_points_lead_round_racks_and_away_from_the_start(world, seed):
    rng = lay_out(world, seed)
    start = (world.pose.x, world.pose.y)
    points, length_m = way_points(world, rng, 8.0)
    assert length_m >= 8.0
    legs = list(zip([start, *points[:-1]], points, strict=True))
    assert not any(world.floor.sees(a, b) for a, b in legs)
    assert sum(world.floor.path_length(b, a) for a, b in legs) >= 8.0
    assert not world.floor.sees(start, points[-1])
    assert world.floor.path_length(points[-1], start) >= 1.2
    lay_out(world, seed)
    assert way_points(world, np.random.default_rng([7_000_000_000, seed, 5]), 8.0)[0] == points


def test_a_drive_is_filmed_from_where_it_stands_to_its_end_without_a_touch(world):
    rng = lay_out(world, 1)
    start = world.pose
    filmed = film(world, 'front', rng, 2.0, (24, 24))
    assert len(filmed.pictures) == len(filmed.poses) >= 30
    assert all(p.shape == (24, 24, 3) for p in filmed.pictures)
    assert filmed.collisions == 0
    assert math.dist(filmed.poses[0, :2], (start.x, start.y)) < 0.01
    # it rests at the end
    assert math.dist(filmed.poses[-1, :2], filmed.poses[-4, :2]) < 0.02
    assert filmed.length_m >= 1.2
    put_back(world, start, rng)
    off_m = math.dist((world.pose.x, world.pose.y), (start.x, start.y))
    assert off_m == pytest.approx(0.05, abs=1e-6) or off_m < 1e-6
    assert abs(world.pose.yaw - start.yaw) <= math.radians(5.0) + 1e-6


def square():
    """Return poses round a square of 1 m, a pose every 10 cm; it ends where it begins."""
    side = np.linspace(0.0, 1.0, 11)[:-1]
    one, none = np.ones(10), np.zeros(10)
    x = np.concatenate([side, one, 1 - side, none, [0.0]])
    y = np.concatenate([none, side, one, 1 - side, [0.0]])
    return np.stack([x, y, np.zeros(41)], axis=1)


def test_progress_is_counted_in_order():
    way = Way(square())
    way.note(Pose(0.0, 0.0, 0.0))
    assert way.progress < 0.01              # though it stands at the end as well
    for x in (0.3, 0.6, 0.9):
        way.note(Pose(x, -0.1, 0.0))
    assert way.progress == pytest.approx(0.9 / 4, abs=0.01)
    way.note(Pose(0.5, 2.0, 0.0))           # off the way
    assert way.progress == pytest.approx(0.9 / 4, abs=0.01)
    for y in (0.2, 0.5, 0.8, 1.0):
        way.note(Pose(1.0, y, 0.0))
    for x in (0.5, 0.2, 0.0):
        way.note(Pose(x, 1.0, 0.0))
    for y in (0.5, 0.2, 0.0):
        way.note(Pose(0.0, y, 0.0))
    assert way.progress == pytest.approx(1.0)


def outcome(**changes):
    return RouteOutcome(**{
        'seed': 0, 'length_m': 8.0, 'stopped': True, 'reason': 'near', 'final_distance_m': 0.1,
        'progress': 1.0, 'collisions': 1, 'driven_m': 10.0, 'duration_s': 20.0,
        'recorded_s': 25.0, 'pictures': 15, 'recoveries': 0, **changes})


def test_what_counts_is_to_stop_by_itself_near_the_end():
    made = summarise_routes([
        outcome(), outcome(final_distance_m=0.25), outcome(final_distance_m=0.31),
        outcome(stopped=False, reason='not there after 60 s'),
        outcome(stopped=False, reason='lost', recoveries=5, progress=0.5)])
    assert made['success_rate_0.3_m'] == pytest.approx(0.4)
    assert made['success_rate_0.2_m'] == pytest.approx(0.2)
    assert made['gave_up'] == 1
    assert made['progress'] == pytest.approx(0.9)
    assert made['recoveries_per_route'] == 1.0
    assert made['collisions_per_m'] == pytest.approx(0.1)
    low, high = made['interval_0.3_m']
    assert 0.05 < low < 0.4 < high < 0.95


def test_another_kind_of_entrant_is_refused():
    with pytest.raises(ValueError, match="kind is 'other', must be route or last_picture"):
        list(evaluate_routes(RouteEntrant('x', 'other', MODEL, 'ceiling'), [0], 1))


@pytest.mark.slow
def test_the_committed_model_follows_a_drive():
    entrant = RouteEntrant('route', 'route', MODEL, 'ceiling', least_m=3.0)
    (outcome,) = evaluate_routes(entrant, [0], 1)
    assert outcome.success(0.3), outcome
    assert outcome.progress > 0.9
    assert outcome.pictures >= 4
