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

"""Records of an MCAP file as bytes, and back: https://mcap.dev/spec, all little-endian."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import struct
from typing import BinaryIO

# how the files say who wrote them
LIBRARY = 'jepa_ros'
MAGIC = b'\x89MCAP0\r\n'
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX = range(1, 9)
STATISTICS, SUMMARY_OFFSET, DATA_END = 0x0b, 0x0e, 0x0f
# what a message has before its data: its record's head, then channel, sequence and two times
MESSAGE_HEAD = struct.Struct('<BQHIQQ')
RECORD_HEAD = struct.Struct('<BQ')
CHUNK_HEAD = struct.Struct('<QQQI')


@dataclass(frozen=True)
class Channel:
    """
    A topic in a file: its number, its type, and what a reader needs to know of both.

    ``definition`` is the text of the type and of all that it holds, ``digest`` its REP 2011 hash,
    ``qos`` the publishers' profiles as rosbag2 writes them, in YAML.
    """

    number: int
    topic: str
    kind: str
    definition: str
    digest: str
    qos: str


@dataclass(frozen=True)
class Chunk:
    """
    Where a chunk of messages lies in its file, in bytes, and what is in it.

    ``indexes`` holds the offset of each channel's message index, ``counts`` how many messages
    of each channel there are; the indexes follow the chunk.
    """

    start_ns: int
    end_ns: int
    offset: int
    length: int
    indexes: dict[int, int]
    index_length: int
    compression: str
    compressed_size: int
    size: int
    counts: dict[int, int]


def text(value: str) -> bytes:
    """Return a string behind its length."""
    data = value.encode()
    return struct.pack('<I', len(data)) + data


def record(kind: int, *parts: bytes) -> bytes:
    """Return a record of parts, behind its kind and length."""
    return RECORD_HEAD.pack(kind, sum(map(len, parts))) + b''.join(parts)


def table(entries: Mapping[int, int]) -> bytes:
    """Return a map from channels to 64-bit numbers, behind its length."""
    return struct.pack('<I', 10 * len(entries)) + b''.join(
        struct.pack('<HQ', key, value) for key, value in sorted(entries.items()))


def header() -> bytes:
    """Return how a file begins."""
    return MAGIC + record(HEADER, text('ros2'), text(LIBRARY))


def schema(channel: Channel) -> bytes:
    """Return the type of a channel: each channel has its own, of the same number."""
    return record(SCHEMA, struct.pack('<H', channel.number), text(channel.kind), text('ros2msg'),
                  text(channel.definition))


def channel_record(channel: Channel) -> bytes:
    """Return a channel, with what rosbag2 keeps beside it."""
    beside = b''.join(map(text, ('offered_qos_profiles', channel.qos,
                                 'topic_type_hash', channel.digest)))
    return record(CHANNEL, struct.pack('<HH', channel.number, channel.number), text(channel.topic),
                  text('cdr'), struct.pack('<I', len(beside)), beside)


def message_index(channel: int, entries: list[tuple[int, int]]) -> bytes:
    """Return where the messages of a channel are in their chunk: (time in ns, offset) of each."""
    return record(MESSAGE_INDEX, struct.pack('<HI', channel, 16 * len(entries)),
                  b''.join(struct.pack('<QQ', *entry) for entry in entries))


def chunk_index(chunk: Chunk) -> bytes:
    """Return what the summary says of a chunk."""
    return record(
        CHUNK_INDEX, struct.pack('<QQQQ', chunk.start_ns, chunk.end_ns, chunk.offset,
                                 chunk.length), table(chunk.indexes),
        struct.pack('<Q', chunk.index_length), text(chunk.compression),
        struct.pack('<QQ', chunk.compressed_size, chunk.size))


def statistics(chunks: Sequence[Chunk], channels: Sequence[Channel]) -> bytes:
    """Return the counts of a whole file."""
    counts = total_counts(chunks, channels)
    times = [(c.start_ns, c.end_ns) for c in chunks] or [(0, 0)]
    return record(
        STATISTICS, struct.pack('<QHIIIIQQ', sum(counts.values()), len(channels), len(channels),
                                0, 0, len(chunks), min(t[0] for t in times),
                                max(t[1] for t in times)), table(counts))


def total_counts(chunks: Sequence[Chunk], channels: Sequence[Channel]) -> dict[int, int]:
    """Return how many messages each channel has in all."""
    counts = dict.fromkeys((c.number for c in channels), 0)
    for chunk in chunks:
        for number, count in chunk.counts.items():
            counts[number] = counts.get(number, 0) + count
    return counts


def records(file: BinaryIO, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield (end, kind, content) of each whole record from here on; stop at one that is cut."""
    while True:
        offset = file.tell()
        head = file.read(RECORD_HEAD.size)
        if len(head) < RECORD_HEAD.size:
            return
        kind, length = RECORD_HEAD.unpack(head)
        if offset + RECORD_HEAD.size + length > end:
            return
        content = file.read(length)
        yield file.tell(), kind, content


def texts(content: bytes, at: int, count: int) -> tuple[list[str], int]:
    """Return so many strings of a record and where they end; ValueError where it has not them."""
    found = []
    for _ in range(count):
        length = int.from_bytes(content[at:at + 4], 'little')
        data = content[at + 4:at + 4 + length]
        if len(data) < length:
            raise ValueError(f'a string has {len(data)} bytes, says {length}')
        found.append(data.decode())
        at += 4 + length
    return found, at


def message_head(channel: int, time_ns: int, size: int) -> bytes:
    """Return what comes before so many bytes of a message's data."""
    return MESSAGE_HEAD.pack(MESSAGE, MESSAGE_HEAD.size - RECORD_HEAD.size + size, channel, 0,
                             time_ns, time_ns)
