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

"""A picture as a camera sent it: pixels where they are, and which channels are its colours."""

from dataclasses import dataclass, replace

import numpy as np

from jepa_ros.core.preprocess import to_model_image


class ImageError(ValueError):
    """A picture that cannot be used; the text names the value and the limit."""


@dataclass(frozen=True)
class Picture:
    """
    Pixels (height, width, C) uint8, and which of their channels make red, green and blue.

    The pixels may be a view of a message's memory, not to be written to.
    """

    pixels: np.ndarray
    channels: tuple[int, int, int]

    def part(self, region: tuple[int, int, int, int]) -> 'Picture':
        """
        Return the part of ``region`` (x, y, width, height in pixels); all where the size is 0.

        ImageError where the region is not inside the picture.
        """
        x, y, width, height = region
        if width == 0:
            return self
        rows, columns = self.pixels.shape[:2]
        if x + width > columns or y + height > rows:
            raise ImageError(f'region {width}x{height} at ({x}, {y}) ends at ({x + width}, '
                             f'{y + height}), the picture is {columns}x{rows}')
        return replace(self, pixels=self.pixels[y:y + height, x:x + width])

    def rgb(self) -> np.ndarray:
        """Return (height, width, 3) uint8 RGB, contiguous."""
        if self.pixels.shape[2] == 3 and self.channels == (0, 1, 2):
            return np.ascontiguousarray(self.pixels)
        return np.ascontiguousarray(self.pixels[..., list(self.channels)])

    def fit(self, height: int, width: int) -> np.ndarray:
        """Return what a model of this image size sees of it, (height, width, 3) uint8 RGB."""
        return to_model_image(self.pixels, height, width, self.channels)
