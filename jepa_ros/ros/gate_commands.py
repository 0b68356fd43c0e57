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

"""The two topics of the command gate: what comes, and what leaves for the controller."""

from collections.abc import Callable
import math
from typing import Any

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node

from jepa_ros.ros import messages, params, qos
from jepa_ros.ros.controllers.choose import KINDS, of_gate
from jepa_ros.ros.joint_watch import JointWatch

TABLE = (
    params.Entry('command', 'twist', 'name', 'what passes: twist, speeds of a base, from '
                 'cmd_vel_nav to cmd_vel; velocity or position, numbers for joints '
                 '(Float64MultiArray), from commands_nav to commands; trajectory, positions of '
                 'joints (JointTrajectory), from joint_trajectory_nav to joint_trajectory'),
    params.Entry('joints', [''], 'names', 'trajectory: the joints, in the order of low, high and '
                 'max_rate; joint_states must tell of each'),
    params.Entry('max_speed_m_s', 0.6, 'm/s', 'twist: linear.x is clamped to this, both ways',
                 0.01, 10.0),
    params.Entry('max_side_speed_m_s', 0.0, 'm/s', 'twist: linear.y is clamped to this, both '
                 'ways; 0 for a base that cannot move sideways', 0.0, 10.0),
    params.Entry('max_turn_rad_s', 1.5, 'rad/s', 'twist: angular.z is clamped to this, both ways',
                 0.01, 20.0),
    params.Entry('max_accel_m_s2', 0.0, 'm/s^2', 'twist: how fast linear.x and linear.y may '
                 'grow, each; 0: at once', 0.0, 100.0),
    params.Entry('max_turn_accel_rad_s2', 0.0, 'rad/s^2', 'twist: how fast angular.z may grow; '
                 '0: at once', 0.0, 1000.0),
    params.Entry('low', [-1.0], "the joints' units", 'velocity, position, trajectory: least '
                 'number for each joint'),
    params.Entry('high', [1.0], "the joints' units", 'velocity, position, trajectory: greatest '
                 'number for each joint'),
    params.Entry('max_rate', [1.0], "the joints' units/s", 'velocity: how fast each may grow; '
                 'position, trajectory: how fast each may change'),
    params.Entry('stamped', False, 'bool', 'twist: cmd_vel_nav and cmd_vel are TwistStamped'),
    params.Entry('frame_id', 'base_link', 'name', 'frame of a stamped command'),
)
# What was sent last is waited for this long before its publisher goes.
_LAST_WORD_S = 0.2


def limits(values: dict[str, Any]) -> dict[str, Any]:
    """Return low, high, max_rate and hold of GateConfig; ValueError names a wrong kind."""
    kind = values['command']
    if kind not in KINDS:
        raise ValueError(f'command is {kind!r}, must be one of {", ".join(KINDS)}')
    if kind == 'twist':
        high = tuple(values[name] for name in (         # as messages.BASE_NAMES
            'max_speed_m_s', 'max_side_speed_m_s', 'max_turn_rad_s'))
        return {'low': tuple(0.0 - h for h in high), 'high': high, 'hold': False,
                'max_rate': tuple(values[name] or math.inf for name in (
                    'max_accel_m_s2', 'max_accel_m_s2', 'max_turn_accel_rad_s2'))}
    if values['stamped']:
        raise ValueError(f'stamped is true, must be false where command is {kind}: '
                         'it is for Twist only')
    if kind == 'trajectory' and len(values['joints']) != len(values['low']):
        raise ValueError(f'joints has {len(values["joints"])} entries, '
                         f'low has {len(values["low"])}')
    return {name: tuple(values[name]) for name in ('low', 'high', 'max_rate')} | {
        'hold': kind != 'velocity', 'measured': kind == 'trajectory'}


class GateCommands:
    """
    Hear commands from one topic and publish them to another, as the parameters say.

    ``on_command`` is given the numbers (A,), and the stamp in seconds of the node's time, None
    where the message has none.  ``on_joints`` is given where the joints are, (A,), and since when
    on the steady clock.  The publisher works in any state of the node's lifecycle: an inactive
    gate still repeats its stop.
    """

    def __init__(self, node: Node, values: dict[str, Any],
                 on_command: Callable[[np.ndarray, float | None], None],
                 on_joints: Callable[[np.ndarray, float], None]) -> None:
        self._node, self._on_command, self._on_joints = node, on_command, on_joints
        self._controller = of_gate(values)
        kind, topics = self._controller.kind, self._controller.topics
        self._output = node.create_publisher(kind, topics[1], qos.COMMAND)
        self._input = node.create_subscription(kind, topics[0], self._hear, qos.COMMAND)
        self._joints = JointWatch(node)
        if values['command'] == 'trajectory':
            self._joints.watch(values['joints'], self._feel)

    def close(self) -> None:
        """Remove both; what was sent last is delivered to those who are there."""
        self._output.wait_for_all_acked(Duration(seconds=_LAST_WORD_S))
        self._joints.watch(())
        self._node.destroy_subscription(self._input)
        self._node.destroy_publisher(self._output)

    def _hear(self, message: Any) -> None:
        stamped = self._controller.stamped
        try:
            numbers = self._controller.numbers(message)
        except ValueError as error:
            self._node.get_logger().error(f'no command: {error}', throttle_duration_sec=1.0)
            numbers = np.zeros(0)       # of no shape that a command has: it stops
        self._on_command(numbers, messages.to_seconds(message.header.stamp) if stamped else None)

    def _feel(self) -> None:
        newest = self._joints.newest()
        if newest is not None:
            self._on_joints(*newest)

    def publish(self, command: np.ndarray, rest: bool) -> None:
        """Publish a command (A,), stamped now where it can be; ``rest``: it ends a motion."""
        self._output.publish(self._controller.message(
            command, self._node.get_clock().now().to_msg(), rest))

    def count(self) -> int:
        """Return how many nodes publish commands to the gate."""
        matched = getattr(self._input, 'get_publisher_count', None)
        # Humble's rclpy counts in the graph only
        return matched() if matched else self._node.count_publishers(self._input.topic_name)

    def counts(self) -> dict[str, float | str]:
        """Return who else is on the two topics, for diagnostics."""
        everybody = self._node.count_publishers(self._output.topic_name)
        return {'publishers': str(self.count()), 'others_on_output': str(everybody - 1),
                'controllers': str(self._output.get_subscription_count())}
