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

"""Pictures of a bag's messages, brought to a model's input by the robot's own code."""

from collections.abc import Callable

import numpy as np

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
PICTURES = (IMAGE, COMPRESSED)


def converter() -> Callable:
    """
    Return what makes a ``ros.picture.Picture`` of a message from a bag.

    RuntimeError where there are no ROS messages to do it with.
    """
    try:
        from jepa_ros.ros.convert import bytes_array, CompressedImage, to_picture
    except ImportError as error:
        raise RuntimeError(f'ROS messages are not installed ({error}); source ROS, or '
                           'pip install -r requirements/ros.txt') from error

    def convert(message):
        if hasattr(message, 'format'):
            message = CompressedImage(format=message.format, data=bytes_array(message.data))
        return to_picture(message)
    return convert


def fitter(height: int, width: int, region: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Callable:
    """
    Return what makes (height, width, 3) uint8 RGB of a message: what the robot's model will see.

    ``region`` is the part of the picture that counts: x, y, width and height in pixels, all of
    it where the size is 0, as the planner's parameter of that name.
    """
    convert = converter()

    def fit(message) -> np.ndarray:
        return convert(message).part(region).fit(height, width)
    return fit
