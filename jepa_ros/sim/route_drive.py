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

"""A drive round racks that is filmed: what a person with a joystick would record as a route."""

from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.sim.collect import drive
from jepa_ros.sim.drivers import HIGH, LOW, steer
from jepa_ros.sim.floor import descend
from jepa_ros.sim.tasks import HELD_OUT
from jepa_ros.sim.world import Pose, World
from jepa_ros.types import Image

PERIOD_S = 0.1
LATENCY_S = 0.05
SPEED_M_S = 0.45
# what is round a rack, and not a corner cut: the way is so much longer than the straight line
DETOUR = 1.15
LEG_M = (1.2, 4.5)
_REST_PERIODS = 5


@dataclass(frozen=True)
class Filmed:
    """
    A drive: ``pictures`` of one camera, one a period, and ``poses`` (N, 3) in m and rad.

    ``length_m`` is what was driven.
    """

    pictures: list[Image]
    poses: np.ndarray
    length_m: float
    duration_s: float
    collisions: int


def way_points(world: World, rng: np.random.Generator, least_m: float
               ) -> tuple[list[tuple[float, float]], float]:
    """
    Draw free places, each behind a rack from the last, until the way is ``least_m`` long.

    The last is behind a rack from where the robot stands as well, and not near.  Return the
    length of the way too, in m.
    """
    start = place = (world.pose.x, world.pose.y)
    length_m, points = 0.0, []
    while length_m < least_m or not _is_away(world, start, place):
        x, y, _ = world.floor.sample_pose(rng, margin_m=0.12)
        if world.floor.sees(place, (x, y)) or math.dist((x, y), place) > LEG_M[1]:
            continue
        leg_m = world.floor.path_length((x, y), place)
        if LEG_M[0] <= leg_m <= LEG_M[1] and leg_m > DETOUR * math.dist((x, y), place):
            points.append((x, y))
            place = (x, y)
            length_m += leg_m
    return points, length_m


def _is_away(world: World, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Say whether a drive that ends there is one that a picture of its end does not replace."""
    return not world.floor.sees(start, end) and world.floor.path_length(end, start) >= LEG_M[0]


def film(world: World, camera: str, rng: np.random.Generator, least_m: float = 8.0,
         size: tuple[int, int] | None = None) -> Filmed:
    """
    Drive a world's robot along way points of at least ``least_m``, without noise, and film it.

    Pictures are brought to ``size``, (height, width), where one is given.  RuntimeError where the
    drive does not come to its end.
    """
    points, length_m = way_points(world, rng, least_m)
    start_s, start_m, hits = world.time_s, world.distance_m, world.collisions
    pictures: list[Image] = []
    poses = []
    previous = np.zeros(2)
    limit_s = 10.0 + 10.0 * length_m    # four times what it takes without a turn
    rest, distances = 0, world.floor.distances(points[0], margin_m=0.2)
    while rest < _REST_PERIODS:
        pose = world.pose
        picture = world.render(camera)
        pictures.append(to_model_image(picture, *size) if size else picture.copy())
        poses.append((pose.x, pose.y, pose.yaw))
        if world.time_s - start_s > limit_s:
            raise RuntimeError(f'the drive of seed {world.seed} is not at its end after '
                               f'{limit_s:.0f} s, {len(points)} way points are left')
        while len(points) > 1 and math.dist((pose.x, pose.y), points[0]) < 0.25:
            points.pop(0)
            distances = world.floor.distances(points[0], margin_m=0.2)
        command = _towards(pose, points[0], distances)
        rest = rest + 1 if not command.any() else 0
        drive(world, previous, command, PERIOD_S, LATENCY_S)
        previous = command
    return Filmed(pictures, np.array(poses), world.distance_m - start_m,
                  world.time_s - start_s, world.collisions - hits)


def _towards(pose: Pose, point: tuple[float, float], distances: np.ndarray) -> np.ndarray:
    """Return the command (2,) that leads round things to a point; zero at it."""
    distance = math.dist((pose.x, pose.y), point)
    if distance < 0.05:
        return np.zeros(2)
    target = point if distance < 0.3 else descend(distances, pose.x, pose.y)
    command = steer(pose, target, min(SPEED_M_S, 1.5 * distance + 0.05))
    return np.asarray(np.clip(command, LOW, HIGH), np.float64)


def lay_out(world: World, seed: int) -> np.random.Generator:
    """Lay the world out from a held-out seed; return the generator of what happens in it."""
    world.reset(HELD_OUT + seed)
    return np.random.default_rng([HELD_OUT, seed, 5])


def put_back(world: World, start: Pose, rng: np.random.Generator, off_m: float = 0.05,
             off_rad: float = math.radians(5.0)) -> None:
    """Put the robot back to the start of a drive, a little off, as a person would."""
    for _ in range(100):
        angle = rng.uniform(-math.pi, math.pi)
        pose = Pose(start.x + off_m * math.cos(angle), start.y + off_m * math.sin(angle),
                    start.yaw + rng.uniform(-off_rad, off_rad))
        if world.floor.fits(pose.x, pose.y):
            world.place_robot(pose)
            return
    world.place_robot(start)
