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

"""How a command may change: growing at a rate, falling to rest within a time, both exactly."""

from collections.abc import Sequence
import math

import numpy as np

from jepa_ros.types import Array

# What floats make of the end of a stop is rest, not a speed of 1e-30.
_ROUNDING = 1e-6


def s_curve(share: float) -> float:
    """
    Return a share in [0, 1] so that it begins and ends gently; what is outside is clipped.

    As speed over time it is a stop without a jump of acceleration: 6 v / T**2 is its jerk.
    """
    share = min(max(share, 0.0), 1.0)
    if share < _ROUNDING:
        return 0.0
    return share * share * (3.0 - 2.0 * share)


def limit_growth(before: Array, wanted: Array, passed_s: float, max_rate: Sequence[float] | None,
                 fall_rate: Sequence[float] | None) -> Array:
    """
    Return the speeds (A,) to send ``passed_s`` after ``before`` (A,) where ``wanted`` (A,) is.

    A speed grows by ``max_rate`` a second at most, and falls by ``fall_rate``, (A,) in a unit a
    second; None, or infinity, is no limit.  One that changes its sign falls first, then grows in
    the time left.
    """
    sent = []
    for i, (old, new) in enumerate(zip(before.tolist(), wanted.tolist(), strict=True)):
        left_s = max(passed_s, 0.0)
        if old * new < 0.0 or abs(new) < abs(old):
            to = new if old * new > 0.0 else 0.0
            if fall_rate is not None:
                needed_s = abs(old - to) / fall_rate[i]
                if needed_s >= left_s:
                    sent.append(old - np.sign(old) * fall_rate[i] * left_s)
                    continue
                left_s -= needed_s
            old = to
        if max_rate is not None and max_rate[i] < math.inf:
            step = max_rate[i] * left_s
            new = min(max(new, old - step), old + step)
        sent.append(new)
    return np.array(sent, np.float32)


def limit_change(before: Array, wanted: Array, passed_s: float, max_rate: Sequence[float] | None
                 ) -> Array:
    """Return the positions (A,) to send: ``before`` (A,) moved towards ``wanted`` at a rate."""
    if max_rate is None:
        return wanted
    if passed_s <= 0.0:
        return before
    step = np.asarray(max_rate, np.float32) * np.float32(passed_s)
    return np.clip(wanted, before - step, before + step).astype(np.float32)
