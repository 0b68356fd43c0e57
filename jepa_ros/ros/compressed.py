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

"""What a JPEG or a PNG declares of itself, read before a decoder allocates anything for it."""

import struct

from jepa_ros.core.png import png_size, SIGNATURE
from jepa_ros.ros.picture import ImageError

_JPEG = b'\xff\xd8'
# of a JPEG's markers: those that declare a size; C4, C8 and CC in their range are tables
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# a second start, the end, and the scan, before which a size must have come
_BEYOND = {0x00, 0xD8, 0xD9, 0xDA}
# a JPEG's size comes within so many bytes, or is not looked for
_HEADER_BYTES = 1 << 16


def declared_size(data: memoryview, label: str) -> tuple[int, int]:
    """
    Return (height, width) as some compressed bytes declare them.

    ImageError where they are neither a JPEG nor a PNG, or where a decoder would allocate what
    they only say that they hold; ``label`` is the name of the format in the error.
    """
    head = bytes(data[:_HEADER_BYTES])
    if not head:
        raise ImageError(f'compressed image of format {label!r} has no data')
    if head.startswith(SIGNATURE):
        try:
            return png_size(data, f'PNG of format {label!r}')
        except ValueError as error:
            raise ImageError(str(error)) from error
    if head.startswith(_JPEG):
        return _jpeg_size(head, label)
    raise ImageError(f'compressed image of format {label!r} starts with '
                     f'{head[:4].hex()}, neither a JPEG nor a PNG')


def _jpeg_size(head: bytes, label: str) -> tuple[int, int]:
    """
    Return (height, width) of a JPEG's frame header.

    The way to it is walked as decoders walk it.  Where they would guess on, it is refused: else
    they could find another frame header, of another size, than we.
    """
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:                                  # fill
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:      # these have no length
            at += 2
        elif marker in _FRAME_HEADERS:
            height, width = struct.unpack('>HH', head[at + 5:at + 9])
            return height, width
        else:
            length, = struct.unpack('>H', head[at + 2:at + 4])
            if length < 2 or marker in _BEYOND:
                break
            at += 2 + length
    raise ImageError(f'JPEG of format {label!r} declares no size in its first {len(head)} bytes')
