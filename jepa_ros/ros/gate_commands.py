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

"""The two topics of the command gate: speeds of a base, or speeds or positions of joints."""

from collections.abc import Callable
import math
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from jepa_ros.ros import messages, params, qos

KINDS = ('twist', 'velocity', 'position')
TABLE = (
    params.Entry('command', 'twist', 'name', 'what passes: twist, speeds of a base, from '
                 'cmd_vel_nav to cmd_vel; velocity or position, numbers for joints '
                 '(Float64MultiArray), from commands_nav to commands'),
    params.Entry('max_speed_m_s', 0.6, 'm/s', 'twist: linear.x is clamped to this, both ways',
                 0.01, 10.0),
    params.Entry('max_turn_rad_s', 1.5, 'rad/s', 'twist: angular.z is clamped to this, both ways',
                 0.01, 20.0),
    params.Entry('max_accel_m_s2', 0.0, 'm/s^2', 'twist: how fast linear.x may grow; 0: at once',
                 0.0, 100.0),
    params.Entry('max_turn_accel_rad_s2', 0.0, 'rad/s^2', 'twist: how fast angular.z may grow; '
                 '0: at once', 0.0, 1000.0),
    params.Entry('low', [-1.0], "the joints' units", 'velocity, position: least number for each '
                 'joint'),
    params.Entry('high', [1.0], "the joints' units", 'velocity, position: greatest number for '
                 'each joint'),
    params.Entry('max_rate', [1.0], "the joints' units/s", 'velocity: how fast each may grow; '
                 'position: how fast each may change'),
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
        high = (values['max_speed_m_s'], values['max_turn_rad_s'])
        return {'low': tuple(-h for h in high), 'high': high, 'hold': False,
                'max_rate': tuple(values[name] or math.inf for name in (
                    'max_accel_m_s2', 'max_turn_accel_rad_s2'))}
    if values['stamped']:
        raise ValueError(f'stamped is true, must be false where command is {kind}: '
                         'a Float64MultiArray has no stamp')
    return {name: tuple(values[name]) for name in ('low', 'high', 'max_rate')} | {
        'hold': kind == 'position'}


class GateCommands:
    """
    Hear commands from one topic and publish them to another, as the parameters say.

    ``on_command`` is given the numbers (A,), and the stamp in seconds of the node's time, None
    where the message has none.  The publisher works in any state of the node's lifecycle: an
    inactive gate still repeats its stop.
    """

    def __init__(self, node: Node, values: dict[str, Any],
                 on_command: Callable[[np.ndarray, float | None], None]) -> None:
        self._node, self._on_command = node, on_command
        self._stamped, self._frame_id = values['stamped'], values['frame_id']
        self._twist = values['command'] == 'twist'
        kind: type = Float64MultiArray
        topics = ('commands_nav', 'commands')
        if self._twist:
            kind, topics = TwistStamped if self._stamped else Twist, ('cmd_vel_nav', 'cmd_vel')
        self._output = node.create_publisher(kind, topics[1], qos.COMMAND)
        self._input = node.create_subscription(kind, topics[0], self._hear, qos.COMMAND)

    def close(self) -> None:
        """Remove both; what was sent last is delivered to those who are there."""
        self._output.wait_for_all_acked(Duration(seconds=_LAST_WORD_S))
        self._node.destroy_subscription(self._input)
        self._node.destroy_publisher(self._output)

    def _hear(self, message: Twist | TwistStamped | Float64MultiArray) -> None:
        stamp_s = messages.to_seconds(message.header.stamp) if self._stamped else None
        numbers = messages.from_twist(message) if self._twist else np.array(message.data)
        self._on_command(numbers, stamp_s)

    def publish(self, command: np.ndarray) -> None:
        """Publish a command (A,), stamped now where it can be."""
        if not self._twist:
            self._output.publish(Float64MultiArray(data=command.tolist()))
            return
        self._output.publish(messages.to_command_message(
            command, self._node.get_clock().now().to_msg(), self._frame_id, self._stamped))

    def count(self) -> int:
        """Return how many nodes publish commands to the gate."""
        return self._input.get_publisher_count()

    def counts(self) -> dict[str, float | str]:
        """Return who else is on the two topics, for diagnostics."""
        everybody = self._node.count_publishers(self._output.topic_name)
        return {'publishers': str(self.count()), 'others_on_output': str(everybody - 1),
                'controllers': str(self._output.get_subscription_count())}
