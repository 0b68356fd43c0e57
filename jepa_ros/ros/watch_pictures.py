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

"""Pictures of the graph as JPEGs for a page."""

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.ros.convert import to_picture
from jepa_ros.ros.picture import ImageError

PAGE_WIDTH_PX, THUMBNAIL_WIDTH_PX = 800, 160
_QUALITY = 82


def to_jpeg(message: Image | CompressedImage, width_px: int = PAGE_WIDTH_PX) -> bytes:
    """Return a message's picture as JPEG, no wider than ``width_px``; ImageError says why not."""
    picture = to_picture(message)
    rows, columns = picture.pixels.shape[:2]
    pixels = np.ascontiguousarray(picture.pixels)
    red, green, blue = picture.channels
    try:
        if columns > width_px:
            size = (width_px, max(1, round(rows * width_px / columns)))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        pixels = pixels.reshape(*pixels.shape[:2], -1)      # cv2 drops the last axis of mono8
        _, data = cv2.imencode('.jpg', pixels[..., [blue, green, red]],
                               [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    except cv2.error as error:
        raise ImageError(
            f'a picture of {columns}x{rows} cannot be made a JPEG: {error}') from error
    return bytes(data)
