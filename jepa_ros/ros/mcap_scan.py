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

"""Find what is whole in an MCAP file that may be cut off."""

from dataclasses import dataclass
import os
from pathlib import Path
import struct
from typing import BinaryIO
from zlib import crc32

from backports import zstd

from jepa_ros.ros import mcap_records as mcap
from jepa_ros.ros.mcap_records import Channel, Chunk

# a chunk holds a picture, or a megabyte; more is damage
LARGEST_CHUNK_BYTES = 1 << 30


@dataclass(frozen=True)
class Found:
    """What is whole in a file, up to ``end``; ``finished`` where it has its summary."""

    channels: tuple[Channel, ...]
    chunks: tuple[Chunk, ...]
    end: int
    finished: bool


def scan(file: BinaryIO, path: Path) -> Found:
    """
    Read a file that one of our recorders wrote, up to where it was cut off.

    A chunk counts if it and the indexes behind it are there, and its checksum is right.
    ValueError where it is no MCAP file, or another program's.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    begin = file.read(len(mcap.MAGIC))
    if begin != mcap.MAGIC[:len(begin)]:
        raise ValueError(f'{path} is no MCAP file: it begins with {begin!r}')
    reading = _Reading()
    for end, kind, content in mcap.records(file, size):
        if kind == mcap.HEADER:
            _check_library(content, path)
        try:
            if not reading.take(end, kind, content):
                break
        except (ValueError, LookupError, struct.error, zstd.ZstdError):
            # a machine that was switched off may leave anything behind its last flush
            reading.leave_out()
    # a summary is whole if the file ends as it should
    file.seek(max(0, size - len(mcap.MAGIC)))
    finished = reading.data_ended and file.read() == mcap.MAGIC
    return Found(tuple(reading.channels.values()), tuple(reading.chunks), reading.end, finished)


def _check_library(content: bytes, path: Path) -> None:
    """Refuse a file that another program wrote, in which more may be than is known here."""
    (_, library), _ = mcap.texts(content, 0, 2)
    if library != mcap.LIBRARY:
        raise ValueError(f'{path} was written by {library[:60]!r}, which must complete it itself; '
                         f'only {mcap.LIBRARY!r} recordings can be completed here')


class _Reading:
    """Channels and chunks so far; ``end`` is where the last whole one of them ends."""

    def __init__(self) -> None:
        self.channels: dict[int, Channel] = {}
        self.chunks: list[Chunk] = []
        self.end = 0
        self.data_ended = False
        self._schemas: dict[int, tuple[str, str]] = {}
        self._chunk: Chunk | None = None        # whose indexes are still to come

    def take(self, end: int, kind: int, content: bytes) -> bool:
        """Take a record that ends there; return False where the messages end."""
        if kind == mcap.MESSAGE_INDEX:
            if self._chunk is not None:
                self._take_index(end, content)
        elif kind == mcap.CHUNK:
            self._chunk = None
            self._chunk = _chunk(end, content)
        elif kind == mcap.SCHEMA:
            number, = struct.unpack_from('<H', content)
            (name, _, definition), _ = mcap.texts(content, 2, 3)
            self._schemas[number] = name, definition
        elif kind == mcap.CHANNEL:
            self._take_channel(content)
            self.end = end
        elif kind == mcap.HEADER:
            self.end = end
        else:
            self.data_ended = kind == mcap.DATA_END
            return False
        return True

    def leave_out(self) -> None:
        """Forget a chunk that is damaged."""
        self._chunk = None

    def _take_channel(self, content: bytes) -> None:
        number, schema = struct.unpack_from('<HH', content)
        (topic, _), at = mcap.texts(content, 4, 2)
        beside, at = {}, at + 4
        while at < len(content):
            (key, value), at = mcap.texts(content, at, 2)
            beside[key] = value
        name, definition = self._schemas[schema]
        self.channels[number] = Channel(
            number, topic, name, definition, beside.get('topic_type_hash', ''),
            beside.get('offered_qos_profiles', ''))

    def _take_index(self, end: int, content: bytes) -> None:
        """Take where one channel's messages are; with the last channel's the chunk is whole."""
        chunk = self._chunk
        assert chunk is not None
        channel, length = struct.unpack_from('<HI', content)
        chunk.indexes[channel] = end - len(content) - mcap.RECORD_HEAD.size
        if length // 16 != chunk.counts.get(channel):
            raise ValueError(f'the index of channel {channel} is not that of its chunk')
        if len(chunk.indexes) == len(chunk.counts):
            self.chunks.append(Chunk(**{**vars(chunk),
                                        'index_length': end - chunk.offset - chunk.length}))
            self._chunk, self.end = None, end


def _chunk(end: int, content: bytes) -> Chunk:
    """Return a chunk without its indexes; ValueError where it is damaged."""
    start_ns, end_ns, size, crc = mcap.CHUNK_HEAD.unpack_from(content)
    (compression,), at = mcap.texts(content, mcap.CHUNK_HEAD.size, 1)
    packed = memoryview(content)[at + 8:]
    if size > LARGEST_CHUNK_BYTES:
        raise ValueError(f'a chunk says that it has {size} bytes, limit {LARGEST_CHUNK_BYTES}')
    plain = packed
    if compression == 'zstd':
        plain = memoryview(zstd.ZstdDecompressor().decompress(packed, max_length=size + 1))
    elif compression:
        raise ValueError(f'a chunk is compressed as {compression!r}')
    if len(plain) != size or crc32(plain) != crc:
        raise ValueError('the checksum of a chunk is wrong')
    length = len(content) + mcap.RECORD_HEAD.size
    return Chunk(start_ns, end_ns, end - length, length, {}, 0, compression, len(packed), size,
                 _counts(plain))


def _counts(plain: memoryview) -> dict[int, int]:
    """Return how many messages of each channel the records of a chunk hold."""
    counts: dict[int, int] = {}
    at = 0
    while at < len(plain):
        _, length, channel, *_ = mcap.MESSAGE_HEAD.unpack_from(plain, at)
        counts[channel] = counts.get(channel, 0) + 1
        at += mcap.RECORD_HEAD.size + length
    return counts
