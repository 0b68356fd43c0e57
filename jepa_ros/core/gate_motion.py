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

"""What leaves the command gate: a command within its limits of change, or rest."""

import math

import numpy as np

from jepa_ros.config import GateConfig
from jepa_ros.core.actions import bounds
from jepa_ros.core.monitor import GOOD, judge_joints, judge_limits, Verdict
from jepa_ros.core.shaping import limit_change, limit_growth, s_curve
from jepa_ros.types import Array


class GateMotion:
    """
    Make what is sent of what is wanted; ``zero`` (A,) is no motion, where commands are speeds.

    At rest a speed is zero, and a position is the one held.  All times are seconds of one steady
    clock, handed in; ``due_s`` is when the robot has to rest, unless something fresh comes.
    """

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._low, self._high = bounds(config.low, config.high)
        self.zero: Array = np.zeros(len(config.low), np.float32)
        # from its limit to zero within stop_s
        self._fall_rate = None if config.stop_s == 0.0 else [
            max(-low, high) / config.stop_s
            for low, high in zip(config.low, config.high, strict=True)]
        self._joints: Array | None = None       # where the joints are, and since when
        self._joints_s = -math.inf
        # joints so far beyond their limits may be led back; any further is a person's to judge
        rates = config.max_rate or (0.0,) * len(config.low)
        self._reach = ([low - 2 * config.period_s * rate
                        for low, rate in zip(config.low, rates, strict=True)],
                       [high + 2 * config.period_s * rate
                        for high, rate in zip(config.high, rates, strict=True)])
        self._sent: Array | None = None         # the newest command, and when
        self._sent_s = -math.inf
        self._from: Array = self.zero           # what a stop begins from

    def on_joints(self, positions: Array, stamp_s: float) -> None:
        """Take where the joints (A,) were at a time; what is not finite tells nothing."""
        if positions.shape == self.zero.shape and np.isfinite(positions).all():
            self._joints, self._joints_s = np.asarray(positions, np.float32), stamp_s

    def judge_joints(self, now_s: float) -> Verdict:
        """Say whether the joints, where they are measured, are known and within reach."""
        limits = self._config
        if not limits.measured:
            return GOOD
        verdict = judge_joints(now_s - self._joints_s, limits.max_frame_age_s)
        if not verdict.ok:
            return verdict
        return judge_limits('joint', self.zero if self._joints is None else self._joints,
                            *self._reach)

    def send(self, command: Array | None, now_s: float) -> Array | None:
        """Note what is sent, and when; return a copy."""
        if command is None:
            return None
        self._sent, self._sent_s = command, now_s
        return command.copy()

    def go(self, command: Array, due_s: float, now_s: float) -> Array:
        """Return what to send of a command (A,), within the limits of speed and of growth."""
        limits = self._config
        wanted = np.clip(command, self._low, self._high)
        passed_s = min(now_s - self._sent_s, 2 * limits.period_s)
        if limits.hold:
            held = self._held(now_s)
            return wanted if held is None else limit_change(held, wanted, passed_s,
                                                            limits.max_rate)
        share = self._slowed(due_s, now_s)
        # a planner that stops does so in one step; one that drives knows what it asks for
        gently = share == 1.0 and not wanted.any()
        return limit_growth(self.zero if self._sent is None else self._sent,
                            wanted * np.float32(share), passed_s, limits.max_rate,
                            self._fall_rate if gently else None)

    def brake(self, due_s: float, now_s: float) -> None:
        """Begin a stop from what was sent last, or where it came late from within it."""
        self._from = self.zero if self._sent is None else (
            self._sent * np.float32(self._slowed(due_s, now_s)))

    def stand(self) -> None:
        """Rest at once: there is no stop to complete."""
        self._from = self.zero

    def rest(self, now_s: float, stopped_for_s: float = math.inf) -> Array | None:
        """
        Return what to send to a robot that is to rest, so long after that was decided.

        None where no position to hold is known.
        """
        if self._config.hold:
            return self._held(now_s)
        stop_s = self._config.stop_s
        share = s_curve(1.0 - stopped_for_s / stop_s) if stop_s else 0.0
        return self._from * np.float32(share) + np.float32(0.0)     # no -0.0

    def _slowed(self, due_s: float, now_s: float) -> float:
        """Return the share of a speed that is left: 1, or less where a stop is due soon."""
        limits = self._config
        if limits.stop_s == 0.0:
            return 1.0
        return s_curve((due_s - limits.period_s - now_s) / limits.stop_s)

    def _held(self, now_s: float) -> Array | None:
        """
        Return the position sent last, unless somebody else may have moved since.

        Then it is where the joints are; None where nothing tells.
        """
        if now_s - self._sent_s <= self._config.zero_repeat_s:
            return self._sent
        known = (self._config.measured
                 and judge_joints(now_s - self._joints_s, self._config.max_frame_age_s).ok)
        return self._joints if known else None
