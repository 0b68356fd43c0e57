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

"""Fuzz what a camera, or whoever speaks in its place, sends: pictures, raw and compressed."""

import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import struct
import zlib

import cv2
from fuzz_edits import Edit, edit_bytes, edits, NUMBERS
from fuzz_run import Target
from hypothesis import strategies as st
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.ros.convert import MAX_PIXELS, to_picture
from jepa_ros.ros.picture import ImageError

ENCODINGS = ('rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8', '16UC1', '32FC1', 'bayer_rggb8',
             'bayer_gbrg16', 'bayer_rggb12', 'yuv422', 'yuv422_yuy2', 'mono16', '', 'RGB8',
             'rgb8\0', 'é', 'x' * 3000)
FORMATS = ('jpeg', 'png', 'rgb8; jpeg compressed bgr8', '16UC1; compressedDepth png', '',
           'tiff', 'é' * 100)
_SIZES = st.integers(0, 12) | st.sampled_from([n for n in NUMBERS if n < 2 ** 32])
_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG, with its checksum."""
    return (struct.pack('>I', len(content)) + kind + content
            + struct.pack('>I', zlib.crc32(kind + content)))


def png(height: int, width: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    """Return a PNG of these rows, whatever its header says of them."""
    header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    return _PNG_SIGNATURE + b''.join([
        png_chunk(b'IHDR', header), *more, png_chunk(b'IDAT', zlib.compress(rows)),
        png_chunk(b'IEND', b'')])


def mend(content: bytes) -> bytes:
    """Return a PNG whose checksums are right again, as far as it can be followed."""
    out, at = bytearray(content), len(_PNG_SIGNATURE)
    while at + 12 <= len(out):
        length, = struct.unpack('>I', out[at:at + 4])
        end = at + 8 + length
        if end + 4 > len(out):
            break
        out[end:end + 4] = struct.pack('>I', zlib.crc32(out[at + 4:end]))
        at = end + 4
    return bytes(out)


def compressed() -> list[bytes]:
    """Return a picture of each kind that a JPEG or a PNG can be."""
    rgb = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    kinds = [
        ('.jpg', rgb, []), ('.jpg', rgb[..., 0], []),
        ('.jpg', rgb, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
        ('.png', rgb, []), ('.png', np.dstack([rgb, rgb[..., :1]]), []),
        ('.png', rgb[..., 0], []), ('.png', rgb.astype(np.uint16) * 257, [])]
    found = [cv2.imencode(kind, pixels, options)[1].tobytes() for kind, pixels, options in kinds]
    rows = b'\0\1\2\3\4' * 2
    return [*found, png(2, 2, 8, 4, rows),                                      # grey and alpha
            png(2, 4, 8, 3, rows, png_chunk(b'PLTE', bytes(range(30)))),        # a palette
            png(2, 32, 1, 0, rows)]                                             # a bit a pixel


def _sound(message: Image | CompressedImage) -> None:
    picture = to_picture(message)
    height, width = picture.pixels.shape[:2]
    assert 1 <= height * width <= MAX_PIXELS
    assert picture.fit(4, 4).shape == (4, 4, 3)
    if height * width <= 2 ** 16:       # the copy of a larger one only takes time
        rgb = picture.rgb()
        assert (rgb.shape, rgb.dtype) == ((height, width, 3), np.uint8)


@contextmanager
def images(folder: Path) -> Iterator[Target]:
    """Images whose size, step, encoding and data do not belong together."""
    def check(value: tuple) -> None:
        encoding, height, width, step, extra, big = value
        if step is None:                # what it should be, nearly
            step = width * {'rgb8': 3, 'bgr8': 3, 'mono8': 1, 'bayer_rggb8': 1, 'yuv422': 2}.get(
                    encoding, 4) + extra % 3
        data = bytes(max(0, min(step * height, 2 ** 16) + extra))
        _sound(Image(encoding=encoding, height=height, width=width, step=step % 2 ** 32,
                     is_bigendian=big, data=array.array('B', data)))

    yield Target('images', st.tuples(
        st.sampled_from(ENCODINGS), _SIZES, _SIZES, st.none() | _SIZES, st.integers(-40, 40),
        st.integers(0, 255)), check, (ImageError,), 128.0)


@contextmanager
def compressed_images(folder: Path) -> Iterator[Target]:
    """Take a JPEG or a PNG after a few edits, checksums made right again or not."""
    bases = compressed()
    for base in bases:
        _sound(CompressedImage(format='jpeg', data=array.array('B', base)))

    def check(value: tuple[int, str, list[Edit], bool]) -> None:
        base, label, changes, mended = value
        content = edit_bytes(bases[base], changes)
        if mended:
            content = mend(content)
        _sound(CompressedImage(format=label, data=array.array('B', content)))

    # the largest picture that is let in, and the decoder's own copies of it
    yield Target('compressed_images', st.tuples(
        st.integers(0, len(bases) - 1), st.sampled_from(FORMATS), edits(4),
        st.booleans()), check, (ImageError,), 512.0)
