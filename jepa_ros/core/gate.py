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
from jepa_ros.core.gate_motion import GateMotion
from jepa_ros.core.latch import Latch
from jepa_ros.core.monitor import (
    GOOD,
    judge_age,
    judge_finite,
    judge_gap,
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
        self._motion = GateMotion(config)
        self._stopped_s = -math.inf
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
        self._command = self._motion.zero
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
        """Take where the joints (A,) were at a time."""
        self._motion.on_joints(positions, stamp_s)

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
            judge_age('command', self._stamp_s, next_s, limits.max_frame_age_s, future_s),
            self._motion.judge_joints(next_s))
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
            self._motion.brake(self._due_s(), now_s)
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
        return replace(output, command=self._motion.send(output.command, now_s))

    def _decide(self, now_s: float) -> GateOutput:
        if self._latch.latched:
            said = ('stop is pressed' if self._latch.pressed
                    else 'stop was pressed, reset to go on')
            self._moving, self._stopped_s = False, now_s
            self._motion.stand()
            self._why = Verdict(False, 'stop was pressed', Reason.STOP)
            self._forget()
            return GateOutput(self._motion.rest(now_s), GateState.LATCHED, said, Reason.STOP)
        verdict = self._judge(now_s)
        if not verdict.ok and (self._moving or self._fresh):
            self._stop(verdict, now_s)
        if verdict.ok and self._fresh >= self._config.fresh_commands:
            self._moving = True
            limits = judge_limits('command', self._command, self._config.low, self._config.high)
            moves = self._motion.go(self._command, self._due_s(), now_s)
            return GateOutput(moves, GateState.MOVING,
                              limits.reason and f'clamped: {limits.reason}', limits.number)
        stopped_for_s = now_s - self._stopped_s
        repeating = 0.0 <= stopped_for_s <= self._config.zero_repeat_s
        command = self._motion.rest(now_s, stopped_for_s) if repeating else None
        if verdict.ok and self._fresh:
            return GateOutput(command, GateState.ARMED, f'{self._fresh} fresh commands, '
                              f'{self._config.fresh_commands} wanted', self._why.number)
        if repeating:
            return GateOutput(command, GateState.STOPPED, self._why.reason, self._why.number)
        why = verdict if verdict.reason else self._why
        return GateOutput(command, GateState.WAITING, why.reason, why.number)

    def _due_s(self) -> float:
        """Return when the robot has to rest, unless something fresh comes."""
        limits = self._config
        ends_s = [self._command_s + limits.timeout_s, self._stamp_s + limits.max_frame_age_s]
        if limits.watch_planner:
            ends_s.append(self._word.frame_s + limits.max_frame_age_s)
        return min(ends_s)

    def halt(self, now_s: float) -> Array | None:
        """Rest at once; return its command, None where no position to hold is known."""
        self._stop(Verdict(False, 'halted', Reason.INACTIVE), now_s)
        self._stopped_s = now_s
        self._motion.stand()
        return self.rest(now_s)

    def rest(self, now_s: float) -> Array | None:
        """Return the command of a robot at rest; None where no position to hold is known."""
        return self._motion.send(self._motion.rest(now_s), now_s)


def first_bad(*verdicts: Verdict) -> Verdict:
    """Return the first that does not pass; GOOD where all do."""
    return next((verdict for verdict in verdicts if not verdict.ok), GOOD)
