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

"""A base that takes Twist: Nav2 up to Jazzy, Gazebo's bridge, most drivers of small robots."""

from collections.abc import Sequence

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist
import numpy as np

from jepa_ros.ros import messages

TOPICS = ('cmd_vel_nav', 'cmd_vel')


class TwistController:
    """Speeds of a base, by the names of the actions; what no action names is zero."""

    kind = Twist
    topics = TOPICS
    holds = False
    stamped = False

    def __init__(self, names: Sequence[str] = messages.TWIST_NAMES) -> None:
        messages.check_names(names)
        self._names = tuple(names)

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> Twist:
        """Return a command (A,) as a Twist, which has no stamp."""
        return messages.to_twist(command, self._names)

    def numbers(self, message: Twist) -> np.ndarray:
        """Return the command (A,) of a Twist."""
        return messages.from_twist(message, self._names)
