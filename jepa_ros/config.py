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

"""Frozen configurations; each refuses nonsense when it is made, naming the value and the limit."""

from dataclasses import dataclass
import math


def _within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high; NaN is refused too."""
    if not low <= value <= high:
        raise ValueError(f'{name} is {value}, must be between {low} and {high}')


# The searches there are.
METHODS = ('cem', 'icem', 'mppi')


@dataclass(frozen=True)
class PlannerConfig:
    """
    How the planner searches.

    Of ``candidates`` plans an iteration, the next is drawn around the best ``elites``; there are
    ``iterations`` at most, fewer where another would pass ``deadline_s``.  ``init_std`` and
    ``min_std`` are the first and the least spread, as a fraction of an action's half-range.
    ``momentum`` is the share of mean and spread kept from the iteration before.
    ``action_rate_weight`` (blocks) is the cost of one change of one action over its whole range.

    ``method`` is one of METHODS.  iCEM draws noise whose power falls with frequency as
    f**-``noise_beta``, keeps the share ``keep_elites`` of the elites, and multiplies the
    candidates by ``shrink`` each iteration, down to two for each elite.  MPPI weighs by
    ``temperature``, in standard deviations of the costs, and has no elites.
    """

    candidates: int = 32
    elites: int = 4
    iterations: int = 2
    deadline_s: float = 0.08
    action_rate_weight: float = 0.05
    init_std: float = 0.6
    min_std: float = 0.05
    momentum: float = 0.1
    method: str = 'cem'
    noise_beta: float = 2.0
    keep_elites: float = 0.3
    shrink: float = 0.8
    temperature: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a search that cannot run; ValueError names the value and the limit."""
        _within('candidates', self.candidates, 2, 1_000_000)
        _within('elites', self.elites, 1, self.candidates)
        _within('iterations', self.iterations, 1, 1000)
        _within('deadline_s', self.deadline_s, 0.001, 60.0)
        _within('action_rate_weight', self.action_rate_weight, 0.0, 1000.0)
        _within('init_std', self.init_std, 0.001, 10.0)
        _within('min_std', self.min_std, 0.0, self.init_std)
        _within('momentum', self.momentum, 0.0, 0.99)
        if self.method not in METHODS:
            raise ValueError(f'planner method is {self.method!r}, must be one of '
                             f'{", ".join(METHODS)}')
        _within('noise_beta', self.noise_beta, 0.0, 10.0)
        _within('keep_elites', self.keep_elites, 0.0, 1.0)
        _within('shrink', self.shrink, 0.1, 1.0)
        _within('temperature', self.temperature, 0.001, 1000.0)


