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

"""The pictures of a camera as the planner would get them: how many, how often, how old."""

import math
import statistics

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.ros import qos
from jepa_ros.ros.convert import to_picture
from jepa_ros.ros.look_clock import ClockWatch
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.picture import ImageError
from jepa_ros.ros.process import steady_s
from jepa_ros.ros.sight import Frames


class FrameWatch:
    """Listen to a topic with the planner's own QoS, and keep what tells a camera from another."""

    def __init__(self, node: Node, topic: str, compressed: bool, clock: ClockWatch) -> None:
        self._topic, self._compressed, self._clock = topic, compressed, clock
        self._came_s: list[float] = []
        self._ages_s: list[float] = []
        self._encoding, self._size, self._trouble = '', (0, 0), ''
        node.create_subscription(CompressedImage if compressed else Image, topic,
                                 self._on_frame, qos.SENSOR)

    def _on_frame(self, message: Image | CompressedImage) -> None:
        self._came_s.append(steady_s())
        self._ages_s.append(self._clock.now_s() - to_seconds(message.header.stamp))
        self._encoding = message.format if self._compressed else message.encoding
        if len(self._came_s) > 1:       # one is enough to tell what it is
            return
        try:
            height, width = to_picture(message).rgb().shape[:2]
        except ImageError as error:
            self._trouble = str(error)
        else:
            self._size = (width, height)

    def frames(self) -> Frames:
        """Return what came."""
        came_s, count = self._came_s, len(self._came_s)
        rate_hz = (count - 1) / (came_s[-1] - came_s[0]) if count > 2 else math.nan
        return Frames(self._topic, self._compressed, count, rate_hz,
                      statistics.median(self._ages_s) if count else math.nan,
                      self._encoding, *self._size, self._trouble)
