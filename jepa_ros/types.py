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

"""
Frozen values that cross a boundary, with their shapes and units.

Axes, fixed once: S candidates, H horizon in blocks, T context, L tokens, D latent width,
K actions in a block, A action width.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Image = NDArray[np.uint8]
# of actions that are places to go to, and stay when nobody repeats them
POSITION_UNITS = ('m', 'rad', 'deg', '%')


def is_speed(unit: str) -> bool:
    """Say whether an action in a unit is a speed: it ends when nobody repeats it."""
    return unit.endswith('/s')


class Status(str, Enum):
    """What the agent is doing; its value is the word that is published."""

    IDLE = 'idle'          # no goal, or cancelled: zero command
    DRIVING = 'driving'    # a plan is being executed
    ARRIVED = 'arrived'    # the critic says the goal is reached: zero command, until a new goal
    STALE = 'stale'        # the newest frame is too old or too few are fresh: zero command
    FAULT = 'fault'        # a number that must be finite is not: zero command


@dataclass(frozen=True)
class Frame:
    """One image, (height, width, 3) uint8 RGB, and the time it was taken, in seconds."""

    image: Image
    stamp_s: float


@dataclass(frozen=True)
class Observation:
    """What the agent is given: a frame and, where the model wants it, proprioception (P,)."""

    frame: Frame
    proprioception: Array | None = None


@dataclass(frozen=True)
class ActionSpec:
    """
    What an action is: its A components by name and unit, their limits, and its timing.

    A block is ``block`` consecutive actions, each held for ``period_s`` seconds.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    block: int
    period_s: float

    def __post_init__(self) -> None:
        """Refuse limits that cannot be met; ValueError names the value."""
        width = len(self.names)
        for label, values in (('units', self.units), ('low', self.low), ('high', self.high)):
            if len(values) != width:
                raise ValueError(f'{label} has {len(values)} entries, names has {width}')
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise ValueError(f'action {name!r}: low {low} must be below high {high}, '
                                 'both finite')
        if self.block < 1:
            raise ValueError(f'block is {self.block}, must be at least 1')
        if not 0.0 < self.period_s <= 10.0:
            raise ValueError(f'period_s is {self.period_s}, must be in (0, 10]')

    @property
    def half_range(self) -> Array:
        """Return half of what lies between the limits, (A,), in physical units."""
        half: Array = ((np.asarray(self.high) - np.asarray(self.low)) / 2).astype(np.float32)
        return half

    @property
    def width(self) -> int:
        """Return A."""
        return len(self.names)

    @property
    def holds(self) -> bool:
        """Say whether rest is to keep the last action, not zero: some unit is not of a speed."""
        return not all(is_speed(unit) for unit in self.units)


@dataclass(frozen=True)
class Proprioception:
    """
    What a robot feels of itself: its P components by name and unit, each zero at rest.

    Divided by ``scale`` they are the last P of a latent's D numbers.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what does not fit together; ValueError names the value."""
        for label, values in (('units', self.units), ('scale', self.scale)):
            if len(values) != len(self.names):
                raise ValueError(f'{label} has {len(values)} entries, names has '
                                 f'{len(self.names)}')
        for name, scale in zip(self.names, self.scale, strict=True):
            if not 0.0 < scale < np.inf:
                raise ValueError(f'proprioception {name!r}: scale is {scale}, must be finite '
                                 'and above 0')


@dataclass(frozen=True)
class ModelSpec:
    """
    What a planner must know of a world model, read from its manifest.

    ``image_height`` and ``image_width`` in pixels; ``history`` T; ``horizon`` H in blocks;
    ``tokens`` L; ``width`` D, of which the encoder makes ``encoded_width``.  ``arrival_cost``
    (blocks): below it the goal is reached.  ``surprise_limit``: above it the one-block prediction
    error was rare in training.
    ``delay_s``: how long after its frame an action took effect in training.
    """

    image_height: int
    image_width: int
    history: int
    horizon: int
    tokens: int
    width: int
    action: ActionSpec
    arrival_cost: float
    surprise_limit: float
    delay_s: float = 0.05
    proprioception: Proprioception | None = None

    def __post_init__(self) -> None:
        """Refuse sizes below one; ValueError names the value."""
        for label in ('image_height', 'image_width', 'history', 'horizon', 'tokens', 'width'):
            if getattr(self, label) < 1:
                raise ValueError(f'{label} is {getattr(self, label)}, must be at least 1')
        if self.encoded_width < 1:
            raise ValueError(f'width is {self.width}, must be above the '
                             f'{self.width - self.encoded_width} numbers of proprioception')
        if not 0.0 <= self.delay_s <= 10.0:
            raise ValueError(f'delay_s is {self.delay_s}, must be in [0, 10]')

    @property
    def encoded_width(self) -> int:
        """Return how many of a latent's D numbers the encoder makes: all but proprioception."""
        return self.width - (len(self.proprioception.names) if self.proprioception else 0)


@dataclass(frozen=True)
class Rollout:
    """
    What the rollout graph answers for S candidates.

    ``latents`` (S, H, L, D): entry h is the latent after block h.  ``cost`` (S,), lower is better.
    ``cost_to_go`` (S, H + 1) in blocks: entry 0 is that of the present latent.  ``goal_pose``
    (6,), of models that tell it: m ahead and m to the left of the present, cosine and sine of
    the turn, and the errors to expect of the first two (m) and of the others.
    """

    latents: Array
    cost: Array
    cost_to_go: Array
    goal_pose: Array | None = None


@dataclass(frozen=True)
class GoalPose:
    """
    Where a goal lies as seen from the robot: m ahead, m to the left, and the turn in rad.

    ``error_m`` is the mean absolute error to expect of each of the first two.
    """

    ahead_m: float
    left_m: float
    turn_rad: float
    error_m: float


@dataclass(frozen=True)
class Plan:
    """
    The best plan found before the deadline.

    ``blocks`` (H, K, A) in physical units, the first action taking effect at ``start_s``.
    ``latents`` (H, L, D) are the imagined futures, ``cost_to_go`` (H + 1,) in blocks.
    """

    blocks: Array
    latents: Array
    cost_to_go: Array
    cost: float
    start_s: float
    period_s: float
    iterations: int
    planning_s: float


@dataclass(frozen=True)
class Decision:
    """
    The answer of one agent step: the command (A,) in physical units, and why.

    ``cost_to_go`` (blocks) and ``surprise`` are NaN where they are not known, ``goal_pose`` is
    None.  On a route ``picture`` is which of how many is driven to, from 1 on.
    """

    command: Array
    status: Status
    reason: str
    stamp_s: float
    frame_stamp_s: float
    cost_to_go: float
    surprise: float
    latent: Array | None = None
    plan: Plan | None = None
    picture: tuple[int, int] = (0, 0)
    goal_pose: GoalPose | None = None
