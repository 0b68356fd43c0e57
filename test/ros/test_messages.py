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

"""Commands, plans, stamps and states as messages."""

import math

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import Twist, TwistStamped
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from jepa_ros.ros import messages
from jepa_ros.types import ActionSpec, Plan

ACTION = ActionSpec(names=('linear_x', 'angular_z'), units=('m/s', 'rad/s'), low=(-1.0, -2.0),
                    high=(1.0, 2.0), block=3, period_s=0.1)


def plan_of(blocks: np.ndarray) -> Plan:
    """Return a plan around some blocks (H, K, A) that begins at 12.5 s."""
    horizon = blocks.shape[0]
    return Plan(blocks=blocks, latents=np.zeros((horizon, 1, 4), np.float32),
                cost_to_go=np.zeros(horizon + 1, np.float32), cost=0.0, start_s=12.5,
                period_s=ACTION.period_s, iterations=1, planning_s=0.01)


@given(st.integers(0, 2**31 - 2), st.integers(0, 10**9 - 1))
def test_stamps_survive_to_the_microsecond(sec, nanosec):
    """A float of 52 bits holds today's seconds to less than a microsecond."""
    back = messages.to_stamp(messages.to_seconds(Time(sec=sec, nanosec=nanosec)))
    assert abs((back.sec - sec) * 10**9 + back.nanosec - nanosec) < 1000


def test_a_command_is_a_twist_and_back():
    """Names choose the fields; the rest is zero."""
    twist = messages.to_twist(np.array([0.25, -0.5]))
    assert (twist.linear.x, twist.angular.z) == (0.25, -0.5)
    assert (twist.linear.y, twist.linear.z, twist.angular.x, twist.angular.y) == (0, 0, 0, 0)
    np.testing.assert_array_equal(messages.from_twist(twist), [0.25, -0.5])
    swapped = messages.to_twist(np.array([1.0, 2.0]), ('angular_z', 'linear_y'))
    assert (swapped.angular.z, swapped.linear.y, swapped.linear.x) == (1.0, 2.0, 0.0)


@pytest.mark.parametrize('stamped', [False, True])
def test_command_message(stamped):
    """Only the stamped kind has a stamp and a frame."""
    message = messages.to_command_message(np.array([0.1, 0.2]), Time(sec=7), 'base', stamped)
    assert isinstance(message, TwistStamped if stamped else Twist)
    if stamped:
        assert (message.header.stamp.sec, message.header.frame_id) == (7, 'base')
    np.testing.assert_array_equal(messages.from_twist(message), [0.1, 0.2])


def test_actions_that_no_twist_carries_are_named():
    """An arm's joints are refused by name."""
    with pytest.raises(ValueError, match='elbow'):
        messages.check_names(('linear_x', 'elbow'))


def test_a_plan_is_a_trajectory():
    """A point for each action, a period apart, velocities for units per second."""
    blocks = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    trajectory = messages.to_trajectory(plan_of(blocks), ACTION, 'base_link')
    assert trajectory.joint_names == ['linear_x', 'angular_z']
    assert trajectory.header.stamp == Time(sec=12, nanosec=500_000_000)
    assert len(trajectory.points) == 6
    for i, point in enumerate(trajectory.points):
        assert list(point.velocities) == [2 * i, 2 * i + 1]
        assert not point.positions
        assert point.time_from_start == Duration(nanosec=i * 100_000_000)


def test_a_plan_of_positions_fills_positions():
    """A gripper in metres is a position."""
    action = ActionSpec(names=('a', 'b'), units=('m', 'rad/s'), low=(0.0, 0.0), high=(1.0, 1.0),
                        block=3, period_s=0.1)
    trajectory = messages.to_trajectory(
        plan_of(np.ones((1, 3, 2), np.float32)), action, '')
    assert list(trajectory.points[0].positions) == [1.0, 1.0]
    assert not trajectory.points[0].velocities


def test_status_values():
    """Numbers come back from a status; what is missing or no number is NaN."""
    status = messages.to_status('n: x', DiagnosticStatus.WARN, 'stale', 'cpu',
                                {'reason': 'old', 'frame_stamp': 12.25})
    assert (status.message, status.level, status.hardware_id) == ('stale', b'\x01', 'cpu')
    assert KeyValue(key='reason', value='old') in status.values
    assert messages.status_value(status, 'frame_stamp') == 12.25
    assert math.isnan(messages.status_value(status, 'reason'))
    assert math.isnan(messages.status_value(status, 'nothing'))
