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

"""Tasks: from a free start pose to a free goal pose, drawn from a seed."""

from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.floor import Floor
from jepa_ros.sim.world import Pose, World

# seeds that no data set uses: episodes for training hash (seed, index) below 2^32
HELD_OUT = 7_000_000_000


@dataclass(frozen=True)
class Task:
    """
    One closed-loop episode: the world's seed, where to start, where to go.

    ``straight`` tells whether the straight line is free of racks; ``shortest_m`` is the length
    of the shortest free way.
    """

    seed: int
    start: Pose
    goal: Pose
    straight: bool
    shortest_m: float


# far more than any goal that there is takes
_MOST_DRAWS = 20_000
# half of what the front camera sees from side to side, once its picture is cut square
HALF_VIEW_RAD = math.radians(cell.FRONT_FOVY_DEG) / 2


def in_view(floor: Floor, start: Pose, goal: Pose) -> bool:
    """Tell whether a goal's place is in the front camera's picture, and the way there is free."""
    bearing = math.remainder(math.atan2(goal.y - start.y, goal.x - start.x) - start.yaw, math.tau)
    return abs(bearing) < HALF_VIEW_RAD and floor.sees((start.x, start.y), (goal.x, goal.y))


def _task(floor: Floor, seed: int, start: Pose, goal: Pose, nearest_m: float,
          farthest_m: float, only_in_view: bool) -> Task | None:
    """Return the task from start to goal, None where it is not one of those wanted."""
    a, b = (start.x, start.y), (goal.x, goal.y)
    if not nearest_m <= math.dist(a, b) <= farthest_m:
        return None
    if only_in_view and not in_view(floor, start, goal):
        return None
    shortest_m = floor.path_length(a, b)
    if not math.isfinite(shortest_m):
        return None
    return Task(seed, start, goal, floor.sees(a, b), shortest_m)


def draw_task(world: World, seed: int, nearest_m: float = 0.75, farthest_m: float = 3.0,
              only_in_view: bool = False) -> Task:
    """Lay the world out from a held-out seed, draw a task and put the robot at its start."""
    world.reset(HELD_OUT + seed)
    rng = np.random.default_rng([HELD_OUT, seed])
    floor: Floor = world.floor
    while True:
        start, goal = Pose(*floor.sample_pose(rng)), Pose(*floor.sample_pose(rng))
        task = _task(floor, seed, start, goal, nearest_m, farthest_m, only_in_view)
        if task is not None:
            world.place_robot(start)
            return task


def demo_task(world: World, seed: int, camera: str = 'ceiling') -> Task:
    """Draw the goal of the demo for where ``world``, reset with ``seed``, has put the robot."""
    return task_from_here(world, seed, np.random.default_rng([seed, 4]), camera)


def task_from_here(world: World, seed: int, rng: np.random.Generator, camera: str) -> Task:
    """
    Draw a goal 1 to 3 m from where the robot is in ``world``, laid out from ``seed``.

    For the front camera 0.75 to 2 m, and in view.  ValueError where no such place is free.
    """
    front = camera == 'front'
    nearest_m, farthest_m = (0.75, 2.0) if front else (1.0, 3.0)
    for _ in range(_MOST_DRAWS):
        task = _task(world.floor, seed, world.pose, Pose(*world.floor.sample_pose(rng)),
                     nearest_m, farthest_m, front)
        if task is not None:
            return task
    raise ValueError(f'seed is {seed}: of {_MOST_DRAWS} places drawn none is free, '
                     f'{nearest_m:g} to {farthest_m:g} m from the robot'
                     f"{' and in its view' if front else ''}; take another seed")
