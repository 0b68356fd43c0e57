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

"""Times of a bag's messages on the camera's clock, and where that clock jumps."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SECOND_NS = 10 ** 9
# a camera that is later than this behind its own stamps is on another clock
SAME_CLOCK_S = 1.0
JUMP_BACK_S = 1.0
LARGEST_RATE_ERROR = 0.05
_RATE_SPAN_S = 5.0
_WINDOW_S = 5.0


@dataclass(frozen=True)
class Stamps:
    """Stamps in the headers, 0 where there is none, and times of arrival, both (N,) int64 ns."""

    header_ns: np.ndarray
    received_ns: np.ndarray

    def __len__(self) -> int:
        return len(self.header_ns)

    def part(self, chosen: np.ndarray | slice) -> 'Stamps':
        """Return some of them."""
        return Stamps(self.header_ns[chosen], self.received_ns[chosen])

    @property
    def stamped(self) -> np.ndarray:
        """Return which have a stamp, (N,) bool."""
        return self.header_ns != 0

    def offset_s(self) -> float:
        """Return how far arrival is after the stamp, the median in seconds; NaN without any."""
        late = (self.received_ns - self.header_ns)[self.stamped]
        return float(np.median(late)) / SECOND_NS if len(late) else float('nan')


def segments(stamps: Stamps) -> list[slice]:
    """Return the parts of stamped frames, in order of arrival, between jumps back of the clock."""
    newest = np.maximum.accumulate(stamps.header_ns) if len(stamps) else stamps.header_ns
    first, found = 0, []
    while first < len(stamps):
        newest = np.maximum.accumulate(stamps.header_ns[first:])
        back = newest - stamps.header_ns[first:] > JUMP_BACK_S * SECOND_NS
        end = first + int(np.argmax(back)) if back.any() else len(stamps)
        found.append(slice(first, end))
        first = end
    return found


def on_camera_clock(other: Stamps, camera: Stamps, bag: Path, topic: str) -> np.ndarray:
    """
    Return the times (N,) ns of another topic's messages on the clock of the camera's stamps.

    They are its own stamps, where it has them on the same clock, else its times of arrival; these
    are moved by the offset of the camera, where that is beyond a second: simulated time that was
    recorded on the wall clock.  ValueError where the two clocks do not run at one rate.
    """
    moved = other.received_ns - _local_offset_ns(camera, other.received_ns)
    apart_ns = (other.header_ns - moved)[other.stamped]
    # stamps of a third clock are as good as none
    own = other.stamped & bool(len(apart_ns) and (
        abs(float(np.median(apart_ns))) <= SAME_CLOCK_S * SECOND_NS))
    if own.all():
        return other.header_ns
    if abs(camera.offset_s()) <= SAME_CLOCK_S:
        return np.where(own, other.header_ns, other.received_ns)
    _check_rate(camera, bag, topic)
    return np.where(own, other.header_ns, moved)


def _check_rate(camera: Stamps, bag: Path, topic: str) -> None:
    tenth = max(1, len(camera) // 10)
    begin, end = ((np.median(camera.header_ns[part]), np.median(camera.received_ns[part]))
                  for part in (slice(None, tenth), slice(-tenth, None)))
    passed_ns = end[1] - begin[1]
    if passed_ns < _RATE_SPAN_S * SECOND_NS:
        return
    ratio = (end[0] - begin[0]) / passed_ns
    if abs(ratio - 1.0) > LARGEST_RATE_ERROR:
        raise ValueError(
            f'{bag}: the clock of the pictures runs at {ratio:.3f} of the clock of the recording, '
            f'limit 1 +- {LARGEST_RATE_ERROR}, so {topic}, which has no stamps of that clock, '
            'cannot be placed; record with --use-sim-time, or record stamped commands')


def _local_offset_ns(camera: Stamps, at_ns: np.ndarray) -> np.ndarray:
    """Return the camera's offset near each time: simulated time drifts a little even at rate 1."""
    late = camera.received_ns - camera.header_ns
    window = (camera.received_ns - camera.received_ns[0]) // round(_WINDOW_S * SECOND_NS)
    edges = np.flatnonzero(np.diff(window)) + 1
    parts = np.split(np.arange(len(camera)), edges)
    centres = [np.median(camera.received_ns[part] - camera.received_ns[0]) for part in parts]
    offsets = [np.median(late[part] - late[0]) for part in parts]
    since = at_ns - camera.received_ns[0]
    return late[0] + np.rint(np.interp(since, centres, offsets)).astype(np.int64)
