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

"""How a recording is getting on, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import shutil

from jepa_ros.ros.bag_thread import BagThread


@dataclass(frozen=True)
class TopicFigures:
    """What was recorded of a topic; ``kind`` is empty as long as nobody publishes it."""

    name: str
    kind: str
    messages: int
    megabytes: float    # as they came, before they are compressed
    rate_hz: float      # written, since the figures before
    dropped: int        # because the disk could not keep up


@dataclass(frozen=True)
class Figures:
    """
    A recording so far; ``length_s`` is on its own clock.

    ``lack`` says which topics have no message yet, and why, in words; it is empty where all have.
    """

    topics: tuple[TopicFigures, ...]
    lack: str
    folder: Path
    length_s: float
    file_mb: float
    files: int
    queue_mb: float
    free_mb: float

    @property
    def dropped(self) -> int:
        """Return how many messages the disk could not take."""
        return sum(topic.dropped for topic in self.topics)

    def summary(self) -> str:
        """Return a line: the length, messages of each topic, how large, what was dropped."""
        counts = ', '.join(f'{topic.name} {topic.messages}' for topic in self.topics)
        dropped = f', {self.dropped} dropped' if self.dropped else ''
        return f'{self.length_s:.1f} s, {counts}, {self.file_mb:.1f} MB{dropped}'

    def values(self) -> dict[str, float | str]:
        """Return the figures as diagnostics have them."""
        return {
            'folder': str(self.folder), 'lack': self.lack, 'length_s': self.length_s,
            'file_mb': self.file_mb, 'files': str(self.files), 'queue_mb': self.queue_mb,
            'free_mb': self.free_mb, 'dropped': str(self.dropped),
            **{f'messages of {topic.name}': str(topic.messages) for topic in self.topics},
            **{f'rate_hz of {topic.name}': topic.rate_hz for topic in self.topics}}


class Counting:
    """Count what is taken of each topic, and put it into figures."""

    def __init__(self, names: Sequence[str]) -> None:
        self._bytes = dict.fromkeys(names, 0)
        self._before = dict.fromkeys(names, 0)
        self._before_s: float | None = None

    def count(self, name: str, size: int) -> None:
        """Count a message."""
        self._bytes[name] += size

    def silent(self) -> list[str]:
        """Return the topics of which there is no message yet."""
        return [name for name, size in self._bytes.items() if not size]

    def figures(self, bag: BagThread, kinds: dict[str, str], lack: str, length_s: float,
                steady_s: float) -> Figures:
        """Return the figures of now; rates are those since the last time."""
        since_s = steady_s - self._before_s if self._before_s is not None else 0.0
        self._before_s = steady_s
        topics = []
        for name, size in self._bytes.items():
            count = bag.written.get(name, 0)
            rate_hz = (count - self._before[name]) / since_s if since_s > 0 else 0.0
            topics.append(TopicFigures(name, kinds.get(name, ''), count, size / 1e6, rate_hz,
                                       bag.dropped.get(name, 0)))
            self._before[name] = count
        writer = bag.writer
        return Figures(tuple(topics), lack, writer.folder, length_s, writer.size_bytes / 1e6,
                       writer.files, bag.queued_bytes / 1e6, free_mb(writer.folder))


def free_mb(folder: Path) -> float:
    """Return how much room there is where a folder is, or was to be."""
    while not folder.exists():
        folder = folder.absolute().parent
    return shutil.disk_usage(folder).free / 1e6
