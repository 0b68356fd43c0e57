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

"""One picture of a camera, such as a goal: the first that can be read."""

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.ros import qos
from jepa_ros.ros.convert import to_rgb
from jepa_ros.ros.look import pictures_of
from jepa_ros.ros.picture import ImageError
from jepa_ros.ros.process import steady_s

_WAKE_S = 0.1


def snapshot(topic: str, wait_s: float) -> np.ndarray:
    """
    Return the first picture of a topic, or of its ``/compressed``, (h, w, 3) uint8 RGB.

    RuntimeError where none that can be read comes in ``wait_s`` seconds.
    """
    rclpy.init()
    try:
        return _Camera(topic).picture(wait_s)
    finally:
        rclpy.try_shutdown()


class _Camera(Node):
    """A node that listens to a camera as the planner does."""

    def __init__(self, topic: str) -> None:
        super().__init__('jepa_snapshot', start_parameter_services=False, enable_rosout=False)
        self._topic = self.resolve_topic_name(topic).removesuffix('/compressed')
        self._trouble = ''
        self._picture: np.ndarray | None = None
        for kind, name in ((Image, self._topic), (CompressedImage, f'{self._topic}/compressed')):
            self.create_subscription(kind, name, self._on_frame, qos.SENSOR)

    def _on_frame(self, message: Image | CompressedImage) -> None:
        try:
            self._picture = to_rgb(message)
        except ImageError as error:
            self._trouble = f': {error}'

    def picture(self, wait_s: float) -> np.ndarray:
        """Return the newest picture as soon as there is one."""
        executor = SingleThreadedExecutor()
        executor.add_node(self)
        end_s = steady_s() + wait_s
        while self._picture is None:
            left_s = end_s - steady_s()
            if left_s <= 0.0:
                raise RuntimeError(
                    f'no picture came on {self._topic} in {wait_s:g} s{self._trouble}; pictures '
                    f'are published on: {", ".join(pictures_of(self)) or "no topic"}')
            executor.spin_once(timeout_sec=min(left_s, _WAKE_S))
        return self._picture
