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

"""What does not stop training, and may well spoil it: each a line with numbers and a cure."""

from collections.abc import Sequence

import numpy as np

from jepa_ros.bags.align import Rows
from jepa_ros.bags.clocks import SAME_CLOCK_S, SECOND_NS
from jepa_ros.bags.commands import TWIST, TWIST_STAMPED
from jepa_ros.bags.episodes import Episode
from jepa_ros.bags.motion import share_at_rest
from jepa_ros.bags.scan import Recording

GOOD_MINUTES = 20.0
MOST_AT_REST = 0.5
FEWEST_TOLD = 0.5
LATE_S = 0.2
# a controller that is told short ways again and again needs less
FAR_AHEAD_S = 1.0
# what the planner can send in a Twist
SENT = ('linear_x', 'linear_y', 'angular_z')


def doubts(recordings: Sequence[Recording], rows: Rows | None,
           episodes: Sequence[Episode]) -> list[str]:
    """Return what a person should look at before they train, most telling first."""
    found = [line for recording in recordings for line in (*_pictures(recording),
                                                           *_clocks(recording))]
    if rows is None:
        return found
    found += _commands(recordings, rows)
    minutes = sum(len(episode) for episode in episodes) * rows.period_s / 60
    if minutes < GOOD_MINUTES:
        found.append(f'{minutes:.1f} minutes of driving, {GOOD_MINUTES:.0f} or more teach much '
                     'better')
    used = sum(len(episode) for episode in episodes)
    if used < 0.8 * len(rows.number):
        found.append(f'{used} of {len(rows.number)} frames are in episodes, gaps cost the rest: '
                     'is the disk fast enough for the recording?')
    return found


def _pictures(recording: Recording) -> list[str]:
    good = [s.picture for s in recording.samples if s.picture is not None]
    bad = [s for s in recording.samples if s.error]
    found = []
    if bad and good:
        found.append(f'{recording.bag}: {len(bad)} of {len(recording.samples)} sampled pictures '
                     f'cannot be read: {bad[0].error}')
    if len(good) > 1 and all(np.array_equal(good[0], other) for other in good[1:]):
        found.append(f'{recording.bag}: {len(good)} pictures from beginning to end are all the '
                     'same; did the camera or the robot stand still?')
    return found


def _clocks(recording: Recording) -> list[str]:
    offset_s = recording.frames.offset_s()
    if abs(offset_s) > SAME_CLOCK_S:
        return [f'{recording.bag}: pictures are stamped {offset_s:.1f} s before they were '
                'recorded, so another clock stamped them; times of arrival are moved onto it. '
                'Record simulated time with --use-sim-time']
    if offset_s > LATE_S:
        return [f'{recording.bag}: pictures arrive {offset_s:.2f} s after their stamp; on the '
                'robot so late a picture leaves no time to plan']
    return []


def _commands(recordings: Sequence[Recording], rows: Rows) -> list[str]:
    found = []
    intervals = np.concatenate([np.diff(r.command_times.received_ns) for r in recordings])
    interval_s = float(np.median(intervals)) / SECOND_NS if len(intervals) else 0.0
    if interval_s > rows.hold_s:
        found.append(f'commands come every {interval_s:.2f} s and count for {rows.hold_s:.2f} s; '
                     'if the robot keeps moving between them, say so with --hold')
    ahead_s = max(recording.ahead_s for recording in recordings)
    if ahead_s > FAR_AHEAD_S:
        found.append(f'trajectories lead up to {ahead_s:.1f} s ahead, and their last point is '
                     'taken for the command from their stamp on; better take what the joints did, '
                     'from their JointState: --action')
    at_rest = share_at_rest(rows)
    if at_rest > MOST_AT_REST:
        found.append(f'the robot stands still for {at_rest:.0%} of the time; it learns from what '
                     'moves')
    elif rows.told < FEWEST_TOLD:
        found.append(f'a command is in force for {rows.told:.0%} of the time; is it this topic '
                     'that drives the robot?')
    first = recordings[0]
    other = [name for name in rows.names if name not in SENT]
    if first.found[first.action][0] in (TWIST, TWIST_STAMPED) and other:
        found.append(f'the planner sends no {other[0]}; leave it out with --action-names')
    return found
