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
A stand-in for ros_gz's parameter_bridge with a Gazebo behind it: a spot that moves as commanded.

It makes its topics from the file in the parameter config_file, with the names, the types, the
directions and the QoS that parameter_bridge would give them.  What Gazebo would give goes out on
them: time from 0 on, odometry and pictures, those of the camera's topics all alike.
"""

import importlib
from pathlib import Path
import sys

from fake_planner import spot_picture
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.messages import from_twist, to_stamp
from jepa_ros.ros.process import run
from jepa_ros.sim.gz_bridge import Bridge, read

STEP_S = 0.02
STEPS_A_FRAME = 4


class StandInBridge(Node):
    """Publish and hear what the file says."""

    def __init__(self) -> None:
        super().__init__('ros_gz_bridge')
        file = Path(self.declare_parameter('config_file', '').value)
        bridges, faults = read(file.read_text(), 'jazzy')
        if faults:
            raise ValueError(f'{file}: {faults[0]}')
        self._noise = np.random.default_rng(0)
        self._place = np.array([0.25, 0.5])
        self._command = np.zeros(2)
        self._steps = 0
        self._outputs = [(kind, self.create_publisher(kind, b.ros_topic, _reliable(
            b.publisher_queue))) for b in bridges if b.to_ros and (kind := _class(b)) is not None]
        self._inputs = [self.create_subscription(_class(b), b.ros_topic, self._hear, _reliable(
            b.subscriber_queue)) for b in bridges if b.to_gz]
        self.create_timer(STEP_S, self._step)

    def _hear(self, message: Twist) -> None:
        self._command = from_twist(message)

    def _step(self) -> None:
        self._steps += 1
        now = to_stamp(self._steps * STEP_S)
        self._place = np.clip(self._place + self._command * STEP_S, 0.1, 0.9)
        messages = {Clock: Clock(clock=now), Odometry: Odometry(header=Header(
            stamp=now, frame_id='odom'), child_frame_id='base_link')}
        if self._steps % STEPS_A_FRAME == 0:
            picture = spot_picture(*self._place)
            picture += self._noise.integers(0, 4, picture.shape, np.uint8)
            messages[Image] = from_rgb(picture, Header(stamp=now, frame_id='ceiling_camera'))
        for kind, publisher in self._outputs:
            if kind in messages:
                publisher.publish(messages[kind])

    def close(self) -> None:
        """Hold nothing that is not the node's own."""


def _class(bridge: Bridge) -> type | None:
    """Return the class of an entry's messages, None where the package is not installed."""
    package, _, name = bridge.ros_type.partition('/msg/')
    try:
        return getattr(importlib.import_module(f'{package}.msg'), name)
    except ImportError:
        return None


def _reliable(depth: int) -> QoSProfile:
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)


if __name__ == '__main__':
    sys.exit(run(StandInBridge))
