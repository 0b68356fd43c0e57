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

"""Tasks keep their limits, and no task's world is one that was trained on."""

import math

import pytest

from jepa_ros.sim.collect import CollectConfig, record_episode
from jepa_ros.sim.tasks import demo_task, draw_task, HELD_OUT, in_view
from jepa_ros.sim.world import Pose

SEEDS = range(12)


@pytest.fixture(scope='module')
def tasks(shared_world):
    """Return a few tasks, each with the pose and seed that drawing it left in the world."""
    found = []
    for seed in SEEDS:
        task = draw_task(shared_world, seed)
        floor = shared_world.floor
        a, b = (task.start.x, task.start.y), (task.goal.x, task.goal.y)
        found.append((task, shared_world.pose, shared_world.seed, floor.sees(a, b),
                      floor.path_length(a, b), floor.fits(*b)))
    return found


def test_distances_are_within_limits(tasks):
    for task, *_ in tasks:
        distance = math.dist((task.start.x, task.start.y), (task.goal.x, task.goal.y))
        assert 0.75 <= distance <= 3.0
        assert distance <= task.shortest_m < math.inf


def test_the_robot_stands_at_the_start_and_the_goal_is_free(tasks):
    for task, pose, _, _, _, fits in tasks:
        assert (pose.x, pose.y) == (task.start.x, task.start.y)
        assert pose.yaw == pytest.approx(task.start.yaw)
        assert fits


def test_what_is_told_of_the_way_is_true(tasks):
    for task, _, _, sees, length, _ in tasks:
        assert (task.straight, task.shortest_m) == (sees, length)
    assert {task.straight for task, *_ in tasks} == {True, False}


def test_a_seed_is_a_task(tasks, world):
    assert draw_task(world, 3) == tasks[3][0]
    assert len({task.start for task, *_ in tasks}) == len(SEEDS)


def test_other_limits_are_kept(world):
    task = draw_task(world, 0, nearest_m=1.5, farthest_m=1.6)
    assert 1.5 <= math.dist((task.start.x, task.start.y), (task.goal.x, task.goal.y)) <= 1.6


def test_held_out_worlds_are_never_collected(tasks, world):
    assert [seed for _, _, seed, *_ in tasks] == [HELD_OUT + seed for seed in SEEDS]
    for index in range(3):
        record_episode(world, CollectConfig(steps=10, image_px=16), index)
        assert 0 <= world.seed < 2 ** 32 <= HELD_OUT


def test_a_demo_starts_where_the_world_is(world):
    world.reset(4)
    pose = world.pose
    task = demo_task(world, 4)
    assert task.start == pose == world.pose
    assert 1.0 <= math.dist((pose.x, pose.y), (task.goal.x, task.goal.y)) <= 3.0
    assert world.floor.fits(task.goal.x, task.goal.y)
    assert demo_task(world, 4) == task


def test_a_demo_of_the_front_camera_has_its_goal_in_view(world):
    world.reset(3)
    task = demo_task(world, 3, 'front')
    assert in_view(world.floor, task.start, task.goal)
    assert 0.75 <= math.dist((task.start.x, task.start.y), (task.goal.x, task.goal.y)) <= 2.0
    world.reset(1)      # before a wall
    with pytest.raises(ValueError, match=r'seed is 1: of 20000 places drawn none is free, 0.75 '
                                         r'to 2 m from the robot and in its view'):
        demo_task(world, 1, 'front')


def test_a_goal_in_view_is_before_the_camera_and_behind_no_rack(world):
    floor = world.floor
    start = Pose(-0.85, 0.2, 0.0)       # between the racks on the left, looking along them
    assert in_view(floor, start, Pose(0.5, 0.2, 2.0))
    assert not in_view(floor, start, Pose(-1.5, 0.2, 0.0))          # behind the robot
    assert not in_view(floor, start, Pose(-0.85, 1.4, 0.0))         # to the side
    aside = Pose(-0.85, 0.2, 1.5707963)
    assert not in_view(floor, aside, Pose(-0.85, 1.4, 0.0))         # behind the rack before it
    for seed in range(6):
        task = draw_task(world, seed, farthest_m=2.0, only_in_view=True)
        assert in_view(world.floor, task.start, task.goal)
        assert task.straight
        assert math.dist((task.start.x, task.start.y), (task.goal.x, task.goal.y)) <= 2.0
