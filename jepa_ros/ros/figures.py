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

"""What the planner measures of itself: milliseconds by stage, frames that were lost, latency."""

from collections import deque
import math

import numpy as np

# a frame's way, in its order; waiting is what it spent in queues
STAGES = ('transport', 'wait', 'convert', 'encode', 'plan', 'publish')
_KEPT = 1000
# repeated: the same picture again; unreadable: no picture; surprising: above the model's limit
COUNTS = ('late_plans', 'deadline_misses', 'repeated_frames', 'unreadable_frames',
          'surprising_frames')
# The camera's rate is the mean over this long.
_RATE_WINDOW_S = 2.0
# A gap of fewer periods than this is jitter, of more than that the camera was switched off.
_JITTER_PERIODS, _REST_PERIODS = 1.5, 30.0


class Figures:
    """
    What ``/diagnostics`` tells: durations of each stage, and counts of what went wrong.

    Each is added to by one thread, and read by another.
    """

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {name: deque(maxlen=_KEPT) for name in STAGES}
        self._arrivals = Arrivals()
        self._counts = dict.fromkeys(COUNTS, 0)
        self._newest_stamp_s = self._came_s = math.nan

    def took(self, stage: str, seconds: float) -> None:
        """Note how long a stage took."""
        self._taken[stage].append(seconds)

    def frame_came(self, stamp_s: float, now_s: float, steady_s: float) -> None:
        """Count a frame that has come just now, by the time of its stamp and a steady clock."""
        self.took('transport', now_s - stamp_s)
        self._arrivals.note(stamp_s, steady_s)
        self._newest_stamp_s, self._came_s = stamp_s, steady_s

    def plan_came(self, late: bool, over_deadline: bool) -> None:
        """Count a plan by what was wrong with it."""
        self._counts['late_plans'] += late
        self._counts['deadline_misses'] += over_deadline

    def count(self, what: str) -> None:
        """Count one of COUNTS."""
        self._counts[what] += 1

    def values(self, dropped_frames: int, now_s: float, steady_s: float
               ) -> dict[str, float | str]:
        """
        Return the counts, the camera's rate and its newest frame's age, and the stages.

        These are ``STAGE_p50_ms`` and ``STAGE_p99_ms``; what never happened is NaN.  A frame ages
        by its stamp and by a steady clock, whichever is more.
        """
        values: dict[str, float | str] = {
            'frames': str(self._arrivals.came), 'lost_frames': str(self._arrivals.lost),
            'dropped_frames': str(dropped_frames),
            **{what: str(number) for what, number in self._counts.items()},
            'camera_hz': self._arrivals.rate_hz(steady_s),
            'newest_frame_age_s': max(now_s - self._newest_stamp_s, steady_s - self._came_s)}
        for stage, kept in self._taken.items():
            taken = tuple(kept)
            for q in (50, 99):
                values[f'{stage}_p{q}_ms'] = (
                    float(np.percentile(taken, q)) * 1e3 if taken else math.nan)
        return values


class Arrivals:
    """
    Count the frames that came and, by the gaps between their stamps, those that never did.

    The camera's period is taken from its own stamps, a low percentile of their differences, so
    that it is right even where most frames are lost.
    """

    def __init__(self) -> None:
        self.came = self.lost = 0
        self._last_s = -math.inf
        self._gaps_s: deque[float] = deque(maxlen=64)
        self._came_s: deque[float] = deque(maxlen=_KEPT)

    def rate_hz(self, steady_s: float) -> float:
        """Return how many frames came in a second, lately."""
        since_s = steady_s - _RATE_WINDOW_S
        return sum(came_s > since_s for came_s in tuple(self._came_s)) / _RATE_WINDOW_S

    def note(self, stamp_s: float, steady_s: float) -> None:
        """Count a frame; the same one again, as raw and compressed, counts once."""
        gap_s = stamp_s - self._last_s
        if gap_s == 0.0:
            return
        self.came += 1
        self._came_s.append(steady_s)
        self._last_s = stamp_s
        if not 0.0 < gap_s < math.inf:
            return
        if len(self._gaps_s) >= 8:
            periods = gap_s / float(np.percentile(self._gaps_s, 20))
            if _JITTER_PERIODS < periods < _REST_PERIODS:
                self.lost += round(periods) - 1
        self._gaps_s.append(gap_s)


class PlanLatency:
    """How long a plan is likely to take: what nine of ten of the last ones took, and a margin."""

    def __init__(self, first_s: float, margin_s: float = 0.01) -> None:
        self._margin_s = margin_s
        self._taken_s: deque[float] = deque([first_s], maxlen=32)

    def note(self, seconds: float) -> None:
        """Note how long one took, in the time of the frames' stamps."""
        self._taken_s.append(max(seconds, 0.0))

    @property
    def estimate_s(self) -> float:
        """Return what to reckon with."""
        return float(np.percentile(self._taken_s, 90)) + self._margin_s
