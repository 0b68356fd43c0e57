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

"""What Nav2's servers of the chain have in common: a lifecycle, and two topics of twists."""

from abc import ABC, abstractmethod

from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

from jepa_ros.ros.messages import (
    BASE_NAMES,
    from_twist,
    to_command_message,
    to_seconds,
    to_stamp,
)


class Server(ABC, LifecycleNode):
    """A lifecycle node that hears one twist topic and says another."""

    def __init__(self, name: str, table: dict[str, object]) -> None:
        super().__init__(name)
        for key, value in {**table, 'enable_stamped_cmd_vel': False}.items():
            self.declare_parameter(key, value)
        self.active = False

    def value(self, name: str) -> object:
        """Return a parameter's value."""
        return self.get_parameter(name).value

    def now_s(self) -> float:
        """Return the node's time in seconds."""
        return self.get_clock().now().nanoseconds * 1e-9

    def connect(self, heard: str, said: str) -> None:
        """Make both topics, of the type that the parameter asks for."""
        kind = TwistStamped if self.value('enable_stamped_cmd_vel') else Twist
        self._said = self.create_publisher(kind, said, 10)
        self.create_subscription(kind, heard, self._hear, 10)

    def _hear(self, message: Twist | TwistStamped) -> None:
        stamped = isinstance(message, TwistStamped)
        numbers = from_twist(message, BASE_NAMES)
        if np.isfinite(numbers).all():
            self.take(numbers, to_seconds(message.header.stamp) if stamped else 0.0)

    @abstractmethod
    def take(self, numbers: np.ndarray, stamp_s: float) -> None:
        """Take a command (3,) with its stamp, 0 where it has none."""

    def say(self, numbers: np.ndarray, stamp_s: float) -> None:
        """Publish a command (3,)."""
        self._said.publish(to_command_message(
            numbers, to_stamp(stamp_s), '', self.value('enable_stamped_cmd_vel'), BASE_NAMES))

    def on_activate(self, state: object) -> TransitionCallbackReturn:
        """Begin."""
        self.active = True
        return super().on_activate(state)

    def on_deactivate(self, state: object) -> TransitionCallbackReturn:
        """End."""
        self.active = False
        return super().on_deactivate(state)
