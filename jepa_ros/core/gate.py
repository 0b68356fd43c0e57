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

from dataclasses import dataclass, replace
from enum import Enum
import math

import numpy as np

from jepa_ros.config import GateConfig
from jepa_ros.core.actions import bounds
from jepa_ros.core.latch import Latch
from jepa_ros.core.monitor import (
    GOOD,
    judge_age,
    judge_finite,
    judge_gap,
    judge_joints,
    judge_limits,
    judge_order,
    judge_planner,
    judge_publishers,
    judge_shape,
    judge_surprise,
    judge_surprises,
    Reason,
    Verdict,
)
from jepa_ros.core.obedience import Obedience, PlannerWord
from jepa_ros.core.shaping import limit_change, limit_growth, s_curve
from jepa_ros.types import Array


class GateState(str, Enum):
    """What the gate is doing; its value is the word that is published."""

    WAITING = 'waiting'    # nothing to forward: publishes nothing
    ARMED = 'armed'        # counts fresh commands before motion
    MOVING = 'moving'      # forwards
    STOPPED = 'stopped'    # comes to rest, and repeats that
    LATCHED = 'latched'    # stopped by hand: at rest until reset


@dataclass(frozen=True)
class GateOutput:
    """The command (A,) to publish now, or None; the state; and why, in words and as a number."""

    command: Array | None
    state: GateState
    reason: str
    number: Reason


