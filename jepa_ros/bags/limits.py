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

"""Which components of an action are worth planning, and between which limits."""

import math

import numpy as np

from jepa_ros.bags.settings import BagSettings
from jepa_ros.types import is_speed

# of the actions lie within the limits; the rest are spikes that a planner need not repeat
WITHIN = 0.995
STILL = 1e-6
_DIGITS = 2


def varying(names: tuple[str, ...], actions: np.ndarray, asked: bool, twist: bool) -> list[int]:
    """
    Return which components of the actions (N, A) change.

    Those of a twist that are always zero are left out.  ValueError where none changes, or where
    one that would have to be commanded never does.
    """
    lowest, highest = actions.min(axis=0), actions.max(axis=0)
    moving = highest - lowest > STILL
    if not moving.any():
        raise ValueError(
            'the commands never change while there are pictures: '
            + ', '.join(f'{name} is {value:.4g}' for name, value
                        in zip(names[:8], lowest, strict=False))
            + '; record a drive, or name the right topic with --action')
    still = [i for i in range(len(names)) if not moving[i]]
    refused = [i for i in still if asked or not twist or abs(lowest[i]) > STILL]
    if refused:
        others = [names[i] for i in range(len(names)) if moving[i]]
        raise ValueError(
            f'{names[refused[0]]} is {lowest[refused[0]]:.4g} in all of the commands, so nothing '
            f'can be learnt of it; vary it, or leave it out: --action-names {" ".join(others)}')
    return [i for i in range(len(names)) if moving[i]]


def limits_of(names: tuple[str, ...], units: tuple[str, ...], actions: np.ndarray,
              settings: BagSettings) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """
    Return (low, high), each (A,): what was given, or what holds 99.5 % of the actions (N, A).

    The latter are rounded outwards to two digits, and never beyond what was seen: plans outside
    the data are not to be trusted.  Only zero is always within the limits of a velocity, or the
    robot could not be stopped.  ValueError where as many are given as there are not, or where
    those of a velocity exclude zero.
    """
    for label in ('low', 'high'):
        given = getattr(settings, label)
        if given and len(given) != len(names):
            raise ValueError(f'--{label} has {len(given)} numbers, the action has {len(names)}: '
                             f'{", ".join(names)}')
    lowest, highest = actions.min(axis=0), actions.max(axis=0)
    tail = (1.0 - WITHIN) / 2
    low, high = (np.clip([_rounded(q, outwards) for q in np.quantile(actions, part, axis=0)],
                         lowest, highest)
                 for part, outwards in ((tail, math.floor), (1.0 - tail, math.ceil)))
    # what is nearly always the same has its extremes for limits
    flat = ~(low < high)
    low, high = np.where(flat, lowest, low), np.where(flat, highest, high)
    # a robot has to be able to stand
    speeds = [is_speed(unit) for unit in units]
    low, high = (np.where(speeds, outer(x, 0.0), x)
                 for x, outer in ((low, np.minimum), (high, np.maximum)))
    low, high = np.array(settings.low or low), np.array(settings.high or high)
    for name, speed, a, b in zip(names, speeds, low, high, strict=True):
        if not a < b:
            raise ValueError(f'{name} has limits {a:.4g} to {b:.4g}, low must be below high')
        if speed and not a <= 0.0 <= b:
            raise ValueError(f'{name} has limits {a:.4g} to {b:.4g}, those of a velocity must '
                             'include 0; name others with --low and --high')
    return tuple(float(f'{x:.6g}') for x in low), tuple(float(f'{x:.6g}') for x in high)


def _rounded(value: float, outwards) -> float:
    """Return a number with two digits, away from what lies inside."""
    if abs(value) < STILL:
        return 0.0
    scale = 10.0 ** (_DIGITS - 1 - math.floor(math.log10(abs(value))))
    # a hair inwards, or 0.3 would become 0.31 for its last bit
    return float(outwards(round(value * scale, 6)) / scale)
