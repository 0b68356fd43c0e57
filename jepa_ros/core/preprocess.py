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

"""From a camera's frame to the model's input: centre crop, then exact area averaging."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jepa_ros.types import Array, Image


@lru_cache(maxsize=16)
def _taps(source: int, target: int) -> tuple[NDArray[np.intp], Array]:
    """
    Return which source pixels each target pixel covers, and how much of it each makes up.

    Both are (n, target) with n the most pixels covered; spare entries weigh zero.
    """
    edges = np.arange(target + 1) * source / target
    first = np.floor(edges[:-1]).astype(np.intp)
    most = int((np.ceil(edges[1:]) - first).max())
    pixels = first + np.arange(most)[:, None]
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    weights = np.maximum(overlap, 0.0) * target / source
    return np.minimum(pixels, source - 1), weights.astype(np.float32)


def _average_rows(image: Image | Array, target: int) -> Array:
    """Average an image (R, C) of any type down or up to (target, C) float32."""
    pixels, weights = _taps(image.shape[0], target)
    total = np.zeros((target, image.shape[1]), np.float32)
    term = np.empty_like(total)  # one scratch array: fresh ones cost more than the arithmetic
    for rows, weight in zip(pixels, weights, strict=True):
        np.multiply(image[rows], weight[:, None], out=term)
        total += term
    return total


def centre_crop(image: Image, height: int, width: int) -> Image:
    """Return the largest centred part of an image (H, W, C) with the aspect of height to width."""
    rows, columns = image.shape[:2]
    crop_rows = min(rows, max(1, round(columns * height / width)))
    crop_columns = min(columns, max(1, round(rows * width / height)))
    top, left = (rows - crop_rows) // 2, (columns - crop_columns) // 2
    return image[top:top + crop_rows, left:left + crop_columns]


def to_model_image(image: Image, height: int, width: int,
                   channels: tuple[int, int, int] | None = None) -> Image:
    """
    Bring an image (H, W, 3) uint8 of any size to the model's (height, width, 3) uint8.

    ``channels`` are those of an image (H, W, C) that make red, green and blue, where it is not RGB
    itself: they are put in order at the end, when the image is small.  Rows may lie apart in
    memory; nothing is copied but what is averaged.

    Sums are taken in a fixed order and not by BLAS: the robot sees bit for bit what training
    saw, and no thread pool competes with the rest of the machine.  Raises ValueError naming the
    type or shape where the image is neither.
    """
    depth = 3 if channels is None else image.shape[-1]
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != depth or 0 in image.shape:
        raise ValueError(f'image is {image.dtype} {image.shape}, must be uint8 (H, W, {depth})')
    if height < 1 or width < 1:
        raise ValueError(f'target is {height}x{width}, must be at least 1x1')
    picked = slice(None) if channels is None else list(channels)
    cropped = centre_crop(image, height, width)
    rows, columns = cropped.shape[:2]
    if (rows, columns) == (height, width):
        return np.array(cropped[..., picked], order='C')
    low = _average_rows(cropped.reshape(rows, columns * depth), height)
    # the columns become rows of whole pixels: (columns, height * C)
    turned = low.reshape(height, columns, depth).swapaxes(0, 1).reshape(columns, height * depth)
    small = _average_rows(turned, width).reshape(width, height, depth).swapaxes(0, 1)
    return np.ascontiguousarray(np.rint(small).astype(np.uint8)[..., picked])
