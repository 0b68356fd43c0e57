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

"""A bag's frames in order on the camera's clock, with commands and odometry beside them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from jepa_ros.bags.clocks import on_camera_clock, SECOND_NS, segments, Stamps
from jepa_ros.bags.odometry import newest_before
from jepa_ros.bags.scan import Recording


@dataclass(frozen=True)
class Segment:
    """
    Frames between two jumps of the clock, in order and all different: times (N,) ns and numbers.

    ``command_ns`` (M,) in order and ``commands`` (M, A); ``odometry`` (N, 5) of each frame, NaN
    where none is wanted.
    """

    times_ns: np.ndarray
    numbers: np.ndarray
    command_ns: np.ndarray
    commands: np.ndarray
    odometry: np.ndarray


def place(recording: Recording, counts: Counter) -> list[Segment]:
    """
    Return the segments of a recording; what was left out is counted.

    ValueError where there are no frames, no commands, or none of one at the time of the other.
    """
    bag, frames = recording.bag, recording.frames
    if not len(frames):
        raise ValueError(f'{bag} has no pictures on {recording.image}')
    if not len(recording.command_times):
        raise ValueError(f'{bag} has no commands on {recording.action}')
    numbers = np.arange(len(frames))
    if frames.stamped.any():
        counts['frames without stamp'] += int((~frames.stamped).sum())
        numbers = numbers[frames.stamped]
        frames = frames.part(frames.stamped)
    else:
        counts['bags whose pictures have no stamps'] += 1
        frames = Stamps(frames.received_ns, frames.received_ns)
    counts['frames'] += len(frames)
    parts = segments(frames)
    counts['jumps back of the clock'] += len(parts) - 1
    found = []
    for i, part in enumerate(parts):
        first = frames.received_ns[part][0] if i else np.iinfo(np.int64).min
        after = frames.received_ns[parts[i + 1]][0] if i + 1 < len(parts) else (
            np.iinfo(np.int64).max)
        found.append(_segment(recording, frames.part(part), numbers[part], first, after, counts))
    _check_overlap(recording, found)
    return found


def _segment(recording: Recording, frames: Stamps, numbers: np.ndarray, first: int, after: int,
             counts: Counter) -> Segment:
    counts['frames out of order'] += int(
        (frames.header_ns < np.maximum.accumulate(frames.header_ns)).sum())
    times, where = np.unique(frames.header_ns, return_index=True)
    counts['frames with the stamp of another'] += len(frames) - len(times)
    command_ns, commands = _beside(recording.command_times, recording.values, frames, first,
                                   after, recording, recording.action)
    kept = np.ones(len(times), bool)
    odometry = np.full((len(times), 5), np.nan)
    if recording.odom:
        odometry_ns, rows = _beside(recording.odometry_times, recording.odometry, frames, first,
                                    after, recording, recording.odom)
        at = newest_before(odometry_ns, times)
        kept &= at >= 0
        counts['frames without odometry'] += int((at < 0).sum())
        odometry[kept] = rows[at[kept]]
    # a joint that was never told where to be is somewhere, a robot that was never told to drive
    # stands
    if recording.components is not None and np.isinf(recording.components.hold_s):
        told = times >= (command_ns[0] if len(command_ns) else np.iinfo(np.int64).max)
        counts['frames before the first command'] += int((kept & ~told).sum())
        kept &= told
    return Segment(times[kept], numbers[where][kept], command_ns, commands, odometry[kept])


def _beside(other: Stamps, rows: np.ndarray, frames: Stamps, first: int, after: int,
            recording: Recording, topic: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times (M,) ns in order and rows of what arrived between two times."""
    chosen = (other.received_ns >= first) & (other.received_ns < after)
    if not chosen.any():
        return np.zeros(0, np.int64), rows[:0]
    times = on_camera_clock(other.part(chosen), frames, recording.bag, topic)
    order = np.argsort(times, kind='stable')
    return times[order], rows[chosen][order]


def _check_overlap(recording: Recording, found: list[Segment]) -> None:
    """Refuse frames without any command at their time, or without odometry."""
    if recording.odom and not any(len(s.times_ns) for s in found):
        raise ValueError(f'{recording.bag}: none of {len(recording.frames)} pictures has odometry '
                         f'on {recording.odom} at its time; leave --odom out, or record both')
    for s in found:
        if len(s.times_ns) and ((s.command_ns >= s.times_ns[0])
                                & (s.command_ns <= s.times_ns[-1])).any():
            return
    span = [_span(np.concatenate([getattr(s, name) for s in found]))
            for name in ('times_ns', 'command_ns')]
    raise ValueError(f'{recording.bag}: pictures are of {span[0]}, commands of {span[1]}: none '
                     'at the same time; record both at once, in one bag, on one clock')


def _span(times_ns: np.ndarray) -> str:
    if not len(times_ns):
        return 'no time'
    return f'{times_ns.min() / SECOND_NS:.2f} to {times_ns.max() / SECOND_NS:.2f} s'
