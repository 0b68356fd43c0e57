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

"""The thread that writes a bag: the node hands messages over and never waits for the disk."""

from collections import deque
from dataclasses import dataclass
import shutil
import threading
import time

from jepa_ros.ros.bag_writer import BagWriter

# So much is lost at most where the process is killed.
FLUSH_S = 1.0


class DiskFullError(OSError):
    """There is less room on the disk than is to be left free."""


@dataclass(frozen=True)
class Topic:
    """What is written of a topic when its first message comes."""

    name: str
    kind: str
    definition: str
    digest: str
    qos: str
    latched: bool = False       # who comes later hears the last one: it is said once


class BagThread:
    """
    Write what is offered, oldest first, flushed each second; drop what the queue cannot hold.

    ``failure`` is the error after which nothing more is written, None as long as all is well.
    """

    def __init__(self, writer: BagWriter, most_queued_bytes: int, least_free_bytes: int) -> None:
        self.writer = writer
        self.failure: Exception | None = None
        self.dropped: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.queued_bytes = 0
        self._most_queued_bytes = most_queued_bytes
        self._least_free_bytes = least_free_bytes
        self._queue: deque[tuple[Topic, int, bytes]] = deque()
        self._numbers: dict[str, int] = {}
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name='bag', daemon=True)
        self._thread.start()

    def offer(self, topic: Topic, time_ns: int, data: bytes) -> None:
        """Take a message, or count it as dropped where the disk cannot keep up."""
        with self._changed:
            full = self.queued_bytes + len(data) > self._most_queued_bytes and self._queue
            if full or self.failure:
                self.dropped[topic.name] = self.dropped.get(topic.name, 0) + 1
                return
            self.queued_bytes += len(data)
            self._queue.append((topic, time_ns, data))
            self._changed.notify()

    def _run(self) -> None:
        try:
            self._check_room()
            while self._write_some():
                self._check_room()
        except Exception as error:
            with self._changed:
                self.failure = error
                for topic, _, _ in self._queue:
                    self.dropped[topic.name] = self.dropped.get(topic.name, 0) + 1
                self._queue.clear()

    def _write_some(self) -> bool:
        """Write for a second, then flush; return False where that was the end."""
        until_s = time.monotonic() + FLUSH_S
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._ending,
                                       max(0.0, until_s - time.monotonic()))
                if not self._queue:
                    ending = self._ending
                    break
                message = self._queue.popleft()
                self.queued_bytes -= len(message[2])
            self._write(*message)
            if time.monotonic() >= until_s:
                ending = False
                break
        self.writer.flush()
        return not ending

    def _write(self, topic: Topic, time_ns: int, data: bytes) -> None:
        if topic.name not in self._numbers:
            self._numbers[topic.name] = self.writer.add(
                topic.name, topic.kind, topic.definition, topic.digest, topic.qos)
        self.writer.write(self._numbers[topic.name], time_ns, data)
        self.written[topic.name] = self.written.get(topic.name, 0) + 1

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.writer.folder).free
        if free < self._least_free_bytes:
            raise DiskFullError(
                f'{free / 1e6:.0f} MB are free where {self.writer.folder} is, limit '
                f'{self._least_free_bytes / 1e6:.0f} MB')

    def close(self) -> None:
        """
        Write what is queued and complete the bag; a bag of nothing is removed.

        OSError where that has no room at all.
        """
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()
        if self.written:
            self.writer.close()
            self.written = self.writer.counts()
        else:
            self.writer.discard()
