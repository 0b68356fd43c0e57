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

"""What is wanted of bags: which topics, pictures of which size, at which rate."""

from dataclasses import dataclass
import math

from jepa_ros.types import is_speed, POSITION_UNITS

FIELDS = ('velocity', 'position')
MOST_NAMES = 64
LONGEST_WORD = 64


@dataclass(frozen=True)
class BagSettings:
    """
    How bags become episodes; what is None or empty is found from the bags.

    ``image``, ``action``, ``odom``: topics, odometry only where it is named.  Pictures become
    ``height`` by ``width``, of the part ``region`` (x, y, width, height in pixels) where its size
    is not 0.  An action lasts ``period_s``; a command counts for ``hold_s`` and is zero after it.
    ``field`` is what is taken of joints, 'velocity' or 'position'.  ``names`` picks components of
    the action, or names the numbers of a Float64MultiArray, whose ``units`` are one for each or
    one for all; ``low`` and ``high`` are its limits.
    """

    height: int
    width: int
    image: str | None = None
    action: str | None = None
    odom: str | None = None
    region: tuple[int, int, int, int] = (0, 0, 0, 0)
    period_s: float | None = None
    hold_s: float | None = None
    field: str | None = None
    names: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be; ValueError names the value and the limit."""
        for label in ('height', 'width'):
            if not 1 <= getattr(self, label) <= 4096:
                raise ValueError(f'{label} is {getattr(self, label)} pixels, must be in '
                                 '[1, 4096]')
        if self.period_s is not None and not 0.01 <= self.period_s <= 10.0:
            raise ValueError(f'period is {self.period_s} s, must be in [0.01, 10]')
        if self.hold_s is not None and not self.hold_s > 0.0:
            raise ValueError(f'hold is {self.hold_s} s, must be above 0')
        if self.field is not None and self.field not in FIELDS:
            raise ValueError(f'action field is {self.field!r}, must be one of {FIELDS}')
        if len(self.region) != 4 or min(self.region) < 0 or (
                (self.region[2] == 0) != (self.region[3] == 0)):
            raise ValueError(f'region is {self.region}, must be x, y, width and height in '
                             'pixels, from 0 up')
        check_names(self.names)
        check_units(self.units)
        for label in ('low', 'high'):
            limits = getattr(self, label)
            if not all(math.isfinite(limit) for limit in limits):
                raise ValueError(f'{label} is {limits}, must be finite')
        if self.low and self.high and not all(
                low < high for low, high in zip(self.low, self.high, strict=False)):
            raise ValueError(f'low {self.low} must be below high {self.high}')


def check_units(units: tuple[str, ...]) -> None:
    """Refuse units that do not say whether an action stays, or some that do; ValueError."""
    unknown = [unit for unit in units if not is_speed(unit) and unit not in POSITION_UNITS]
    if unknown:
        raise ValueError(f'action unit {unknown[0][:LONGEST_WORD]!r} says of no number whether it '
                         'stays or ends when nobody repeats it: must end in /s, of a speed, or be '
                         f'one of {", ".join(POSITION_UNITS)}, of a position')
    if len({is_speed(unit) for unit in units}) > 1:
        raise ValueError(f'action units are {", ".join(units)}, must all be of speeds (/s) or of '
                         'positions; choose with --action-names')
    long = [unit for unit in units if len(unit) > LONGEST_WORD]
    if long:
        raise ValueError(f'action unit {long[0][:80]!r} has {len(long[0])} characters, limit '
                         f'{LONGEST_WORD}')


def check_names(names: tuple[str, ...]) -> None:
    """Refuse names that no manifest takes; ValueError names them."""
    if len(set(names)) != len(names) or len(names) > MOST_NAMES:
        raise ValueError(f'action names are {names[:8]}, must be at most {MOST_NAMES}, '
                         'all different')
    long = [name for name in names if not 1 <= len(name) <= LONGEST_WORD]
    if long:
        raise ValueError(f'action name {long[0][:80]!r} has {len(long[0])} characters, must '
                         f'have 1 to {LONGEST_WORD}')
