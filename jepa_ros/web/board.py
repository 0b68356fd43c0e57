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

"""The newest of everything that a page shows: nothing waits in a queue, what is old is gone."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import math
import threading
import time
from typing import Any

# a curve keeps this many points, some two minutes at 20 Hz
CURVE_POINTS = 2400
# a name that a message brings makes a curve; more are left out
MOST_CURVES = 40
# rates are means over this long
_RATE_WINDOW_S = 2.0


class Shot:
    """A picture as JPEG, made when the first page asks for it: without a page it costs nothing."""

    def __init__(self, number: int, encode: Callable[[], bytes]) -> None:
        self.number = number
        self._encode: Callable[[], bytes] | None = encode
        self._jpeg = b''
        self._lock = threading.Lock()

    def jpeg(self) -> bytes:
        """Return the bytes; empty where there is no picture in them."""
        with self._lock:
            if self._encode is not None:
                encode, self._encode = self._encode, None
                self._jpeg = encode()
            return self._jpeg


@dataclass
class Seen:
    """What one page has been sent: the number of the newest, by name."""

    pictures: dict[str, int] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)
    point: int = 0


@dataclass(frozen=True)
class News:
    """What a page has not been sent yet: pictures by name, and the rest as JSON has it."""

    pictures: dict[str, Shot]
    state: dict[str, Any]


class Board:
    """
    Where nodes put what they hear, and from where each page takes the newest that it has not.

    Any thread may call anything.  A page that is slow misses what came between; only curves
    are given in full, as long as their points are kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._number = 0
        self._pictures: dict[str, Shot] = {}
        self._facts: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self._came_s: dict[str, deque[float]] = {}
        self._points: dict[str, deque[tuple[int, float, float]]] = {}

    def heard(self, stream: str) -> None:
        """Note that a stream is alive."""
        with self._lock:
            self._hear(stream)

    def _hear(self, stream: str) -> None:
        self._came_s.setdefault(stream, deque(maxlen=200)).append(self._clock())

    def show(self, name: str, encode: Callable[[], bytes]) -> None:
        """Show a picture in the place of the one before; ``encode`` makes its JPEG if wanted."""
        with self._lock:
            self._number += 1
            self._pictures[name] = Shot(self._number, encode)

    def tell(self, stream: str, facts: Mapping[str, Any]) -> None:
        """Take the facts of a stream, in the place of those before."""
        with self._lock:
            self._number += 1
            self._facts[stream] = (self._number, facts)

    def plot(self, curve: str, value: float) -> None:
        """Add a point to a curve, at the time of now; one that is not finite is left out."""
        if not math.isfinite(value):
            return
        with self._lock:
            self._number += 1
            if curve not in self._points and len(self._points) >= MOST_CURVES:
                return
            points = self._points.setdefault(curve, deque(maxlen=CURVE_POINTS))
            points.append((self._number, self._clock(), value))

    def news(self, seen: Seen) -> News:
        """Return what is not in ``seen``, and note it there."""
        with self._lock:
            now_s = self._clock()
            pictures = {name: shot for name, shot in self._pictures.items()
                        if seen.pictures.get(name) != shot.number}
            facts = {stream: told for stream, (number, told) in self._facts.items()
                     if seen.facts.get(stream) != number}
            points = {curve: new for curve, kept in self._points.items()
                      if (new := _after(kept, seen.point))}
            seen.pictures |= {name: shot.number for name, shot in pictures.items()}
            seen.facts |= {stream: self._facts[stream][0] for stream in facts}
            seen.point = self._number
            streams = {stream: {'age_s': now_s - came[-1], 'rate_hz': _rate_hz(came, now_s)}
                       for stream, came in self._came_s.items()}
        return News(pictures, {'now_s': now_s, 'streams': streams, 'facts': plain(facts),
                               'points': points})


def _after(points: deque[tuple[int, float, float]], number: int) -> list[tuple[float, float]]:
    """Return (time_s, value) of the points after a number; the newest are at the end."""
    new: list[tuple[float, float]] = []
    for at, time_s, value in reversed(points):
        if at <= number:
            break
        new.append((time_s, value))
    return new[::-1]


def _rate_hz(came_s: deque[float], now_s: float) -> float:
    return sum(at_s > now_s - _RATE_WINDOW_S for at_s in came_s) / _RATE_WINDOW_S


def plain(value: Any) -> Any:
    """Return what JSON can say of a value: a number that is not finite is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
