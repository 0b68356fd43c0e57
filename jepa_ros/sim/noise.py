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

"""The noise of a camera's sensor, which training does without."""

import numpy as np

from jepa_ros.types import Image

# Numbers drawn beyond those of one picture: as many pictures differ.
_SPARE = 1 << 16


class Noise:
    """
    Add Gaussian noise of ``std`` grey levels to pictures; 0 adds none.

    The numbers are drawn once and used again from another place on: a picture costs five passes
    over its bytes.  Nothing wraps round; black and white keep half of their noise.
    """

    def __init__(self, std: float, seed: int) -> None:
        self._std, self._rng = std, np.random.default_rng(seed)
        self._more = self._less = np.zeros(0, np.uint8)

    def add(self, image: Image) -> Image:
        """Return a picture of any shape, uint8, with noise of its own."""
        if self._std == 0.0:
            return image
        if len(self._more) < image.size + _SPARE:
            self._draw(image.size + _SPARE)
        start = int(self._rng.integers(_SPARE))
        more, less = (bank[start:start + image.size].reshape(image.shape)
                      for bank in (self._more, self._less))
        noisy = np.minimum(more, ~image)
        noisy += image
        noisy -= np.minimum(less, noisy)
        return noisy

    def _draw(self, count: int) -> None:
        drawn = np.rint(self._rng.normal(0.0, self._std, count)).clip(-255, 255)
        self._more = drawn.clip(0, None).astype(np.uint8)
        self._less = (-drawn).clip(0, None).astype(np.uint8)
