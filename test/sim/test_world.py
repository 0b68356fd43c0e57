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

"""The world is seeded, its robot obeys and collides."""

import math

import numpy as np
import pytest

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.world import Pose, World, WorldConfig

# between the racks, where no seed puts a tote
AISLE = Pose(0.0, -1.0, math.pi / 2)
COMMANDS = [(0.4, 0.6), (0.6, -1.2), (-0.3, 0.9), (0.0, 0.0)]


def place_of(world: World, body: str) -> np.ndarray:
    """Return where a free body is, (x, y, z) in metres."""
    return world.data.joint(body).qpos[:3].copy()


def look_of(world: World) -> np.ndarray:
    """Return every colour and light of the world, flat."""
    return np.concatenate([world.model.geom_rgba.ravel(), world.model.light_diffuse.ravel(),
                           world.model.light_dir.ravel()])


def drive(world: World) -> list[Pose]:
    """Drive the commands, half a second each; return the poses."""
    poses = [world.pose]
    for command in COMMANDS:
        world.step(np.array(command), 0.5)
        poses.append(world.pose)
    return poses


def test_same_seed_and_commands_give_the_same_world(world):
    world.reset(5)
    poses, picture = drive(world), world.render('ceiling').copy()
    other = World(seed=9)
    try:
        other.step(np.array([0.6, 0.3]), 0.4)   # what went before must not matter
        other.reset(5)
        assert drive(other) == poses
        np.testing.assert_array_equal(other.render('ceiling'), picture)
        assert (other.distance_m, other.collisions, other.time_s) == (
            world.distance_m, world.collisions, world.time_s)
    finally:
        other.close()


def test_seeds_differ_in_start_totes_and_look(world):
    world.reset(1)
    first = world.pose, place_of(world, 'tote_0'), look_of(world), world.render().copy()
    world.reset(2)
    assert world.pose != first[0]
    assert np.linalg.norm(place_of(world, 'tote_0') - first[1]) > 0.01
    assert np.abs(look_of(world) - first[2]).max() > 0.05
    assert (world.render() != first[3]).mean() > 0.05


def test_without_appearance_only_places_differ():
    world = World(WorldConfig(appearance=0.0), seed=1)
    look, start = look_of(world), world.pose
    world.reset(2)
    np.testing.assert_array_equal(look_of(world), look)
    assert world.pose != start
    lamp = world.model.light_diffuse[0]
    np.testing.assert_allclose(lamp, 0.5)       # what the MJCF says


@pytest.mark.parametrize('config, message', [
    ({'appearance': 1.1}, r'appearance is 1.1, must be in \[0, 1\]'),
    ({'appearance': math.nan}, 'appearance is nan'),
    ({'acceleration_m_s2': 0.0}, r'acceleration_m_s2 is 0.0, must be in \(0, 100\)'),
    ({'acceleration_rad_s2': math.inf}, 'acceleration_rad_s2 is inf'),
    ({'image_width_px': 8}, r'image_width_px is 8, must be in \[16, 4096\]'),
    ({'image_height_px': 5000}, 'image_height_px is 5000'),
])
def test_config_refuses_nonsense(config, message):
    with pytest.raises(ValueError, match=message):
        WorldConfig(**config)


@pytest.mark.parametrize('speed_m_s', [0.6, 0.3, -0.4])
def test_wheels_drive_straight_at_the_speed_asked(world, speed_m_s):
    start = AISLE if speed_m_s > 0 else Pose(0.0, 0.6, math.pi / 2)
    world.reset(0, start)
    world.step(np.array([speed_m_s, 0.0]), 2.0)
    assert world.velocity[0] == pytest.approx(speed_m_s, rel=0.05)
    # a ramp at the acceleration limit, then the speed asked
    ramp_m = speed_m_s * abs(speed_m_s) / (2 * world.config.acceleration_m_s2)
    assert world.pose.y - start.y == pytest.approx(2.0 * speed_m_s - ramp_m, rel=0.08)
    assert abs(world.pose.x) < 0.02
    assert world.pose.yaw == pytest.approx(math.pi / 2, abs=0.03)
    assert world.distance_m == pytest.approx(abs(world.pose.y - start.y), abs=0.01)
    assert world.collisions == 0


