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

"""Each controller's message over DDS, heard as that controller would, through the gate."""

import math
from typing import Any

from geometry_msgs.msg import TwistStamped
from graph import Probe, process, wait_for
import numpy as np
import pytest

from jepa_ros.ros import planner_params, qos
from jepa_ros.ros.controllers import choose
from jepa_ros.ros.controllers.float_array import FloatArrayController
from jepa_ros.ros.controllers.joint_speeds import JointSpeedController
from jepa_ros.ros.controllers.joint_trajectory import JointTrajectoryController
from jepa_ros.ros.controllers.twist import TwistController
from jepa_ros.ros.controllers.twist_stamped import TwistStampedController
from jepa_ros.ros.messages import from_twist, to_seconds
from jepa_ros.types import ActionSpec

PERIOD_S = 0.05
# cmd_vel_timeout of diff_drive_controller, reference_timeout of ackermann_steering_controller
TIMEOUT_S = 0.3
LIMITS = ('-p', 'low:=[-0.5, -0.5]', '-p', 'high:=[0.5, 0.5]', '-p', 'max_rate:=[9.0, 9.0]')
BASE = ('-p', 'max_speed_m_s:=0.5', '-p', 'max_turn_rad_s:=0.5')
KINDS = {
    'twist': (TwistController(), BASE),
    'twist_stamped': (TwistStampedController('base_link'), (*BASE, '-p', 'stamped:=true')),
    'velocity': (FloatArrayController(False), (*LIMITS, '-p', 'command:=velocity')),
    'position': (FloatArrayController(True), (*LIMITS, '-p', 'command:=position')),
}


class Hardware:
    """What a controller makes of what it hears: the last numbers that it took."""

    def __init__(self, probe: Probe, controller: Any) -> None:
        self.taken: list[np.ndarray] = []
        self.refused: list[str] = []
        self._controller = controller
        probe.node.create_subscription(controller.kind, controller.topics[1], self._hear, 10)

    def _hear(self, message: Any, info: dict) -> None:
        why = self._why_refused(message, info['source_timestamp'] * 1e-9)
        if why:
            self.refused.append(why)
        else:
            self.taken.append(from_twist(message) if hasattr(message, 'linear')
                              or hasattr(message, 'twist') else np.array(message.data))

    def _why_refused(self, message: Any, sent_s: float) -> str:
        if isinstance(message, TwistStamped):
            stamp_s = to_seconds(message.header.stamp)
            # diff_drive_controller says a word about a stamp of zero, and takes it
            if stamp_s == 0.0:
                return 'no stamp'
            if sent_s - stamp_s >= TIMEOUT_S:
                return f'{sent_s - stamp_s:.2f} s old'
            return '' if np.isfinite(from_twist(message)).all() else 'not finite'
        if hasattr(message, 'data') and len(message.data) != 2:
            return f'{len(message.data)} numbers for 2 interfaces'
        return ''


@pytest.mark.parametrize('kind', sorted(KINDS))
def test_a_controller_takes_all_of_it_within_limits_and_is_left_at_rest(probe, kind):
    """Too fast, NaN, then silence: clamped, never seen, and rest as the controller has it."""
    controller, settings = KINDS[kind]
    hardware = Hardware(probe, controller)
    source = probe.publisher(controller.kind, controller.topics[0], qos.COMMAND)
    command, speaking = [np.array([0.3, 0.9])], [True]

    def speak() -> None:
        if speaking[0]:
            source.publish(controller.message(
                command[0], probe.node.get_clock().now().to_msg(), rest=False))

    probe.every(PERIOD_S, speak)
    with process('jepa_ros.ros.command_gate', '-p', 'watch_planner:=false', *settings) as gate:
        wait_for(lambda: hardware.taken
                 and np.allclose(hardware.taken[-1], [0.3, 0.5]), 'the command, clamped')
        command[0] = np.array([math.nan, 0.1])
        rest = [0.3, 0.5] if controller.holds else [0.0, 0.0]
        before = len(hardware.taken)
        wait_for(lambda: len(hardware.taken) > before + 10
                 and np.allclose(hardware.taken[-1], rest), 'rest after NaN')
        command[0] = np.array([-0.2, 0.1])
        wait_for(lambda: np.allclose(hardware.taken[-1], [-0.2, 0.1]), 'motion again')
        speaking[0] = False
        rest = [-0.2, 0.1] if controller.holds else [0.0, 0.0]
        before = len(hardware.taken)
        wait_for(lambda: len(hardware.taken) > before + 10
                 and np.allclose(hardware.taken[-1], rest), 'rest after silence')
        assert gate.end() == 0, gate.output
    assert hardware.refused == []
    assert (np.abs(hardware.taken) <= 0.5).all()
    np.testing.assert_allclose(hardware.taken[-1], rest, atol=1e-6)


def values(**changes: object) -> dict[str, object]:
    """Return the planner's parameters."""
    return {e.name: e.default for e in planner_params.TABLE} | changes


def actions(*units: str, names: tuple[str, ...] = ('a', 'b')) -> ActionSpec:
    """Return two actions of some units."""
    return ActionSpec(names, units, (-1.0, -2.0), (1.0, 2.0), 2, 0.1)


@pytest.mark.parametrize('action, changes, kind, topic, holds', [
    (actions('m/s', 'rad/s', names=('linear_x', 'angular_z')), {}, TwistController,
     'cmd_vel_nav', False),
    (actions('m/s', 'rad/s', names=('linear_x', 'linear_y')),
     {'stamped': True, 'controller': 'twist'}, TwistStampedController, 'cmd_vel_nav', False),
    (actions('rad/s', 'rad/s'), {'controller': 'array'}, FloatArrayController,
     'commands_nav', False),
    (actions('%', 'bar'), {'controller': 'array'}, FloatArrayController, 'commands_nav', True),
    (actions('rad', 'm'), {'controller': 'trajectory'}, JointTrajectoryController,
     'joint_trajectory_nav', True),
    (actions('rad/s', 'm/s'), {'controller': 'trajectory'}, JointSpeedController,
     'joint_trajectory_nav', False)])
def test_the_controller_is_chosen_by_the_actions_and_a_parameter(action, changes, kind, topic,
                                                                 holds):
    """What it is sent as, where, and what rest is."""
    made = choose.of_planner(action, values(**changes), lambda: None)
    assert type(made) is kind
    assert made.topics[0] == topic
    assert made.holds is holds
    assert choose.joints_wanted(action, values(**changes)) == (
        action.names if kind is JointSpeedController else ())


@pytest.mark.parametrize('action, changes, words', [
    (actions('rad/s', 'rad/s'), {}, ["['a', 'b']", 'set controller to array or trajectory']),
    (actions('rad/s', 'rad/s'), {'controller': 'twist'}, ["['a', 'b']"]),
    (actions('rad/s', 'rad'), {'controller': 'array'}, ["['rad/s', 'rad']", 'all be speeds']),
    (actions('rad', 'rad'), {'controller': 'arm'}, ["'arm'", 'auto, twist, array, trajectory']),
    (actions('rad', 'rad'), {'controller': 'array', 'stamped': True}, ['stamped', 'array'])])
def test_what_does_not_fit_is_refused_with_the_names(action, changes, words):
    """Of the actions, and of what there is."""
    with pytest.raises(ValueError) as raised:
        choose.of_planner(action, values(**changes), lambda: None)
    assert all(word in str(raised.value) for word in words)


def test_a_configured_node_keeps_its_controller():
    """Its publisher is made of it."""
    assert 'controller' in planner_params.FIXED
