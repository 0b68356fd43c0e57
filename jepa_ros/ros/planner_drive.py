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

"""What leaves the planner: a fresh decision's command, or zero."""

from collections.abc import Callable
import dataclasses
import math
import threading

import numpy as np

from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.types import Decision, Status

# After motion ends, zero is repeated this long; then the topic is left to others.
ZERO_REPEAT_S = 2.0


class Drive:
    """
    Publish decisions, and stop without waiting for one.

    Stops come from other threads while a plan is being made: each makes the plan void, so its
    command is not published after the zero.  ``now_s`` is the node's time, that of the frames'
    stamps; ``steady_s`` a clock that runs whatever happens.
    """

    def __init__(self, outputs: PlannerOutputs, now_s: Callable[[], float],
                 steady_s: Callable[[], float]) -> None:
        self._outputs = outputs
        self._now_s, self._steady_s = now_s, steady_s
        self._lock = threading.Lock()
        self._driving = False
        self._frame_s = self._stopped_s = -math.inf
        self.active = False
        self.stops = 0
        self._held = False
        self.max_frame_age_s = 0.0

    def frame_came(self) -> int:
        """Note that a usable frame has come; return the count of stops so far."""
        self._frame_s = self._steady_s()
        return self.stops

    def begin(self, reason: str) -> None:
        """Become active, at rest."""
        self.active = True
        self._outputs.status(Status.IDLE, reason)

    def end(self) -> None:
        """Become inactive: nothing is published any more."""
        with self._lock:
            self.active = False

    def publish(self, decision: Decision, stops: int) -> None:
        """Publish a decision, unless there was a stop since its frame came."""
        with self._lock:
            if not self.active or self._held or stops != self.stops:
                return
            decision = self._still_fresh(decision)
            driving = decision.status is Status.DRIVING
            if driving:
                self._outputs.command(decision.command)
            elif self._driving:
                self._stopped_s = self._steady_s()
                self._outputs.zero()
            self._driving = driving
            self._outputs.decision(decision)

    def _still_fresh(self, decision: Decision) -> Decision:
        """Replace a command by zero where its frame has grown too old while planning."""
        age_s = self._now_s() - decision.frame_stamp_s
        if decision.status is not Status.DRIVING or age_s <= self.max_frame_age_s:
            return decision
        return dataclasses.replace(
            decision, command=np.zeros_like(decision.command), status=Status.STALE,
            reason=f'frame is {age_s:.2f} s old after planning, '
                   f'limit {self.max_frame_age_s:.2f} s')

    def halt(self, status: Status, reason: str) -> None:
        """Send zero now; a plan that is being made is void."""
        with self._lock:
            self._halt(status, reason)

    def hold(self, reason: str) -> None:
        """Send zero now and publish no decision until ``release``."""
        with self._lock:
            self._held = True
            self._halt(Status.IDLE, reason)

    def release(self) -> None:
        """End a hold; what was decided before or during it is void."""
        with self._lock:
            self._held = False
            self.stops += 1

    def _halt(self, status: Status, reason: str) -> None:
        self.stops += 1
        if self._driving:
            self._stopped_s = self._steady_s()
        self._driving = False
        if self.active:
            self._outputs.zero()
            self._outputs.status(status, reason)

    def watch(self) -> None:
        """Stop where frames have stopped, and repeat zero for a while after any stop."""
        with self._lock:
            now = self._steady_s()
            silent_s = now - self._frame_s
            if self._driving and silent_s > self.max_frame_age_s:
                self._halt(Status.STALE, f'no frame for {silent_s:.2f} s, '
                                         f'limit {self.max_frame_age_s:.2f} s')
            elif self.active and not self._driving and now - self._stopped_s < ZERO_REPEAT_S:
                self._outputs.zero()
