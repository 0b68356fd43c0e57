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


"""Ways to bend a link: drop, delay, freeze, restamp, repeat, and one message only."""

from collections import deque
from collections.abc import Callable, Iterable
import copy
import time
from typing import Any

from relay import Bend, straight

from jepa_ros.ros.messages import to_seconds, to_stamp


def drop(_: Any) -> Iterable[Any]:
    """Let nothing through."""
    return ()


def each_nth(n: int) -> Bend:
    """Let every n-th message through."""
    count = 0

    def bend(message: Any) -> Iterable[Any]:
        nonlocal count
        count += 1
        return (message,) if count % n == 0 else ()
    return bend


def times(n: int) -> Bend:
    """Send each message n times."""
    return lambda message: [message] * n


def once(bend: Bend) -> Bend:
    """Bend the next message only."""
    done = False

    def bend_once(message: Any) -> Iterable[Any]:
        nonlocal done
        if done:
            return straight(message)
        done = True
        return bend(message)
    return bend_once


def changed(change: Callable[[Any], None]) -> Bend:
    """Change each message in place."""
    def bend(message: Any) -> Iterable[Any]:
        change(message)
        return (message,)
    return bend


def delayed(by_s: float) -> Bend:
    """Hand each message on when it is this late, as soon as another comes."""
    waiting: deque[tuple[float, Any]] = deque()

    def bend(message: Any) -> Iterable[Any]:
        now_s = time.monotonic()
        waiting.append((now_s, message))
        while waiting and now_s - waiting[0][0] >= by_s:
            yield waiting.popleft()[1]
    return bend


def bursts(every_s: float) -> Bend:
    """Hold messages back, and let all of them through at once now and then."""
    held: list[Any] = []
    freed_s = time.monotonic()

    def bend(message: Any) -> Iterable[Any]:
        nonlocal freed_s
        held.append(message)
        if time.monotonic() - freed_s < every_s:
            return ()
        freed_s = time.monotonic()
        sent = list(held)
        held.clear()
        return sent
    return bend


def swapped() -> Bend:
    """Swap each two messages that follow one another."""
    held: list[Any] = []

    def bend(message: Any) -> Iterable[Any]:
        held.append(message)
        if len(held) < 2:
            return ()
        sent = held[::-1]
        held.clear()
        return sent
    return bend


def frozen(newest: Any) -> Bend:
    """Repeat the content of the newest message, each with the header of the one that came."""
    kept = copy.deepcopy(newest)

    def bend(message: Any) -> Iterable[Any]:
        kept.header = message.header
        return (kept,)
    return bend


# -- stamps

def shifted(by_s: float) -> Bend:
    """Shift each stamp; one that would be below zero is zero."""
    def change(message: Any) -> None:
        stamp_s = max(to_seconds(message.header.stamp) + by_s, 0.0)
        message.header.stamp = to_stamp(stamp_s)
    return changed(change)


def stamped_zero(message: Any) -> Iterable[Any]:
    """Leave the stamp empty."""
    message.header.stamp = to_stamp(0.0)
    return (message,)


def stamped_as_first() -> Bend:
    """Stamp each message as the first."""
    first: list[Any] = []

    def change(message: Any) -> None:
        first.append(message.header.stamp)
        message.header.stamp = first[0]
    return changed(change)


def stamped_backwards(step_s: float) -> Bend:
    """Stamp each message a step before the one before it."""
    newest_s: list[float] = []

    def change(message: Any) -> None:
        before_s = newest_s[-1] if newest_s else to_seconds(message.header.stamp)
        newest_s.append(max(before_s - step_s, 0.0))
        message.header.stamp = to_stamp(newest_s[-1])
    return changed(change)


def clock_shifted(by_s: float) -> Bend:
    """Shift simulated time itself."""
    def change(message: Any) -> None:
        message.clock = to_stamp(max(to_seconds(message.clock) + by_s, 0.0))
    return changed(change)
