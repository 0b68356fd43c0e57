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

"""
One MCAP file that is written: whole up to its last flush, whatever ends it.

rosbags reads what is written here; its own writer can neither flush, nor go on in a file that
was cut off, nor end one on a full disk.
"""

from collections.abc import Iterable
import fcntl
import os
from pathlib import Path
import struct
from zlib import crc32

from backports import zstd  # rosbags brings it along

from jepa_ros.ros import mcap_records as mcap
from jepa_ros.ros.mcap_records import Channel, Chunk

# A chunk is written when it has as much: a picture, or a second of anything smaller.
CHUNK_BYTES = 1 << 20
# the fastest that is still smaller: frames come ten a second
_LEVEL = 1


class BeingWrittenError(ValueError):
    """A file that another process is writing."""


def lock(descriptor: int, path: Path) -> None:
    """Hold a file while it is open; BeingWrittenError where another process does."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BeingWrittenError(f'{path} is still being recorded; end that first') from error


class McapFile:
    """
    Messages into a file, in chunks; the summary comes when it is finished.

    What a failed write left behind is cut off again: everything before it stays readable.
    All methods may raise OSError.
    """

    def __init__(self, path: Path, compress: bool) -> None:
        self.path, self._compress = path, compress
        self.channels: list[Channel] = []
        self.chunks: list[Chunk] = []
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._end = 0
        self._begin_chunk()
        try:
            lock(self._descriptor, path)
            self._append([mcap.header()])
        except OSError:
            self.remove()
            raise

    @classmethod
    def resume(cls, path: Path, descriptor: int, channels: Iterable[Channel],
               chunks: Iterable[Chunk], end: int) -> 'McapFile':
        """Go on in a file that was cut off: ``end`` is where what is whole of it ends."""
        file = cls.__new__(cls)
        file.path, file._compress, file._descriptor = path, False, descriptor
        file.channels, file.chunks, file._end = list(channels), list(chunks), end
        file._begin_chunk()
        os.ftruncate(descriptor, end)
        if not end:
            file._append([mcap.header()])
        return file

    def _begin_chunk(self) -> None:
        self._parts: list[bytes] = []
        self._entries: dict[int, list[tuple[int, int]]] = {}
        self.pending_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Return how long the file is, what is not yet written included."""
        return self._end + self.pending_bytes

    @property
    def pending(self) -> int:
        """Return how many messages are not yet written."""
        return sum(map(len, self._entries.values()))

    def add(self, channel: Channel) -> None:
        """Begin a channel."""
        self._append([mcap.schema(channel), mcap.channel_record(channel)])
        self.channels.append(channel)

    def write(self, channel: int, time_ns: int, data: bytes) -> None:
        """Take a message; it is in the file after the next flush."""
        entries = self._entries.setdefault(channel, [])
        entries.append((time_ns, self.pending_bytes))
        head = mcap.message_head(channel, time_ns, len(data))
        self._parts += [head, data]
        self.pending_bytes += len(head) + len(data)
        if self.pending_bytes >= CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was taken; it is lost where that fails."""
        if not self._parts:
            return
        plain, entries = b''.join(self._parts), self._entries
        self._begin_chunk()
        packed = zstd.compress(plain, _LEVEL) if self._compress else plain
        compression = 'zstd' if self._compress else ''
        times = [time_ns for channel in entries.values() for time_ns, _ in channel]
        chunk = mcap.record(
            mcap.CHUNK, mcap.CHUNK_HEAD.pack(min(times), max(times), len(plain), crc32(plain)),
            mcap.text(compression), struct.pack('<Q', len(packed)), packed)
        indexes, offsets, at = [], {}, self._end + len(chunk)
        for channel, channel_entries in entries.items():
            indexes.append(mcap.message_index(channel, channel_entries))
            offsets[channel] = at
            at += len(indexes[-1])
        kept = Chunk(min(times), max(times), self._end, len(chunk), offsets,
                     at - self._end - len(chunk), compression, len(packed), len(plain),
                     {channel: len(some) for channel, some in entries.items()})
        self._append([chunk, *indexes])
        self.chunks.append(kept)

    def _append(self, parts: list[bytes]) -> None:
        """Write at the end; what was written of it is cut off again where that fails."""
        at = self._end
        try:
            for part in parts:
                view = memoryview(part)
                while view:
                    written = os.pwrite(self._descriptor, view, at)
                    view, at = view[written:], at + written
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end = at

    def finish(self) -> None:
        """Write what was taken, then the summary; without it the file is unfinished."""
        self.flush()
        data_end = mcap.record(mcap.DATA_END, bytes(4))
        start = self._end + len(data_end)
        groups = {
            mcap.SCHEMA: [mcap.schema(c) for c in self.channels],
            mcap.CHANNEL: [mcap.channel_record(c) for c in self.channels],
            mcap.STATISTICS: [mcap.statistics(self.chunks, self.channels)],
            mcap.CHUNK_INDEX: [mcap.chunk_index(c) for c in self.chunks],
        }
        offsets, at = [], start
        for kind, records in groups.items():
            length = sum(map(len, records))
            if length:
                offsets.append(mcap.record(mcap.SUMMARY_OFFSET, struct.pack('<BQQ', kind, at,
                                                                            length)))
            at += length
        summary = b''.join([*(r for records in groups.values() for r in records), *offsets])
        head = mcap.RECORD_HEAD.pack(mcap.FOOTER, 20) + struct.pack('<QQ', start, at)
        crc = crc32(summary + head)
        self._append([data_end, summary, head, struct.pack('<I', crc), mcap.MAGIC])

    def drop_last(self) -> int:
        """Cut the last chunk off again, and the summary; return how many messages that were."""
        chunk = self.chunks.pop()
        self._end = chunk.offset
        os.ftruncate(self._descriptor, self._end)
        return sum(chunk.counts.values())

    def sync(self) -> None:
        """Have it on the disk itself."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Close and delete a file that holds nothing."""
        self.close()
        self.path.unlink(missing_ok=True)
