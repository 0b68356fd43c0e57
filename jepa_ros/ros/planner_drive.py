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

"""What leaves the planner: the command of the plan in force, or zero."""

from collections.abc import Callable
from dataclasses import dataclass
import math
import threading

import numpy as np

from jepa_ros.core.actions import clamp, command_at
from jepa_ros.core.repeats import Motion
from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.types import ActionSpec, Decision, Plan, Status

# After motion ends, zero is repeated this long; then the topic is left to others.
ZERO_REPEAT_S = 2.0
# Three periods of 0.1 s are 0.3 s, though their floats are a little more.
_ROUNDING_S = 1e-6
# of an action's range: a position that changes by no more is held
_STILL = 0.005


@dataclass(frozen=True)
class Stop:
    """The newest stop: which it is, when it was (the node's time, s), and why."""

    number: int
    now_s: float
    reason: str


@dataclass(frozen=True)
class _InForce:
    """A plan, the stamp of the frame behind it, and when that came on the steady clock."""

    plan: Plan
    frame_stamp_s: float
    came_s: float


class Drive:
    """
    Send the command of the plan in force at every ``tick``, and stop without waiting for a plan.

    A plan is in force while the frame behind it is no older than ``max_frame_age_s``, by its
    stamp and by a clock that runs whatever happens.  Each ``last_stop`` makes void the plan in
    force, and those that were asked for before it.  ``now_s`` is the node's time, that of the
    stamps.
    """

    def __init__(self, outputs: PlannerOutputs, now_s: Callable[[], float],
                 steady_s: Callable[[], float]) -> None:
        self._outputs = outputs
        self._now_s, self._steady_s = now_s, steady_s
        self._lock = threading.Lock()       # never held while something is computed
        self._in_force: _InForce | None = None
        self._commanded = False             # the newest command is to move the robot
        self._before: np.ndarray | None = None      # the command before, of this drive
        self._stale_stops = 0
        self._stopped_s = -math.inf
        self.last_stop = Stop(0, -math.inf, 'no frame yet')
        self.active = False
        self._free = threading.Event()      # not held
        self._free.set()

    def configure(self, action: ActionSpec, max_frame_age_s: float) -> None:
        """Take over what commands must keep to."""
        with self._lock:
            self._action, self._max_frame_age_s = action, max_frame_age_s

    def begin(self, reason: str) -> None:
        """Become active, at rest."""
        with self._lock:
            self.active = True
            self._outputs.status(Status.IDLE, reason)

    def end(self) -> None:
        """Become inactive: nothing is published any more."""
        with self._lock:
            self.active = False

    def set_off(self, begun: str) -> None:
        """
        Note what begins a drive, 'goal' or 'start'; it ends with the goal, or with a hold.

        Another goal in a drive that a person has begun is part of that drive.
        """
        with self._lock:
            if self.active and self._free.is_set() and self._outputs.begun != 'start':
                self._outputs.begun = begun

    @property
    def begun(self) -> str:
        """Return what began the present drive, '' where there is none."""
        return self._outputs.begun

    def motion(self) -> Motion:
        """Return what the robot is told now."""
        with self._lock:
            return Motion(self._in_force is not None and self._commanded, self._stale_stops)

    def take(self, decision: Decision, came_s: float, stop: int) -> bool:
        """
        Put a plan in force and send its command at once; False where it is void or too old.

        ``came_s`` is when its frame came, ``stop`` the number of the last stop that it knows of.
        """
        with self._lock:
            if not self.active or not self._free.is_set() or stop != self.last_stop.number:
                return False
            self._in_force = _InForce(decision.plan, decision.frame_stamp_s, came_s)
            if not self._send_command():
                return False
            self._outputs.decide(decision)
            return True

    def rest(self, decision: Decision) -> None:
        """Send zero, as a decision that is not DRIVING says."""
        with self._lock:
            if not self.active or not self._free.is_set():
                return
            if self._in_force is not None:
                self._end_plan()
                self._outputs.zero()
            if decision.status in (Status.ARRIVED, Status.IDLE):
                self._outputs.begun = ''
            self._outputs.decide(decision)

    def tell(self, status: Status, reason: str) -> None:
        """Say why there is nothing to drive by, where there is not."""
        with self._lock:
            if self.active and self._free.is_set() and self._in_force is None:
                self._outputs.status(status, reason)

    def tick(self) -> None:
        """Send the command for now; zero for a while after any stop."""
        with self._lock:
            if not self.active:
                return
            if self._in_force is not None:
                self._send_command()
            elif self._steady_s() - self._stopped_s < ZERO_REPEAT_S:
                self._outputs.zero()

    def halt(self, status: Status, reason: str) -> None:
        """Send zero now; a plan that is being made is void."""
        with self._lock:
            self._halt(status, reason)

    def hold(self, reason: str, status: Status = Status.IDLE) -> None:
        """End the drive: send zero now and take nothing until ``release``."""
        with self._lock:
            self._free.clear()
            self._outputs.begun = ''
            self._halt(status, reason)

    def release(self) -> None:
        """End a hold."""
        self._free.set()

    def wait_free(self, timeout_s: float) -> bool:
        """Wait for the end of a hold; False where it does not come."""
        return self._free.wait(timeout_s)

    def _send_command(self) -> bool:
        """Send the command of the plan in force, or stop where it has grown too old."""
        plan, now_s = self._in_force, self._now_s()
        age_s = max(now_s - plan.frame_stamp_s, self._steady_s() - plan.came_s)
        if age_s > self._max_frame_age_s + _ROUNDING_S:
            self._stale_stops += 1
            self._halt(Status.STALE, f'the frame behind the plan is {age_s:.2f} s old, '
                                     f'limit {self._max_frame_age_s:.2f} s')
            return False
        try:
            command = clamp(command_at(plan.plan, now_s, self._action.holds), self._action)
        except ValueError as error:
            self._halt(Status.FAULT, str(error))
            return False
        self._outputs.command(command)
        self._commanded = self._moves(command)
        self._before = command
        return True

    def _moves(self, command: np.ndarray) -> bool:
        """Say whether a command (A,) is to move the robot: a position does by changing."""
        if not self._action.holds:
            return bool(command.any())
        span = np.subtract(self._action.high, self._action.low)
        return self._before is not None and bool(
            (np.abs(command - self._before) > _STILL * span).any())

    def _end_plan(self) -> None:
        self._in_force, self._before, self._stopped_s = None, None, self._steady_s()

    def _halt(self, status: Status, reason: str) -> None:
        self.last_stop = Stop(self.last_stop.number + 1, self._now_s(), reason)
        if self._in_force is not None:
            self._end_plan()
        if self.active:
            try:
                self._outputs.zero()
            finally:        # if zero cannot be sent, the gate is told why there is none
                self._outputs.status(status, reason)
