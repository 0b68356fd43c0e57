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

"""Messages that are looked at, as plain values."""

from collections.abc import Mapping
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.messages import to_seconds

# types of a topic with pictures, and of one with commands, by their names
PICTURES = {'sensor_msgs/msg/Image': Image, 'sensor_msgs/msg/CompressedImage': CompressedImage}
COMMANDS = {'geometry_msgs/msg/Twist': Twist, 'geometry_msgs/msg/TwistStamped': TwistStamped,
            'std_msgs/msg/Float64MultiArray': Float64MultiArray,
            'trajectory_msgs/msg/JointTrajectory': JointTrajectory}
# numbers of a command, or of an action, that are shown
MOST_NUMBERS = 12
_TWIST = (('linear', 'x'), ('linear', 'y'), ('angular', 'z'))


def to_latents(message: Image) -> np.ndarray:
    """Return the rows of a 32FC1 Image, (rows, D) float32; ValueError says what is wrong."""
    if message.encoding != '32FC1':
        raise ValueError(f'latents have encoding {message.encoding[:60]!r}, must be 32FC1')
    needed = message.height * message.width * 4
    if not needed or len(message.data) != needed:
        raise ValueError(f'latents have {len(message.data)} bytes, {message.height} rows of '
                         f'{message.width} need {needed}, and at least one')
    kind = '>f4' if message.is_bigendian else '<f4'
    rows = np.frombuffer(message.data, kind).reshape(message.height, message.width)
    return np.asarray(rows, np.float32)


def command_values(message: Any) -> Mapping[str, float]:
    """
    Return the first numbers of a command by name; of a trajectory those of its first point.

    A component of a Twist that no ground robot has is left out.
    """
    if isinstance(message, TwistStamped):
        message = message.twist
    if isinstance(message, Twist):
        return {f'{part}_{axis}': getattr(getattr(message, part), axis) for part, axis in _TWIST}
    if isinstance(message, Float64MultiArray):
        return {f'{i}': float(value) for i, value in enumerate(message.data[:MOST_NUMBERS])}
    if not message.points:
        return {}
    point = message.points[0]
    values = point.velocities if len(point.velocities) else point.positions
    return dict(zip(message.joint_names[:MOST_NUMBERS], map(float, values), strict=False))


def stamp_of(message: Any, otherwise_s: float) -> float:
    """Return the time in a message's header, or another where it has none, or a zero."""
    header = getattr(message, 'header', None)
    seconds = to_seconds(header.stamp) if header is not None else 0.0
    return seconds if seconds > 0.0 else otherwise_s
