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

"""Pictures in and out of ROS: any image message to RGB, RGB and latents to an Image."""

import array
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from jepa_ros.ros.compressed import declared_size
from jepa_ros.ros.picture import ImageError, Picture

MAX_PIXELS = 4096 * 4096

# encoding: bytes per pixel, and the channels that make red, green and blue
_ENCODINGS = {
    'rgb8': (3, (0, 1, 2)),
    'bgr8': (3, (2, 1, 0)),
    'rgba8': (4, (0, 1, 2)),
    'bgra8': (4, (2, 1, 0)),
    'mono8': (1, (0, 0, 0)),
}
ENCODINGS = tuple(_ENCODINGS)
# what has to be computed: bytes per pixel, and OpenCV's name of what makes RGB of 8 bits
_COMPUTED = {
    'yuv422': (2, 'YUV2RGB_UYVY'),
    'uyvy': (2, 'YUV2RGB_UYVY'),
    'yuv422_yuy2': (2, 'YUV2RGB_YUY2'),
    'yuyv': (2, 'YUV2RGB_YUY2'),
    **{f'bayer_{pattern}{8 * size}': (size, f'Bayer{pattern.upper()}2RGB')
       for pattern in ('rggb', 'bggr', 'gbrg', 'grbg') for size in (1, 2)},
    'mono16': (2, ''),
}
# red, green and blue in luma, of 256
_LUMA = np.array([77, 150, 29], np.uint16)
# an encoding or a format that a message names may be as long as its sender likes
_SHOWN = 60


def to_picture(message: Image | CompressedImage, max_pixels: int = MAX_PIXELS) -> Picture:
    """
    Return the picture of a message.

    Takes an Image of encoding rgb8, bgr8, rgba8, bgra8 or mono8, which then shares its memory, or
    one of yuv422, yuv422_yuy2, mono16 (its upper 8 bits) or a Bayer pattern, which is computed,
    with any row padding; or a CompressedImage that holds a JPEG or a PNG.  ImageError where the
    message does not hold what it declares, or is over ``max_pixels``.
    """
    if isinstance(message, CompressedImage):
        return _decompress(message, max_pixels)
    return _unpack(message, max_pixels)


