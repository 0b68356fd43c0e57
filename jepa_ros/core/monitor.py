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

"""Verdicts on what comes in and goes out: age, order, silence, finiteness, limits, surprise."""

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.types import Array

# Three periods of 0.1 s are 0.3 s, though their floats are a little more.
_ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Verdict:
    """Whether something passes and, where it does not, the value and the limit in words."""

    ok: bool
    reason: str = ''


GOOD = Verdict(True)


def judge_age(what: str, stamp_s: float, now_s: float, max_age_s: float,
              max_future_s: float) -> Verdict:
    """Refuse what is older than ``max_age_s`` or stamped more than ``max_future_s`` ahead."""
    age_s = now_s - stamp_s
    if not math.isfinite(age_s):
        return Verdict(False, f'{what} has stamp {stamp_s} at time {now_s}, both must be finite')
    if age_s > max_age_s + _ROUNDING_S:
        return Verdict(False, f'{what} is {age_s:.2f} s old, limit {max_age_s:.2f} s')
    if age_s < -max_future_s - _ROUNDING_S:
        return Verdict(False, f'{what} is stamped {-age_s:.2f} s ahead, '
                              f'limit {max_future_s:.2f} s')
    return GOOD


def judge_order(what: str, stamp_s: float, last_stamp_s: float) -> Verdict:
    """
    Refuse what is older than the one before, -inf where there was none.

    The same stamp twice passes: a camera may publish a frame raw and compressed.
    """
    if stamp_s >= last_stamp_s:
        return GOOD
    return Verdict(False, f'{what} is out of order: stamp {stamp_s:.3f} s, '
                          f'the one before had {last_stamp_s:.3f} s')


def judge_gap(what: str, stamp_s: float, last_stamp_s: float, max_gap_s: float) -> Verdict:
    """Refuse what follows the one before after more than ``max_gap_s``: there was silence."""
    gap_s = stamp_s - last_stamp_s
    if gap_s <= max_gap_s + _ROUNDING_S:
        return GOOD
    return Verdict(False, f'no {what} for {gap_s:.2f} s, limit {max_gap_s:.2f} s')


def judge_finite(what: str, values: Array | float) -> Verdict:
    """Refuse NaN and infinity, saying how many there are."""
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad == 0:
        return GOOD
    return Verdict(False, f'{what} has {bad} non-finite of {np.size(values)} values')


def judge_limits(what: str, values: Array, low: Sequence[float], high: Sequence[float]) -> Verdict:
    """Refuse values (A,) outside low to high, naming the first; NaN is outside."""
    for i, (value, least, most) in enumerate(zip(values, low, high, strict=True)):
        # as float32: 0.6 sent as float32 is not above a limit of 0.6
        if not np.float32(least) <= value <= np.float32(most):
            return Verdict(False, f'{what}[{i}] is {value:.3f}, limits {least:.3f} to {most:.3f}')
    return GOOD


def judge_surprise(surprise: float, limit: float) -> Verdict:
    """Refuse a surprise above what was rare in training; one that is not known yet passes."""
    if surprise > limit:
        return Verdict(False, f'surprise is {surprise:.3f}, limit {limit:.3f}')
    return GOOD
