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

"""Frames at the model's rate, and the runs of them between gaps."""

from bisect import bisect_left

import numpy as np

from jepa_ros.bags.clocks import SECOND_NS

USUAL_PERIOD_S = 0.1
SLOWEST_HZ = 4.0
# an interval between frames of a run, in periods
SHORTEST, LONGEST = 0.5, 1.5
# a period that is given must be so near to a multiple of the camera's interval
MULTIPLE_TOLERANCE = 0.1


def camera_interval_s(times_ns: list[np.ndarray]) -> float:
    """Return the median interval of a camera, in seconds; NaN where there are no two frames."""
    intervals = np.concatenate([np.diff(times) for times in times_ns] or [np.zeros(0)])
    return float(np.median(intervals)) / SECOND_NS if len(intervals) else float('nan')


def period_of(interval_s: float, wanted_s: float | None) -> float:
    """
    Return the model's period: what is wanted, or the camera's multiple that is nearest to 0.1 s.

    ValueError where the camera is slower than 4 Hz, or has no frames at that rate.
    """
    if not interval_s <= 1.0 / SLOWEST_HZ:
        raise ValueError(f'pictures come at {1.0 / interval_s:.2f} Hz, at least {SLOWEST_HZ:.0f} '
                         'are needed; record the camera faster')
    multiple = max(1, int((wanted_s or USUAL_PERIOD_S) / interval_s + 0.5))
    nearest_s = multiple * interval_s
    if wanted_s is None:
        return round(nearest_s, 3)
    if abs(wanted_s / nearest_s - 1.0) > MULTIPLE_TOLERANCE:
        others = sorted({max(1, int(wanted_s / interval_s) + i) * interval_s for i in (0, 1)})
        raise ValueError(f'period is {wanted_s} s, the camera takes a picture every '
                         f'{interval_s:.4g} s; take '
                         + ' or '.join(f'{other:.3g}' for other in others))
    return wanted_s


def runs(times_ns: np.ndarray, period_s: float) -> tuple[list[np.ndarray], int]:
    """
    Return rows of frames a period apart, a list for every run, and how many gaps there were.

    After each frame comes the one nearest to a period later, if it is 0.5 to 1.5 periods later;
    if there is none, the run ends there, and the next begins at the next frame.  ``times_ns``
    (N,) are in order, all different.
    """
    period = period_s * SECOND_NS
    times = times_ns.tolist()
    found, run, gaps, at = [], [0] if times else [], 0, 0
    while at + 1 < len(times):
        after = bisect_left(times, times[at] + period, at + 1)
        near = [i for i in (after - 1, after) if at < i < len(times)
                and SHORTEST * period <= times[i] - times[at] <= LONGEST * period]
        if near:
            at = min(near, key=lambda i: abs(times[i] - times[at] - period))
            run.append(at)
            continue
        following = max(at + 1, bisect_left(times, times[at] + SHORTEST * period, at + 1))
        if following >= len(times):
            break
        found.append(np.array(run))
        gaps, at = gaps + 1, following
        run = [at]
    return ([*found, np.array(run)] if run else found), gaps