def to_rgb(message: Image | CompressedImage, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Return the picture of a message, (height, width, 3) uint8 RGB, contiguous; see ``to_picture``.

    The array may share the memory of the message.
    """
    return to_picture(message, max_pixels).rgb()


def _check_size(height: int, width: int, max_pixels: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f'image is {width}x{height}, both sides must be at least 1 pixel')
    if height * width > max_pixels:
        raise ImageError(f'image is {width}x{height} = {height * width} pixels, '
                         f'limit {max_pixels}')


def _unpack(message: Image, max_pixels: int) -> Picture:
    encoding = message.encoding
    if encoding not in _ENCODINGS and encoding not in _COMPUTED:
        raise ImageError(f'encoding {encoding[:_SHOWN]!r} is not one of '
                         f'{", ".join((*_ENCODINGS, *_COMPUTED))}')
    computed = _COMPUTED.get(encoding)
    depth = computed[0] if computed else _ENCODINGS[encoding][0]
    height, width, step = message.height, message.width, message.step
    _check_size(height, width, max_pixels)
    row = width * depth
    if step < row:
        raise ImageError(f'step is {step} bytes, a row of {width} {encoding} pixels '
                         f'needs {row}')
    # the padding after the last row may be missing
    needed = step * (height - 1) + row
    if len(message.data) < needed:
        raise ImageError(f'data has {len(message.data)} bytes, {width}x{height} '
                         f'{encoding} with step {step} needs {needed}')
    data = np.frombuffer(message.data, np.uint8)
    pixels = np.lib.stride_tricks.as_strided(          # (height, width, depth)
        data, (height, width, depth), (step, depth, 1), writeable=False)
    if computed:
        return _compute(pixels, computed[1], bool(message.is_bigendian))
    return Picture(pixels, _ENCODINGS[encoding][1])


def _compute(pixels: np.ndarray, code: str, big_endian: bool) -> Picture:
    """Return the picture of pixels (height, width, bytes of one) that are no colours yet."""
    import cv2

    height, width, depth = pixels.shape
    if code.startswith('YUV') and width % 2:
        raise ImageError(f'image is {width}x{height}, its width must be even: two pixels share '
                         'their colour')
    if code.startswith('Bayer') and min(height, width) < 2:
        raise ImageError(f'image is {width}x{height}, both sides must be at least 2 pixels for a '
                         'Bayer pattern')
    if not code.startswith('YUV') and depth == 2:   # the upper byte of 16 bits
        pixels = pixels[..., [0 if big_endian else 1]]
    if not code:
        return Picture(pixels, (0, 0, 0))
    return Picture(cv2.cvtColor(np.ascontiguousarray(pixels), getattr(cv2, f'COLOR_{code}')),
                   (0, 1, 2))


def _decompress(message: CompressedImage, max_pixels: int) -> Picture:
    label = message.format[:_SHOWN]
    declared = declared_size(memoryview(message.data), label)
    _check_size(*declared, max_pixels)
    try:
        pixels = _decoder()(message)
    except Exception as error:
        # the decoders raise whatever their libraries do: assertions, cv2.error, their own
        raise ImageError(f'{len(message.data)} bytes of {label!r} '
                         f'cannot be decoded: {error or type(error).__name__}') from error
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise ImageError(f'{len(message.data)} bytes of {label!r} cannot be decoded '
                         'to 8 or 16 bits a channel')
    # a photograph may say that it lies on its side
    if sorted(pixels.shape[:2]) != sorted(declared):
        raise ImageError(f'{label!r} is {pixels.shape[1]}x{pixels.shape[0]}, '
                         f'it declares {declared[1]}x{declared[0]}')
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    # the decoders give grey, BGR or BGRA
    return Picture(pixels, (0, 0, 0) if pixels.shape[2] == 1 else (2, 1, 0))


@lru_cache(maxsize=1)
def _decoder() -> Callable[[CompressedImage], Any]:
    """Return cv_bridge's decoder where it works, that of rosbags-image elsewhere."""
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
        return lambda message: bridge.compressed_imgmsg_to_cv2(message, 'passthrough')
    except Exception:  # noqa: BLE001  a cv_bridge built for another NumPy fails in many ways
        from rosbags.image import message_to_cvimage
        return message_to_cvimage


def bytes_array(values: np.ndarray) -> array.array:
    """Return the memory of an array as the buffer that message fields take quickly."""
    buffer = array.array('B')
    buffer.frombytes(memoryview(np.ascontiguousarray(values)).cast('B'))
    return buffer


def from_rgb(pixels: np.ndarray, header: Header, encoding: str = 'rgb8') -> Image:
    """
    Return an Image of (height, width, 3) uint8 RGB, in one of the encodings that are read.

    Alpha is opaque, mono8 the luma of ITU-R BT.601.  ValueError names another encoding.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f'encoding {encoding!r} is not one of {", ".join(ENCODINGS)}')
    height, width, _ = pixels.shape
    depth, channels = _ENCODINGS[encoding]
    if depth == 1:
        pixels = ((pixels @ _LUMA) >> 8).astype(np.uint8)
    elif encoding != 'rgb8':
        packed = np.full((height, width, depth), 255, np.uint8)
        packed[..., channels] = pixels
        pixels = packed
    return Image(header=header, height=height, width=width, encoding=encoding, is_bigendian=0,
                 step=depth * width, data=bytes_array(pixels))


def from_latents(latents: np.ndarray, header: Header) -> Image:
    """
    Return a 32FC1 Image of latents (..., D): a row for each latent, D columns.

    (L, D) gives a row for each token; (H, L, D) gives the L tokens of step 0, then of step 1.
    """
    rows = np.asarray(latents, '<f4').reshape(-1, latents.shape[-1])
    return Image(header=header, height=rows.shape[0], width=rows.shape[1], encoding='32FC1',
                 is_bigendian=0, step=4 * rows.shape[1], data=bytes_array(rows))
