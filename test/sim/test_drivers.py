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

"""The drivers that make training data: bounded, purposeful where they should be, varied."""

import math

import numpy as np
import pytest

from jepa_ros.sim.drivers import (
    GoalDriver,
    HIGH,
    LOW,
    MixedDriver,
    RandomDriver,
    steer,
    wrapped,
)
from jepa_ros.sim.world import Pose

HERE = Pose(0.0, 0.0, 0.0)


@pytest.mark.parametrize('angle, wanted', [
    (0.0, 0.0), (3 * math.pi / 2, -math.pi / 2), (-3 * math.pi / 2, math.pi / 2),
    (2 * math.pi + 0.1, 0.1)])
def test_wrapped(angle, wanted):
    assert wrapped(angle) == pytest.approx(wanted)


@pytest.mark.parametrize('target, reverse, speed, turn', [
    ((1.0, 0.0), False, 0.5, 0.0),
    ((0.0, 1.0), False, 0.0, 2.5 * math.pi / 2),
    ((0.0, -1.0), False, 0.0, -2.5 * math.pi / 2),
    ((-1.0, 1e-9), False, 0.0, 2.5 * math.pi),
    ((-1.0, 0.0), True, -0.5, 0.0),
    ((1.0, 1.0), False, 0.25, 2.5 * math.pi / 4),
])
def test_steer(target, reverse, speed, turn):
    assert steer(HERE, target, 0.5, reverse) == pytest.approx((speed, turn), abs=1e-6)


def make(name, rng, world):
    """Return a driver by name."""
    return {'random': lambda: RandomDriver(rng), 'goal': lambda: GoalDriver(rng, world.floor),
            'mixed': lambda: MixedDriver(rng, world)}[name]()


@pytest.mark.parametrize('name', ['random', 'goal', 'mixed'])
def test_commands_are_bounded_varied_and_seeded(name, world):
    poses = [Pose(0.3 * math.cos(i), 0.3 * math.sin(i), 0.1 * i) for i in range(400)]
    runs = []
    for _ in range(2):
        driver = make(name, np.random.default_rng(2), world)
        runs.append(np.array([driver(pose) for pose in poses]))
    np.testing.assert_array_equal(*runs)
    commands = runs[0]
    assert commands.shape == (400, 2)
    assert np.isfinite(commands).all()
    assert (commands >= LOW).all()
    assert (commands <= HIGH).all()
    assert (commands.std(axis=0) > 0.1 * HIGH).all()


def test_random_commands_are_held_and_cover_their_range(rng):
    driver = RandomDriver(rng)
    commands = np.array([driver(HERE) for _ in range(3000)])
    held = (np.diff(commands, axis=0) == 0).all(axis=1).mean()
    assert 0.7 < held < 0.95
    assert (commands.min(axis=0) < 0.9 * LOW).all()
    assert (commands.max(axis=0) > 0.9 * HIGH).all()
    assert (commands == 0).all(axis=1).any()


def test_a_goal_driver_gets_to_its_goals(world):
    driver = GoalDriver(np.random.default_rng(1), world.floor)
    rests = 0
    for _ in range(900):
        command = driver(world.pose)
        rests += not command.any()
        world.step(command, 0.1)
    # it rests only within 0.06 m of a goal, facing as the goal says
    assert rests >= 3
    assert world.distance_m > 3.0
