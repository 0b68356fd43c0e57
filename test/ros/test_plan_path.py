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

"""A plan as a path: where the answer is known."""

import math

import numpy as np
import pytest

from jepa_ros.ros.messages import to_seconds, to_trajectory
from jepa_ros.ros.plan_path import integrate, path_of, to_path
from jepa_ros.types import ActionSpec, Plan

NAMES = ('linear_x', 'angular_z')
ACTION = ActionSpec(NAMES, ('m/s', 'rad/s'), (-1.0, -2.0), (1.0, 2.0), 2, 0.1)


def plan(blocks: np.ndarray) -> Plan:
    """Return a plan of these actions that starts at 12.5 s."""
    return Plan(blocks.astype(np.float32), np.zeros((len(blocks), 1, 4), np.float32),
                np.zeros(len(blocks) + 1, np.float32), 1.0, 12.5, 0.1, 2, 0.01)


@pytest.mark.parametrize('actions, end', [
    ([(0.5, 0.0)] * 4, (0.2, 0.0, 0.0)),
    ([(-0.5, 0.0)] * 4, (-0.2, 0.0, 0.0)),
    ([(0.0, math.pi / 2)] * 10, (0.0, 0.0, math.pi / 2)),
    # a quarter of a circle of radius 1 / (pi / 2), in one action of 1 s, or in ten of 0.1 s
    ([(1.0, math.pi / 2)] * 10, (2 / math.pi, 2 / math.pi, math.pi / 2)),
    # there and back: an arc driven backwards ends where it began
    ([(1.0, 1.0)] * 5 + [(-1.0, -1.0)] * 5, (0.0, 0.0, 0.0)),
])
def test_twists_lead_where_wheels_would(actions, end):
    poses = integrate(np.array(actions), NAMES, 0.1)
    assert len(poses) == len(actions) + 1
    np.testing.assert_allclose(poses[0], 0.0)
    np.testing.assert_allclose(poses[-1], end, atol=1e-12)


def test_an_arc_is_exact_however_it_is_cut():
    ten = integrate(np.array([(0.3, 0.7)] * 10), NAMES, 0.1)
    one = integrate(np.array([(0.3, 0.7)]), NAMES, 1.0)
    np.testing.assert_allclose(ten[-1], one[-1], atol=1e-12)


def test_a_robot_that_goes_sideways_does():
    names = ('linear_x', 'linear_y', 'angular_z')
    np.testing.assert_allclose(integrate(np.array([(0.0, 0.5, 0.0)]), names, 1.0)[-1],
                               (0.0, 0.5, 0.0))
    # a quarter turn while it drives to the left: the mirror of one that drives ahead
    np.testing.assert_allclose(
        integrate(np.array([(0.0, 1.0, math.pi / 2)]), names, 1.0)[-1],
        (-2 / math.pi, 2 / math.pi, math.pi / 2), atol=1e-12)


def test_the_path_has_the_plan_s_frame_and_times():
    path = to_path(to_trajectory(plan(np.full((2, 2, 2), (0.5, 0.0))), ACTION, 'base_link'))
    assert path.header.frame_id == 'base_link'
    assert to_seconds(path.header.stamp) == pytest.approx(12.5)
    assert len(path.poses) == 5
    last = path.poses[-1]
    assert last.header.frame_id == 'base_link'
    assert to_seconds(last.header.stamp) == pytest.approx(12.9)
    assert last.pose.position.x == pytest.approx(0.2)
    assert last.pose.orientation.w == pytest.approx(1.0)


def test_a_turned_pose_is_a_unit_quaternion():
    path = to_path(to_trajectory(plan(np.full((1, 2, 2), (0.0, 2.0))), ACTION, 'base_link'))
    turn = path.poses[-1].pose.orientation
    assert 2 * math.atan2(turn.z, turn.w) == pytest.approx(0.4)
    assert turn.z ** 2 + turn.w ** 2 == pytest.approx(1.0)


def test_a_plan_for_joints_is_no_path():
    joints = ActionSpec(('a', 'b'), ('rad', 'rad'), (-1.0, -2.0), (1.0, 2.0), 2, 0.1)
    poses, _ = path_of(to_trajectory(plan(np.ones((2, 2, 2))), joints, 'base_link'))
    assert poses.shape == (0, 3)
    speeds = ActionSpec(('a', 'b'), ('rad/s', 'rad/s'), (-1.0, -2.0), (1.0, 2.0), 2, 0.1)
    assert to_path(to_trajectory(plan(np.ones((2, 2, 2))), speeds, 'x')).poses == []


@pytest.mark.parametrize('wild', [math.inf, math.nan, 1e300])
def test_what_nothing_on_wheels_does_has_no_path(wild):
    trajectory = to_trajectory(plan(np.full((2, 2, 2), 0.5)), ACTION, 'base_link')
    assert len(path_of(trajectory)[0]) == 5
    trajectory.points[1].velocities[1] = wild
    assert path_of(trajectory)[0].shape == (0, 3)
