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

"""The gate before a base that moves sideways, and before one that does not."""

import math

from geometry_msgs.msg import Twist, Vector3
from graph import process, wait_for
import numpy as np
import pytest

from jepa_ros.ros import qos
from jepa_ros.ros.messages import BASE_NAMES, from_twist

GATE = ('jepa_ros.ros.command_gate', '-p', 'watch_planner:=false', '-p', 'max_speed_m_s:=0.6',
        '-p', 'max_turn_rad_s:=1.0')


class Base:
    """What sends commands to the gate, and what the wheels are told, (linear x and y, turn)."""

    def __init__(self, probe):
        self.told = []
        self.command = 0.2, 0.0, 0.5
        source = probe.publisher(Twist, 'cmd_vel_nav', qos.COMMAND)
        probe.node.create_subscription(
            Twist, 'cmd_vel', lambda m: self.told.append(from_twist(m, BASE_NAMES)), 10)
        probe.every(0.05, lambda: source.publish(Twist(
            linear=Vector3(x=self.command[0], y=self.command[1]),
            angular=Vector3(z=self.command[2]))))

    def wait_told(self, *numbers):
        wait_for(lambda: self.told and np.allclose(self.told[-1], numbers), f'{numbers}')


@pytest.fixture
def base(probe):
    return Base(probe)


def test_a_sideways_speed_passes_within_its_own_limit(base):
    with process(*GATE, '-p', 'max_side_speed_m_s:=0.3') as gate:
        base.wait_told(0.2, 0.0, 0.5)
        base.command = 0.1, -0.25, 0.0
        base.wait_told(0.1, -0.25, 0.0)
        base.command = 0.1, 5.0, -0.5
        base.wait_told(0.1, 0.3, -0.5)
        gate.wait_said('clamped: command[1] is 5.000, limits -0.300 to 0.300')
        base.command = 0.1, math.nan, -0.5
        base.wait_told(0.0, 0.0, 0.0)
        assert gate.end() == 0, gate.output
    assert np.abs(base.told).max(axis=0) == pytest.approx((0.2, 0.3, 0.5))


def test_a_base_that_cannot_move_sideways_is_told_of_no_such_speed_and_the_state_says_so(base):
    with process(*GATE) as gate:
        base.wait_told(0.2, 0.0, 0.5)
        base.command = 0.1, 0.25, 0.5
        base.wait_told(0.1, 0.0, 0.5)
        gate.wait_said('clamped: command[1] is 0.250, limits 0.000 to 0.000')
        assert gate.end() == 0, gate.output
    assert not np.array(base.told)[:, 1].any()
