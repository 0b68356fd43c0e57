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

"""What a way costs over open floor is what the robot's own moves make of it."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_ros.learning import open_floor
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.open_floor import OpenFloor

BLOCK = 5
STEP_M, STEP_RAD = 0.05, 0.15


@pytest.fixture(autouse=True)
def small_grid(monkeypatch):
    monkeypatch.setattr(open_floor, '_REACH_CELLS', 12)
    monkeypatch.setattr(open_floor, '_HEADINGS', 24)


def drives(commands: np.ndarray) -> Episodes:
    """Return drives that hold each of the commands (C, 3), ahead, left and turn, for 8 steps."""
    rng = np.random.default_rng(0)
    poses = np.zeros((4, 801, 3))
    for drive in poses:
        for step in range(800):
            if step % 8 == 0:
                ahead, left, turn = commands[rng.integers(len(commands))]
            x, y, yaw = drive[step]
            middle = yaw + turn / 2
            drive[step + 1] = (x + ahead * np.cos(middle) - left * np.sin(middle),
                               y + ahead * np.sin(middle) + left * np.cos(middle), yaw + turn)
    first = np.repeat(np.arange(4) * 801, 801)
    n = len(first)
    return Episodes(np.zeros((n, 1, 1, 3), np.uint8), np.zeros((n, 2), np.float32),
                    poses.reshape(-1, 3).astype(np.float32), first, first + 800)


def costs(floor, places):
    """Return the blocks from the origin to places (N, 3)."""
    poses = np.concatenate([np.zeros((1, 3)), np.array(places)]).astype(np.float32)
    n = len(poses)
    there = Episodes(np.zeros((n, 1, 1, 3), np.uint8), np.zeros((n, 2), np.float32), poses,
                     np.zeros(n, int), np.full(n, n - 1))
    return floor.costs(there, np.zeros(n - 1, int), np.arange(1, n)).numpy()


WHEELS = np.array([[v * STEP_M, 0.0, w * STEP_RAD] for v in (-1, 0, 1) for w in (-1, 0, 1)])
ANY_WAY = np.array([[v * STEP_M, u * STEP_M, w * STEP_RAD]
                    for v in (-1, 0, 1) for u in (-1, 0, 1) for w in (-1, 0, 1)])


def test_two_wheels_go_ahead_and_back_in_their_time_and_aside_in_more():
    floor = OpenFloor(drives(WHEELS), BLOCK)
    ahead, back, left, right, turned = costs(floor, [
        [0.25, 0.0, 0.0], [-0.25, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, -0.25, 0.0],
        [0.0, 0.0, 5 * STEP_RAD]])
    assert ahead == pytest.approx(1.0, abs=0.15)
    assert back == pytest.approx(1.0, abs=0.15)
    assert turned == pytest.approx(1.0, abs=0.25)
    assert left > 2.5
    assert left == pytest.approx(right, rel=0.05)


def test_one_that_can_go_aside_does():
    floor = OpenFloor(drives(ANY_WAY), BLOCK)
    ahead, left = costs(floor, [[0.25, 0.0, 0.0], [0.0, 0.25, 0.0]])
    assert left == pytest.approx(ahead, rel=0.15)


def test_nearer_is_never_dearer_and_here_is_nothing():
    floor = OpenFloor(drives(WHEELS), BLOCK)
    way = costs(floor, [[x, 0.0, 0.0] for x in np.linspace(0.0, 0.5, 11)])
    assert way[0] == 0.0
    assert (np.diff(way) > 0.0).all()
    far, farther = costs(floor, [[0.59, 0.0, 0.0], [5.0, 0.0, 0.0]])
    assert farther == pytest.approx(far, rel=0.1)       # as the edge of the grid


def test_without_odometry_there_is_no_floor_and_a_gap_in_it_costs_nothing():
    some = drives(WHEELS)
    blind = replace(some, poses=np.full_like(some.poses, np.nan))
    with pytest.raises(ValueError, match='no drive has odometry'):
        OpenFloor(blind, BLOCK)
    with pytest.raises(ValueError, match='the robot does not get about'):
        OpenFloor(drives(np.zeros((1, 3))), BLOCK)
    floor = OpenFloor(some, BLOCK)
    assert floor.costs(blind, np.array([0]), np.array([50])).tolist() == [0.0]


def test_a_slip_of_the_odometry_is_no_move():
    some = drives(WHEELS)
    poses = some.poses.copy()
    poses[400:801, 0] += 3.0
    slipped = OpenFloor(replace(some, poses=poses), BLOCK)
    places = [[0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]
    np.testing.assert_allclose(costs(slipped, places), costs(OpenFloor(some, BLOCK), places),
                               rtol=0.1)
