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

"""What the controller was told, and what the nodes said meanwhile, with times."""

from dataclasses import dataclass
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rclpy.qos import QoSProfile

from jepa_ros.ros import qos
from jepa_ros.ros.messages import from_twist, status_text, status_value

# No command may be lost because this process looks up late.
_ALL = QoSProfile(depth=2000)


@dataclass(frozen=True)
class Command:
    """
    A command that reached the controller: speed in m/s, turn rate in rad/s.

    ``came_s`` is when the middleware received it, system time in s: a recorder that looks up
    late does not change it.
    """

    came_s: float
    speed_m_s: float
    turn_rad_s: float

    @property
    def moves(self) -> bool:
        """Tell whether it is anything but zero; NaN is."""
        return not (self.speed_m_s == 0.0 and self.turn_rad_s == 0.0)


@dataclass(frozen=True)
class Said:
    """
    A status: when it came (system time, s), its word and its reason.

    ``frame_s`` is the stamp of the frame behind it, NaN where there is none.
    """

    came_s: float
    word: str
    reason: str
    frame_s: float = math.nan


@dataclass(frozen=True)
class Motion:
    """What the wheels do: when that came (system time, s), speed and turn rate, and where."""

    came_s: float
    speed_m_s: float
    turn_rad_s: float
    x_m: float = 0.0
    y_m: float = 0.0


class Record(Node):
    """Keep every command, every word of gate and planner, and the odometry."""

    def __init__(self, stamped: bool) -> None:
        super().__init__('record')
        self.commands: list[Command] = []
        self.gate: list[Said] = []
        self.planner: list[Said] = []
        self.motion: list[Motion] = []
        kind = TwistStamped if stamped else Twist
        self.create_subscription(kind, 'cmd_vel', self._on_command, _ALL)
        self.create_subscription(Odometry, 'odom', self._on_odometry, qos.RELIABLE)
        for topic, said in (('command_gate/state', self.gate),
                            ('planner_node/status', self.planner)):
            self.create_subscription(DiagnosticStatus, topic, self._keep(said), qos.LATCHED)

    def _on_command(self, message: Any, info: dict) -> None:
        speed, turn = from_twist(message)
        self.commands.append(Command(info['received_timestamp'] * 1e-9, float(speed),
                                     float(turn)))

    @staticmethod
    def _keep(said: list[Said]) -> Any:
        def on_status(message: DiagnosticStatus, info: dict) -> None:
            said.append(Said(info['received_timestamp'] * 1e-9, message.message,
                             status_text(message, 'reason'),
                             status_value(message, 'frame_stamp')))
        return on_status

    def _on_odometry(self, message: Odometry) -> None:
        twist, place = message.twist.twist, message.pose.pose.position
        self.motion.append(Motion(time.time(), twist.linear.x, twist.angular.z, place.x, place.y))

    def clear(self) -> None:
        """Forget what was long ago; the newest words are kept."""
        del self.commands[:-1], self.motion[:-1], self.gate[:-1], self.planner[:-1]

    def tail(self, since_s: float) -> str:
        """Return what came since a time, a line each: for a failure that nobody knows."""
        lines = [(c.came_s, f'cmd_vel {c.speed_m_s:.3f} m/s {c.turn_rad_s:.3f} rad/s')
                 for c in self.commands]
        lines += [(s.came_s, f'{name} {s.word}: {s.reason}') for name, said in (
            ('gate', self.gate), ('planner', self.planner)) for s in said]
        return '\n'.join(f'{at_s - since_s:+7.3f} s  {text}'
                         for at_s, text in sorted(lines) if at_s >= since_s - 0.5)
