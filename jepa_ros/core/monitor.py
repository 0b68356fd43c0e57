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

"""Verdicts on what comes in and goes out, each with the value and the limit in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
import math

import numpy as np

from jepa_ros.types import Array

# Three periods of 0.1 s are 0.3 s, though their floats are a little more.
_ROUNDING_S = 1e-6


class Reason(IntEnum):
    """Why something does not pass.  The numbers are published, so none changes its meaning."""

    NONE = 0
    NO_COMMAND = 1      # none has come
    SILENCE = 2         # they have stopped coming
    STAMP = 3           # there is none, or it is no number
    AGE = 4
    FUTURE = 5
    ORDER = 6
    NOT_FINITE = 7
    SHAPE = 8
    LIMIT = 9           # beyond one, and clamped
    PLANNER = 10        # it does not say that it drives
    OBEDIENCE = 11      # it drives, but nobody has begun that
    SURPRISE = 12
    PUBLISHERS = 13     # too many command
    CLOCK = 14          # time has jumped
    STOP = 15           # pressed, or not yet reset
    INACTIVE = 16
    UNHEARD = 17        # no word of the planner
    JOINTS = 18         # nothing tells where the joints are


@dataclass(frozen=True)
class Verdict:
    """Whether something passes and, where it does not, the value and the limit in words."""

    ok: bool
    reason: str = ''
    number: Reason = Reason.NONE


GOOD = Verdict(True)


def judge_age(what: str, stamp_s: float, now_s: float, max_age_s: float,
              max_future_s: float) -> Verdict:
    """Refuse what is older than ``max_age_s`` or stamped more than ``max_future_s`` ahead."""
    age_s = now_s - stamp_s
    if not math.isfinite(age_s):
        return Verdict(False, f'{what} has stamp {stamp_s} at time {now_s}, both must be finite',
                       Reason.STAMP)
    if age_s > max_age_s + _ROUNDING_S:
        return Verdict(False, f'{what} is {age_s:.2f} s old, limit {max_age_s:.2f} s',
                       Reason.AGE)
    if age_s < -max_future_s - _ROUNDING_S:
        return Verdict(False, f'{what} is stamped {-age_s:.2f} s ahead, '
                              f'limit {max_future_s:.2f} s', Reason.FUTURE)
    return GOOD


def judge_order(what: str, stamp_s: float, last_stamp_s: float) -> Verdict:
    """
    Refuse what is older than the one before, -inf where there was none.

    The same stamp twice passes: a camera may publish a frame raw and compressed.
    """
    if stamp_s >= last_stamp_s:
        return GOOD
    return Verdict(False, f'{what} is out of order: stamp {stamp_s:.3f} s, '
                          f'the one before had {last_stamp_s:.3f} s', Reason.ORDER)


def judge_gap(what: str, stamp_s: float, last_stamp_s: float, max_gap_s: float) -> Verdict:
    """Refuse what follows the one before after more than ``max_gap_s``: there was silence."""
    gap_s = stamp_s - last_stamp_s
    if gap_s <= max_gap_s + _ROUNDING_S:
        return GOOD
    return Verdict(False, f'no {what} for {gap_s:.2f} s, limit {max_gap_s:.2f} s',
                   Reason.SILENCE)


def judge_finite(what: str, values: Array | float) -> Verdict:
    """Refuse NaN and infinity, saying how many there are."""
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad == 0:
        return GOOD
    return Verdict(False, f'{what} has {bad} non-finite of {np.size(values)} values',
                   Reason.NOT_FINITE)


def judge_limits(what: str, values: Array, low: Sequence[float], high: Sequence[float]) -> Verdict:
    """Refuse values (A,) outside low to high, naming the first; NaN is outside."""
    for i, (value, least, most) in enumerate(zip(values, low, high, strict=True)):
        # as float32: 0.6 sent as float32 is not above a limit of 0.6
        if not np.float32(least) <= value <= np.float32(most):
            return Verdict(False, f'{what}[{i}] is {value:.3f}, '
                                  f'limits {least:.3f} to {most:.3f}', Reason.LIMIT)
    return GOOD


def judge_surprise(surprise: float, limit: float) -> Verdict:
    """Refuse a surprise above what was rare in training; one that is not known yet passes."""
    if surprise > limit:
        return Verdict(False, f'surprise is {surprise:.3f}, limit {limit:.3f}', Reason.SURPRISE)
    return GOOD


def judge_surprises(count: int, most: int) -> Verdict:
    """Refuse ``most`` surprising frames in a row or more; 0 lets any number pass."""
    if most and count >= most:
        return Verdict(False, f'{count} frames in a row were surprising, limit {most}',
                       Reason.SURPRISE)
    return GOOD


def judge_shape(what: str, values: Array, width: int) -> Verdict:
    """Refuse what is not ``width`` numbers."""
    if values.shape == (width,):
        return GOOD
    return Verdict(False, f'{what} has shape {values.shape}, must have {(width,)}', Reason.SHAPE)


def judge_publishers(what: str, count: int, most: int = 1) -> Verdict:
    """Refuse more than ``most`` that publish the same."""
    if count <= most:
        return GOOD
    return Verdict(False, f'{count} nodes publish {what}, limit {most}', Reason.PUBLISHERS)


def judge_planner(driving: bool) -> Verdict:
    """Refuse a command while the planner does not say that it drives."""
    if driving:
        return GOOD
    return Verdict(False, 'the planner does not say that it drives', Reason.PLANNER)


def judge_joints(age_s: float, max_age_s: float) -> Verdict:
    """Refuse to move joints whose positions are older than ``max_age_s``; infinity is never."""
    if age_s <= max_age_s + _ROUNDING_S:
        return GOOD
    told = 'not told' if age_s == math.inf else f'{age_s:.2f} s old, limit {max_age_s:.2f} s'
    return Verdict(False, f"the joints' positions are {told}", Reason.JOINTS)


def judge_clock(passed_s: float, steady_s: float, max_jump_s: float, rate: float = 1.0) -> Verdict:
    """
    Refuse a jump of a clock: ``passed_s`` on it, ``steady_s`` on one that cannot jump.

    Simulated time may run up to ``rate`` times as fast as a steady clock, or stand still; the
    system's (rate 1) keeps pace.  NaN, where nothing is known yet, passes.
    """
    least = steady_s if rate == 1.0 else 0.0
    if passed_s < least - max_jump_s:
        return Verdict(False, f'time went {passed_s:.2f} s in {steady_s:.2f} s, '
                              f'limit {least - max_jump_s:.2f} s', Reason.CLOCK)
    if passed_s > steady_s * rate + max_jump_s:
        return Verdict(False, f'time went {passed_s:.2f} s in {steady_s:.2f} s, '
                              f'limit {steady_s * rate + max_jump_s:.2f} s', Reason.CLOCK)
    return GOOD
