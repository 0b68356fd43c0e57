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

"""The command gate as a state machine: what passes to the wheels, and when zero does."""

from dataclasses import dataclass
from enum import Enum
import math

import numpy as np

from jepa_ros.config import GateConfig
from jepa_ros.core.actions import bounds
from jepa_ros.core.monitor import (
    GOOD,
    judge_age,
    judge_finite,
    judge_gap,
    judge_limits,
    judge_order,
    Verdict,
)
from jepa_ros.types import Array


class GateState(str, Enum):
    """What the gate is doing; its value is the word that is published."""

    WAITING = 'waiting'    # nothing to forward: publishes nothing
    ARMED = 'armed'        # counts fresh commands before motion
    MOVING = 'moving'      # forwards
    STOPPED = 'stopped'    # repeats zero
    LATCHED = 'latched'    # stopped by hand: repeats zero until reset


@dataclass(frozen=True)
class GateOutput:
    """The command (A,) to publish now, or None for none; the state; and why."""

    command: Array | None
    state: GateState
    reason: str


class Gate:
    """
    Forward fresh commands within limits; zero in every other case.

    All times are seconds of one steady clock, handed in.  The gate moves only while commands and
    the frames behind them, told by ``on_status``, are fresh.
    """

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._low, self._high = bounds(config.low, config.high)
        self._zero: Array = np.zeros(len(config.low), np.float32)
        self._pressed = False
        self._latched = False
        self._driving, self._seen, self._frame_s = False, GOOD, -math.inf
        self._moving, self._stopped_s, self._why = False, -math.inf, 'no command yet'
        self._forget()

    def _forget(self) -> None:
        """Begin to count again; no command from before may move the robot."""
        self._command = self._zero
        self._command_s = self._stamp_s = -math.inf
        self._fresh = 0

    def on_status(self, driving: bool, frame_stamp_s: float, now_s: float) -> None:
        """Take the planner's word: whether it drives, and the stamp of the frame behind that."""
        self._driving = driving
        self._seen = judge_age('frame', frame_stamp_s, now_s, self._config.max_frame_age_s,
                               self._config.max_future_s)
        # a stamp ahead of now would let a frame grow older than the limit
        self._frame_s = min(frame_stamp_s, now_s)

    def on_command(self, command: Array, stamp_s: float, now_s: float) -> None:
        """Take a command (A,) with its stamp; a bad one stops the robot at the next tick."""
        with np.errstate(over='ignore'):  # what float32 cannot hold becomes infinite: refused
            values = np.asarray(command, np.float32)
        before = self._judge(now_s)
        if self._fresh and not before.ok:
            self._stop(before.reason, now_s)
        verdict = self._judge_command(values, stamp_s, now_s)
        if not verdict.ok:
            self._stop(verdict.reason, now_s)
            return
        self._command, self._command_s, self._stamp_s = values, now_s, stamp_s
        self._fresh = self._fresh + 1 if self._judge(now_s).ok else 0

    def _judge_command(self, command: Array, stamp_s: float, now_s: float) -> Verdict:
        if command.shape != self._zero.shape:
            return Verdict(False, f'command has shape {command.shape}, '
                                  f'must have {self._zero.shape}')
        limits = self._config
        for verdict in (
                judge_finite('command', command),
                judge_age('command', stamp_s, now_s, limits.max_frame_age_s, limits.max_future_s),
                judge_order('command', stamp_s, self._stamp_s)):
            if not verdict.ok:
                return verdict
        return GOOD

    def _judge(self, now_s: float) -> Verdict:
        """Judge whether the newest command may move the robot now."""
        limits = self._config
        if self._command_s == -math.inf:
            return Verdict(False, self._why)
        if not self._driving:
            return Verdict(False, 'the planner does not say that it drives')
        for verdict in (
                judge_gap('command', now_s, self._command_s, limits.timeout_s),
                judge_age('command', self._stamp_s, now_s, limits.max_frame_age_s,
                          limits.max_future_s),
                self._seen,
                judge_age('frame', self._frame_s, now_s, limits.max_frame_age_s,
                          limits.max_future_s)):
            if not verdict.ok:
                return verdict
        return GOOD

    def _stop(self, reason: str, now_s: float) -> None:
        if self._moving:
            self._stopped_s, self._why = now_s, reason
        elif now_s - self._stopped_s > self._config.zero_repeat_s:
            self._why = reason
        self._moving = False
        self._forget()

    def stop(self, pressed: bool) -> None:
        """Press or release the stop; pressing latches zero until ``reset``."""
        self._pressed = pressed
        self._latched = self._latched or pressed

    def reset(self) -> None:
        """Undo the latch, unless the stop is still pressed; motion waits for fresh commands."""
        self._latched = self._pressed
        self._moving = False
        self._forget()

    def tick(self, now_s: float) -> GateOutput:
        """Say what to publish now; called at ``rate_hz`` and after each command."""
        if self._latched:
            self._moving, self._stopped_s = False, now_s
            self._why = 'stop was pressed'
            self._forget()
            return GateOutput(self._zero.copy(), GateState.LATCHED,
                              'stop is pressed' if self._pressed else 'stop was pressed, '
                              'reset to go on')
        verdict = self._judge(now_s)
        if not verdict.ok and (self._moving or self._fresh):
            self._stop(verdict.reason, now_s)
        if verdict.ok and self._fresh >= self._config.fresh_commands:
            self._moving = True
            limits = judge_limits('command', self._command, self._config.low, self._config.high)
            clamped = np.clip(self._command, self._low, self._high)
            return GateOutput(clamped, GateState.MOVING,
                              limits.reason and f'clamped: {limits.reason}')
        repeating = 0.0 <= now_s - self._stopped_s <= self._config.zero_repeat_s
        command = self._zero.copy() if repeating else None
        if verdict.ok and self._fresh:
            return GateOutput(command, GateState.ARMED, f'{self._fresh} fresh commands, '
                                                        f'{self._config.fresh_commands} wanted')
        if repeating:
            return GateOutput(command, GateState.STOPPED, self._why)
        return GateOutput(command, GateState.WAITING, verdict.reason or self._why)
