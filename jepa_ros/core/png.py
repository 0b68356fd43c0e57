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

"""Whether a PNG is safe to unpack, and how large its picture is, before anything unpacks it."""

import struct

SIGNATURE = b'\x89PNG\r\n\x1a\n'
# where width and height end, what a chunk has beside its bytes, chunks of an animation
_SIZE_END = 24
_AROUND_CHUNK = 12
_ANIMATION = (b'acTL', b'fcTL', b'fdAT')


def png_size(data: memoryview, name: str) -> tuple[int, int]:
    """
    Return (height, width) of a PNG whose chunks are all as long as they say; ValueError if not.

    OpenCV makes room for a chunk by the length that it declares, which may be 4 GiB, before it
    looks whether there is so much.
    """
    at = len(SIGNATURE)
    kinds: list[bytes] = []
    while at < len(data):
        left = len(data) - at - _AROUND_CHUNK
        length, kind = struct.unpack_from('>I4s', data, at) if left >= 0 else (0, b'')
        if length > left:
            raise ValueError(f'{name} is cut short: its chunk at byte {at} says '
                             f'{length} bytes and {_AROUND_CHUNK} around them, '
                             f'{len(data) - at} are left')
        if kind in kinds[:1] or (not kinds and kind != b'IHDR') or kind in _ANIMATION:
            raise ValueError(f'{name}: chunk {len(kinds)} is {kind!r}, must be '
                             'one IHDR and then those of a single picture')
        kinds.append(kind)
        at += length + _AROUND_CHUNK
        if kind == b'IEND':
            break
    if len(data) < _SIZE_END:
        raise ValueError(f'{name} has {len(data)} bytes, too few for a size')
    width, height = struct.unpack_from('>II', data, _SIZE_END - 8)
    return height, width
