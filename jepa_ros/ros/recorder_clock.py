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
When a message came, on the recording's clock.

The middleware notes when it received each message, however long that then waited for Python.  In
simulation it notes so of /clock too: between two ticks simulated time is read off a straight line.
So a busy machine, or a simulator that runs eight times as fast, does not blur it.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable

from jepa_ros.ros.bag_thread import Topic

# after so many looks without a tick simulated time stands still, and messages have its last
_PATIENCE = 5
_MOST_TICKS = 500


class RecorderClock:
    """Hand messages on with their time in ns; in simulation after the next tick of /clock."""

    def __init__(self, simulated: bool, deliver: Callable[[Topic, int, bytes], None]) -> None:
        self._simulated, self._deliver = simulated, deliver
        self._ticks: deque[tuple[int, int]] = deque(maxlen=_MOST_TICKS)     # received, simulated
        self._waiting: deque[tuple[int, Topic, bytes]] = deque()
        self._looks = 0             # since the last tick
        self.before_clock = 0       # messages that came before simulated time, and are left out
        self._latched: dict[str, tuple[Topic, bytes]] = {}      # the newest of those, by topic

    @property
    def stands_still(self) -> bool:
        """Tell whether simulated time is wanted and has not begun."""
        return self._simulated and not self._ticks

    def take(self, topic: Topic, data: bytes, received_ns: int) -> None:
        """Take a message that was received then, on the system's clock."""
        if not self._simulated:
            self._deliver(topic, received_ns, data)
        elif self._ticks:
            self._waiting.append((received_ns, topic, data))
        else:
            self.before_clock += 1
            if topic.latched:
                self._latched[topic.name] = topic, data

    def tick(self, time_ns: int, received_ns: int) -> None:
        """
        Take a simulated time that was received then; hand on what came before.

        With the first one that is what was latched before it, such as /tf_static.
        """
        self._looks = 0
        self._ticks.append((received_ns, time_ns))
        for topic, data in self._latched.values():
            self._deliver(topic, time_ns, data)
        self._latched.clear()
        self._hand_on(received_ns)

    def look(self) -> None:
        """
        Hand on what waits where no tick has come since the last few looks.

        Looks are counted, not seconds: a process that was held up finds ticks when it wakes.
        """
        self._looks += 1
        if self._looks > _PATIENCE:
            self.end()

    def end(self) -> None:
        """Hand on all that waits."""
        if self._waiting:
            self._hand_on(max(received_ns for received_ns, _, _ in self._waiting))

    def _hand_on(self, until_ns: int) -> None:
        while self._waiting and self._waiting[0][0] <= until_ns:
            received_ns, topic, data = self._waiting.popleft()
            self._deliver(topic, self._simulated_ns(received_ns), data)

    def _simulated_ns(self, received_ns: int) -> int:
        after = bisect_left(self._ticks, (received_ns, 0))
        if after == 0:
            return self._ticks[0][1]
        if after == len(self._ticks):
            return self._ticks[-1][1]
        (earlier, start), (later, end) = self._ticks[after - 1], self._ticks[after]
        return start + (end - start) * (received_ns - earlier) // max(1, later - earlier)
