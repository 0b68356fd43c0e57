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

"""
A base that takes TwistStamped: ros2_control, and all of Nav2 from Kilted on.

An Ackermann car too: ackermann_steering_controller and its kin make angles of the front wheels
of it, so a car needs no controller of its own here.
"""

from collections.abc import Sequence

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TwistStamped
import numpy as np

from jepa_ros.ros import messages
from jepa_ros.ros.controllers.twist import TOPICS


class TwistStampedController:
    """Speeds of a base with the time from which they hold, and the frame they are given in."""

    kind = TwistStamped
    topics = TOPICS
    holds = False
    stamped = True

    def __init__(self, frame_id: str, names: Sequence[str] = messages.TWIST_NAMES) -> None:
        messages.check_names(names)
        self._frame_id, self._names = frame_id, tuple(names)

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> TwistStamped:
        """Return a command (A,) as a TwistStamped."""
        return messages.to_command_message(command, stamp, self._frame_id, True, self._names)

    def numbers(self, message: TwistStamped) -> np.ndarray:
        """Return the command (A,) of a TwistStamped."""
        return messages.from_twist(message, self._names)
