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

"""A rosbag2 folder that is written: files of a largest size, each whole whatever happens."""

from contextlib import suppress
from dataclasses import dataclass
import errno
from pathlib import Path

from jepa_ros.ros import bag_metadata
from jepa_ros.ros.bag_metadata import Part
from jepa_ros.ros.mcap_file import McapFile
from jepa_ros.ros.mcap_records import Channel

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_METADATA_BYTES = 1 << 18   # more than any metadata.yaml has


@dataclass(frozen=True)
class BagConfig:
    """How a bag is written; a new file begins at ``most_bytes`` or ``most_s``, 0 is no limit."""

    compress: bool = True
    most_bytes: int = 0
    most_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if self.most_bytes < 0 or not self.most_s >= 0.0:
            raise ValueError(f'most_bytes {self.most_bytes} and most_s {self.most_s} '
                             'must be at least 0')


class BagWriter:
    """
    Write messages into a new folder; ``close`` completes it.

    A folder that was not closed is completed by ``bag_recovery.recover``.  Where the disk is
    full, ``write`` and ``flush`` raise OSError; ``close`` still completes the bag, if it has to
    with the last chunks left out.
    """

    def __init__(self, folder: Path, config: BagConfig) -> None:
        if folder.exists():
            raise ValueError(f'{folder} exists already; choose another folder for the bag')
        self.folder, self._config = folder, config
        self._channels: list[Channel] = []
        self._parts: list[Part] = []
        self._first_ns: int | None = None
        self.lost = 0           # messages that were taken and could not be kept
        self._finished_bytes = 0
        self._listed = False        # the present file is complete, and among the parts
        self._broken: OSError | None = None     # why it cannot be completed
        folder.mkdir(parents=True)
        try:
            self._file = self._new_file()
        except OSError:
            folder.rmdir()
            raise

    def _new_file(self) -> McapFile:
        path = self.folder / f'{self.folder.name}_{len(self._parts)}.mcap'
        return McapFile(path, self._config.compress)

    @property
    def files(self) -> int:
        """Return how many files there are."""
        return len(self._parts) + (not self._listed)

    @property
    def size_bytes(self) -> int:
        """Return how large all files are."""
        return self._finished_bytes + (0 if self._listed else self._file.size_bytes)

    def counts(self) -> dict[str, int]:
        """Return how many messages of each topic are in the files that are finished."""
        counts: dict[str, int] = {}
        for part in self._parts:
            for topic, count in part.counts.items():
                counts[topic] = counts.get(topic, 0) + count
        return counts

    def add(self, topic: str, kind: str, definition: str, digest: str, qos: str) -> int:
        """Begin a topic; return its number."""
        channel = Channel(len(self._channels) + 1, topic, kind, definition, digest, qos)
        self._file.add(channel)
        self._channels.append(channel)
        return channel.number

    def write(self, channel: int, time_ns: int, data: bytes) -> None:
        """Take a message, into a new file where the present one is full."""
        if self._listed or self._full(time_ns):
            try:
                self._roll()
            except OSError:
                self.lost += 1
                raise
        if self._first_ns is None:
            self._first_ns = time_ns
        pending = self._file.pending
        try:
            self._file.write(channel, time_ns, data)
        except OSError:
            self.lost += pending + 1
            raise

    def _full(self, time_ns: int) -> bool:
        if self._first_ns is None:
            return False
        bytes_, s = self._config.most_bytes, self._config.most_s
        return bool((bytes_ and self._file.size_bytes >= bytes_)
                    or (s and time_ns - self._first_ns >= s * 1e9))

    def _roll(self) -> None:
        if not self._listed:
            self._finish()
        file = self._new_file()
        try:
            for channel in self._channels:
                file.add(channel)
        except OSError:
            file.remove()
            raise
        self._file, self._listed, self._first_ns = file, False, None

    def flush(self) -> None:
        """Have everything that was taken in the file: it outlives this process."""
        pending = self._file.pending
        try:
            self._file.flush()
        except OSError:
            self.lost += pending
            raise

    def close(self) -> None:
        """
        Complete the bag; where that has no room on the disk, without its last chunks.

        OSError where it cannot be completed: then it stays to be recovered.
        """
        if self._listed:
            return
        if self._broken is not None:
            raise self._broken
        with suppress(OSError):     # counted as lost; what was written before stays
            self.flush()
        if self._parts and not self._file.chunks:
            self._file.remove()
            self._listed = True
        else:
            self._finish()

    def discard(self) -> None:
        """Leave nothing behind, where nothing was taken."""
        self._file.remove()
        self.folder.rmdir()

    def _finish(self) -> None:
        """
        Complete the present file and list it.

        Its last chunks make room where there is none.  OSError for anything else, and where that
        does not help: then the file keeps what is in it, to be recovered.
        """
        with suppress(OSError):     # counted as lost
            self.flush()
        freed = 0       # for metadata.yaml: a disk without any more files is 'full' as well
        try:
            while True:
                try:
                    self._file.finish()
                except OSError as error:
                    self._make_room(error)
                    continue
                try:
                    self._file.sync()       # before metadata.yaml says that it is complete
                    part = Part.of(self._file.path, self._file.channels, self._file.chunks)
                    bag_metadata.write(self.folder, [*self._parts, part])
                    break
                except OSError as error:
                    if freed >= _METADATA_BYTES:
                        raise
                    freed += self._make_room(error)
        except OSError as error:
            self._broken = error
            raise
        finally:
            self._file.close()
        self._finished_bytes += self._file.size_bytes
        self._parts.append(part)
        self._listed = True

    def _make_room(self, error: OSError) -> int:
        """Drop the last chunk where there was no room; return its bytes."""
        if error.errno not in _NO_ROOM or not self._file.chunks:
            raise error
        chunk = self._file.chunks[-1]
        self.lost += self._file.drop_last()
        return chunk.length + chunk.index_length