@dataclass(frozen=True)
class AgentConfig:
    """
    When the agent moves, and when it does not.

    A frame older than ``max_frame_age_s``, or stamped more than ``max_future_s`` ahead, stops it;
    so does a gap of ``max_frame_age_s`` between frames.  It moves again after ``fresh_frames``
    good ones.  A goal is reached after ``arrival_frames`` frames in a row below ``arrival_cost``
    (blocks; None takes the manifest's), or within ``arrival_m`` where the model tells how far it
    is, a turn of 1 rad counting 0.3 m and what it may err in full; or after ``settled_frames``
    below half as much cost again: near, and nothing brings it nearer.  When the clock goes back
    by more than ``restart_s``, the past is forgotten.  ``surprise`` costs one more rollout a
    frame.  ``action_delay_s`` is how long after its frame an action took effect in the data that
    the model was trained on (None takes the manifest's).
    """

    max_frame_age_s: float = 0.3
    fresh_frames: int = 3
    arrival_frames: int = 3
    arrival_cost: float | None = None
    arrival_m: float = 0.18
    settled_frames: int = 20
    max_future_s: float = 0.1
    restart_s: float = 1.0
    surprise: bool = True
    action_delay_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse limits that make no sense; ValueError names the value and the limit."""
        _within('max_frame_age_s', self.max_frame_age_s, 0.001, 60.0)
        _within('fresh_frames', self.fresh_frames, 1, 1000)
        _within('arrival_frames', self.arrival_frames, 1, 1000)
        _within('settled_frames', self.settled_frames, 1, 1000)
        _within('arrival_m', self.arrival_m, 0.0, 1000.0)
        if self.arrival_cost is not None:
            _within('arrival_cost', self.arrival_cost, 0.0, 1e9)
        _within('max_future_s', self.max_future_s, 0.0, 60.0)
        _within('restart_s', self.restart_s, 0.0, 3600.0)
        if self.action_delay_s is not None:
            _within('action_delay_s', self.action_delay_s, 0.0, 10.0)


@dataclass(frozen=True)
class GateConfig:
    """
    What the command gate lets through.

    ``low`` and ``high`` (A,) are the robot's physical limits.  Where ``hold`` is false commands
    are speeds: zero stops, so the limits hold zero.  Where it is true they are positions, and the
    last one is held.  ``max_rate`` (A,), a unit a second, is how fast a command may grow; of
    positions, how fast it may change at all.  Where ``measured`` is true nothing moves without
    the joints' own positions, no older than ``max_frame_age_s``; motion begins from them.

    A stop is complete when commands have stopped for ``timeout_s``, or when their stamps, or the
    frames behind them, are ``max_frame_age_s`` old: it takes ``stop_s``, and what the gate will
    not look at again in time, ``rate_hz`` times a second, counts as too old already.  It is
    repeated for ``zero_repeat_s``.  Motion resumes after ``fresh_commands`` good commands.
    ``surprise_frames`` surprising frames in a row stop too; 0: none do.  ``watch_planner`` is
    false for commands of something else, which tells nothing of its frames.  A clock that jumps
    by more than ``max_jump_s`` stops as well.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    max_rate: tuple[float, ...] | None = None
    hold: bool = False
    measured: bool = False
    timeout_s: float = 0.3
    max_frame_age_s: float = 0.3
    stop_s: float = 0.1
    zero_repeat_s: float = 2.0
    rate_hz: float = 20.0
    fresh_commands: int = 3
    surprise_frames: int = 0
    watch_planner: bool = True
    exclusive: bool = True
    max_future_s: float = 0.1
    max_jump_s: float = 0.1

    def __post_init__(self) -> None:
        """Refuse limits that cannot be met; ValueError names the value and the limit."""
        if len(self.low) != len(self.high) or not self.low:
            raise ValueError(f'low has {len(self.low)} entries and high {len(self.high)}, '
                             'must be as many and at least 1')
        for i, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not (math.isfinite(low) and math.isfinite(high) and low <= high):
                raise ValueError(f'action {i}: low {low} and high {high} must be finite '
                                 'and in this order')
            if not (self.hold or low <= 0.0 <= high):
                raise ValueError(f'action {i}: low {low} and high {high} must have '
                                 'zero between them')
        if self.measured and not self.hold:
            raise ValueError('measured is true, must be false where hold is false: '
                             'the positions of joints say nothing of speeds')
        if self.max_rate is not None:
            if len(self.max_rate) != len(self.low):
                raise ValueError(f'max_rate has {len(self.max_rate)} entries, '
                                 f'low has {len(self.low)}')
            for i, rate in enumerate(self.max_rate):
                _within(f'max_rate of action {i}', rate, 1e-6, math.inf)
        _within('timeout_s', self.timeout_s, 0.001, 60.0)
        _within('max_frame_age_s', self.max_frame_age_s, 0.001, 60.0)
        _within('stop_s', self.stop_s, 0.0, 10.0)
        _within('zero_repeat_s', self.zero_repeat_s, 0.0, 3600.0)
        _within('rate_hz', self.rate_hz, 0.1, 10_000.0)
        _within('fresh_commands', self.fresh_commands, 1, 1000)
        _within('surprise_frames', self.surprise_frames, 0, 100_000)
        _within('max_future_s', self.max_future_s, 0.0, 60.0)
        _within('max_jump_s', self.max_jump_s, 0.001, 60.0)
        needed_s = self.stop_s + 2 * self.period_s
        for name in ('timeout_s', 'max_frame_age_s'):
            if getattr(self, name) < needed_s - 1e-9:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least '
                                 f'{needed_s:.3f}: stop_s {self.stop_s} and two periods')

    @property
    def period_s(self) -> float:
        """Return the time between two checks."""
        return 1.0 / self.rate_hz