@pytest.mark.parametrize('turn_rad_s', [1.0, -1.0])
def test_wheels_turn_at_the_rate_asked(world, turn_rad_s):
    world.reset(0, Pose(0.0, 0.0, 0.0))
    world.step(np.array([0.0, turn_rad_s]), 2.0)
    # the wheels slip a little, and the base controller gives way a little
    assert world.velocity[1] == pytest.approx(turn_rad_s, rel=0.15)
    ramp_rad = turn_rad_s * abs(turn_rad_s) / (2 * world.config.acceleration_rad_s2)
    assert world.pose.yaw == pytest.approx(2.0 * turn_rad_s - ramp_rad, rel=0.15)
    assert math.hypot(world.pose.x, world.pose.y) < 0.05


def test_it_stops_within_its_deceleration(world):
    world.reset(0, AISLE)
    world.step(np.array([0.6, 0.0]), 1.0)
    before_y = world.pose.y
    world.step(np.zeros(2), 1.0)
    assert abs(world.velocity[0]) < 0.01
    assert abs(world.velocity[1]) < 0.02
    assert world.pose.y - before_y < 0.6 ** 2 / (2 * world.config.acceleration_m_s2) + 0.05


def test_commands_beyond_the_limits_are_clamped(world):
    ends = []
    for command in ((5.0, 0.0), (cell.MAX_SPEED_M_S, 0.0)):
        world.reset(0, AISLE)
        world.step(np.array(command), 1.0)
        ends.append(world.pose)
    assert ends[0] == ends[1]


@pytest.mark.parametrize('command', [(math.nan, 0.0), (0.1, math.inf)])
def test_a_command_that_is_not_finite_moves_nothing(world, command):
    before = world.pose, world.time_s
    with pytest.raises(ValueError, match=f'({command[0]}, {command[1]})'.replace('(', r'\(')
                       .replace(')', r'\)') + ', must be finite'):
        world.step(np.array(command), 0.1)
    assert (world.pose, world.time_s) == before


def test_a_wall_stops_it_and_counts_once(world):
    world.reset(0, Pose(-1.3, 0.0, math.pi))
    world.step(np.array([0.5, 0.0]), 3.0)
    assert world.collisions == 1
    # the chassis touches the face of the wall
    assert world.pose.x == pytest.approx(-cell.HALF_CELL_M + cell.ROBOT_LENGTH_M / 2, abs=0.02)
    assert abs(world.velocity[0]) < 0.02
    world.step(np.array([-0.5, 0.0]), 1.0)
    world.step(np.array([0.5, 0.0]), 3.0)
    assert world.collisions == 2


def test_it_pushes_a_tote(world):
    world.reset(0, Pose(0.0, -0.6, math.pi / 2))
    world.data.joint('tote_0').qpos[:2] = (0.0, 0.0)
    world.data.joint('tote_0').qpos[3:7] = (1.0, 0.0, 0.0, 0.0)
    world.step(np.array([0.4, 0.0]), 2.0)
    x, y, z = place_of(world, 'tote_0')
    # front of the robot, then half of the tote
    assert y == pytest.approx(
        world.pose.y + cell.ROBOT_LENGTH_M / 2 + cell.TOTE_HALF_M[1], abs=0.06)
    assert y > 0.1
    assert abs(x) < 0.1
    assert z == pytest.approx(cell.TOTE_HALF_M[2], abs=0.02)    # it slides, it does not tip
    assert world.collisions >= 1


def test_a_reset_forgets_the_drive(world):
    world.reset(0, Pose(-1.3, 0.0, math.pi))
    world.step(np.array([0.6, 0.4]), 2.0)
    assert world.collisions > 0
    world.reset(0)
    assert (world.time_s, world.distance_m, world.collisions) == (0.0, 0.0, 0)
    assert world.velocity == (0.0, 0.0)