class Gate:
    """
    Forward fresh commands within limits; rest in every other case: zero, or the position held.

    All times are seconds of one steady clock, handed in.  The gate moves only while commands and
    the frames behind them, told by ``on_status``, are fresh.  As they grow old it slows down, so
    that it rests when they are too old.
    """

    def __init__(self, config: GateConfig, latch: Latch | None = None,
                 obedience: Obedience | None = None) -> None:
        self._config = config
        self._latch = Latch() if latch is None else latch
        self._obedience = Obedience() if obedience is None else obedience
        self._low, self._high = bounds(config.low, config.high)
        self._zero: Array = np.zeros(len(config.low), np.float32)
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
        self._sent: Array | None = None         # the newest output, and when
        self._sent_s = self._stopped_s = -math.inf
        self._from: Array = self._zero          # what a stop begins from
        self.begin()

    def begin(self) -> None:
        """Know nothing of commands, and take what the planner does for begun without us."""
        self._obedience.begin()
        self._word, self._seen, self._surprising = PlannerWord(False), GOOD, 0
        self._publishers = 0
        self._moving = False
        self._why = Verdict(False, 'no command yet', Reason.NO_COMMAND)
        self._forget()

    def _forget(self) -> None:
        """Begin to count again; no command from before may move the robot."""
        self._command = self._zero
        self._command_s = self._stamp_s = -math.inf
        self._fresh = 0

    def on_status(self, word: PlannerWord, now_s: float) -> None:
        """Take the planner's word."""
        self._obedience.hear(word)
        self._seen = judge_age('frame', word.frame_s, now_s, self._config.max_frame_age_s,
                               self._config.max_future_s)
        if word.frame != self._word.frame:
            rare = not judge_surprise(word.surprise, word.surprise_limit).ok
            self._surprising = self._surprising + 1 if rare else 0
        # a stamp ahead of now would let a frame grow older than the limit, and so would one frame
        # that is told again and again while the time of its stamps stands still
        first_s = self._word.frame_s if word.frame == self._word.frame else math.inf
        self._word = replace(word, frame_s=min(word.frame_s, now_s, first_s))

    def on_joints(self, positions: Array, stamp_s: float) -> None:
        """Take where the joints (A,) were at a time; what is not finite tells nothing."""
        if positions.shape == self._zero.shape and np.isfinite(positions).all():
            self._joints, self._joints_s = np.asarray(positions, np.float32), stamp_s

    def on_publishers(self, count: int) -> None:
        """Take the number of nodes that publish commands."""
        self._publishers = count

    def on_jump(self, verdict: Verdict, now_s: float) -> None:
        """Stop because time has jumped: no stamp from before means anything any more."""
        self._stop(verdict, now_s)
        self._word, self._seen = replace(self._word, frame_s=-math.inf), verdict

    def on_command(self, command: Array, stamp_s: float, now_s: float) -> None:
        """Take a command (A,) with its stamp; a bad one stops the robot."""
        with np.errstate(over='ignore'):  # what float32 cannot hold becomes infinite: refused
            values = np.asarray(command, np.float32)
        before = self._judge(now_s)
        if self._fresh and not before.ok:
            self._stop(before, now_s)
        verdict = self._judge_command(values, stamp_s, now_s)
        if not verdict.ok:
            self._stop(verdict, now_s)
            return
        self._command, self._command_s, self._stamp_s = values, now_s, stamp_s
        self._fresh = self._fresh + 1 if self._judge(now_s).ok else 0

    def _judge_command(self, command: Array, stamp_s: float, now_s: float) -> Verdict:
        limits = self._config
        return first_bad(
            judge_shape('command', command, len(limits.low)),
            judge_finite('command', command),
            judge_age('command', stamp_s, now_s, limits.max_frame_age_s, limits.max_future_s),
            judge_order('command', stamp_s, self._stamp_s))

    def _judge(self, now_s: float) -> Verdict:
        """Judge whether the newest command may move the robot from now to the next check."""
        limits = self._config
        if self._command_s == -math.inf:
            return self._why
        next_s, future_s = now_s + limits.period_s, limits.max_future_s
        verdict = first_bad(
            judge_publishers('commands', self._publishers if limits.exclusive else 0),
            judge_gap('command', next_s, self._command_s, limits.timeout_s),
            judge_age('command', self._stamp_s, next_s, limits.max_frame_age_s, future_s))
        if verdict.ok and limits.measured:
            verdict = first_bad(
                judge_joints(next_s - self._joints_s, limits.max_frame_age_s),
                judge_limits('joint', self._zero if self._joints is None else self._joints,
                             *self._reach))
        if not verdict.ok or not limits.watch_planner:
            return verdict
        return first_bad(
            self._obedience.judge(),
            judge_planner(self._word.driving),
            self._seen,
            judge_age('frame', self._word.frame_s, next_s, limits.max_frame_age_s, future_s),
            judge_surprises(self._surprising, limits.surprise_frames))

    def _stop(self, verdict: Verdict, now_s: float) -> None:
        if self._moving:
            self._stopped_s, self._why = now_s, verdict
            # where a check came late the stop began before it
            self._from = self._zero if self._sent is None else (
                self._sent * np.float32(self._slowed(now_s)))
        elif now_s - self._stopped_s > self._config.zero_repeat_s:
            self._why = verdict
        self._moving = False
        self._forget()

    def stop(self, pressed: bool) -> None:
        """Press or release the stop; pressing latches rest, at once, until ``reset``."""
        self._latch.press(pressed)

    def reset(self, now_s: float) -> None:
        """Undo the latch, unless the stop is still pressed; motion waits for fresh commands."""
        self._stop(Verdict(False, 'reset', Reason.STOP), now_s)
        self._latch.reset()
        self._obedience.clear()

    def tick(self, now_s: float) -> GateOutput:
        """Say what to publish now; called at ``rate_hz`` and after each command."""
        output = self._decide(now_s)
        if output.command is not None:
            self._sent, self._sent_s = output.command, now_s
        return replace(output, command=None if output.command is None else output.command.copy())

    def _decide(self, now_s: float) -> GateOutput:
        if self._latch.latched:
            said = ('stop is pressed' if self._latch.pressed
                    else 'stop was pressed, reset to go on')
            self._moving, self._stopped_s, self._from = False, now_s, self._zero
            self._why = Verdict(False, 'stop was pressed', Reason.STOP)
            self._forget()
            return GateOutput(self._rest(now_s, math.inf), GateState.LATCHED, said, Reason.STOP)
        verdict = self._judge(now_s)
        if not verdict.ok and (self._moving or self._fresh):
            self._stop(verdict, now_s)
        if verdict.ok and self._fresh >= self._config.fresh_commands:
            self._moving = True
            limits = judge_limits('command', self._command, self._config.low, self._config.high)
            return GateOutput(self._shape(now_s), GateState.MOVING,
                              limits.reason and f'clamped: {limits.reason}', limits.number)
        stopped_for_s = now_s - self._stopped_s
        repeating = 0.0 <= stopped_for_s <= self._config.zero_repeat_s
        command = self._rest(now_s, stopped_for_s) if repeating else None
        if verdict.ok and self._fresh:
            return GateOutput(command, GateState.ARMED, f'{self._fresh} fresh commands, '
                              f'{self._config.fresh_commands} wanted', self._why.number)
        if repeating:
            return GateOutput(command, GateState.STOPPED, self._why.reason, self._why.number)
        why = verdict if verdict.reason else self._why
        return GateOutput(command, GateState.WAITING, why.reason, why.number)

    def _shape(self, now_s: float) -> Array:
        """Return the newest command within the limits of speed and of growth."""
        limits = self._config
        wanted = np.clip(self._command, self._low, self._high)
        passed_s = min(now_s - self._sent_s, 2 * limits.period_s)
        if limits.hold:
            held = self._held(now_s)
            return wanted if held is None else limit_change(held, wanted, passed_s,
                                                            limits.max_rate)
        share = self._slowed(now_s)
        # a planner that stops does so in one step; one that drives knows what it asks for
        gently = share == 1.0 and not wanted.any()
        return limit_growth(self._zero if self._sent is None else self._sent,
                            wanted * np.float32(share), passed_s, limits.max_rate,
                            self._fall_rate if gently else None)

    def _slowed(self, now_s: float) -> float:
        """Return the share of a speed that is left: 1, or less where a stop is due soon."""
        limits = self._config
        if limits.stop_s == 0.0:
            return 1.0
        ends_s = [self._command_s + limits.timeout_s, self._stamp_s + limits.max_frame_age_s]
        if limits.watch_planner:
            ends_s.append(self._word.frame_s + limits.max_frame_age_s)
        return s_curve((min(ends_s) - limits.period_s - now_s) / limits.stop_s)

    def halt(self, now_s: float) -> Array | None:
        """Rest at once; return its command, None where no position to hold is known."""
        self._stop(Verdict(False, 'halted', Reason.INACTIVE), now_s)
        self._stopped_s, self._from = now_s, self._zero
        return self.rest(now_s)

    def rest(self, now_s: float) -> Array | None:
        """Return the command of a robot at rest; None where no position to hold is known."""
        command = self._rest(now_s, math.inf)
        if command is not None:
            self._sent, self._sent_s = command, now_s
        return command

    def _rest(self, now_s: float, stopped_for_s: float) -> Array | None:
        """Return the command of a robot that is to rest, so long after that was decided."""
        if self._config.hold:
            return self._held(now_s)
        stop_s = self._config.stop_s
        share = s_curve(1.0 - stopped_for_s / stop_s) if stop_s else 0.0
        return self._from * np.float32(share) + np.float32(0.0)     # no -0.0

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


def first_bad(*verdicts: Verdict) -> Verdict:
    """Return the first that does not pass; GOOD where all do."""
    return next((verdict for verdict in verdicts if not verdict.ok), GOOD)
