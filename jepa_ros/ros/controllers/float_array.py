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

"""Numbers in the order of the actions: ros2_control's forward controllers, process control."""

from builtin_interfaces.msg import Time
import numpy as np
from std_msgs.msg import Float64MultiArray


class FloatArrayController:
    """
    A number for each joint, valve or heater, in the order of the controller's own list.

    A forward controller takes the numbers as they are, refuses an array of another length, and
    keeps the last one for ever: the gate in front of it is what ends a motion.
    """

    kind = Float64MultiArray
    topics = ('commands_nav', 'commands')
    stamped = False

    def __init__(self, holds: bool) -> None:
        self.holds = holds

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> Float64MultiArray:
        """Return a command (A,) as an array, which has no stamp."""
        return Float64MultiArray(data=np.asarray(command, np.float64).tolist())

    def numbers(self, message: Float64MultiArray) -> np.ndarray:
        """Return the command (A,) of an array."""
        return np.array(message.data)
