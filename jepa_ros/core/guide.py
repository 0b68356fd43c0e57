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

"""Between agent and follower: what a follower wants, in the agent's own words."""

from dataclasses import replace
import math

from jepa_ros.core.arrival import remaining
from jepa_ros.core.context import Context
from jepa_ros.core.follower import Follower
from jepa_ros.core.following import Guidance, Lead
from jepa_ros.core.held import turn_command
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Decision, Status

_STATUS = {Lead.DRIVE: Status.DRIVING, Lead.TURN: Status.DRIVING, Lead.WAIT: Status.STALE,
           Lead.STOP: Status.IDLE}


class Guide:
    """Ask a follower about each new frame; ``now`` is its newest answer."""

    def __init__(self, follower: Follower, model: WorldModel) -> None:
        self.follower, self._model = follower, model
        self.now = Guidance(Lead.WAIT, 'looking for the robot on the route')

    @property
    def held(self) -> Array | None:
        """Return the command (A,) to hold, None where a plan is to be searched."""
        if self.now.lead is not Lead.TURN:
            return None
        return turn_command(self._model.spec.action, self.now.turn)

    def look(self, percept: Decision, context: Context, new: bool) -> Decision:
        """
        Return the percept as the follower has it, for a frame that is new or was seen before.

        A robot that cannot turn waits instead.  Raises NonFiniteError where a cost is not finite.
        """
        if new and percept.latent is not None:
            self.now = self.follower.follow(
                percept.latent, lambda goal: self._to_go(context, goal, percept.frame_stamp_s),
                percept.frame_stamp_s)
            if self.now.lead is Lead.TURN and self.held is None:
                self.now = replace(self.now, lead=Lead.WAIT)
        return replace(percept, status=_STATUS[self.now.lead], reason=self.now.reason,
                       cost_to_go=self.now.cost + self._model.spec.arrival_cost,
                       picture=(self.now.node, self.now.count))

    def _to_go(self, context: Context, goal: Array, frame_s: float) -> float:
        cost = remaining(self._model, context, goal, frame_s).cost_to_go
        if not math.isfinite(cost):
            raise NonFiniteError(f'cost-to-go is {cost}, must be finite')
        return cost - self._model.spec.arrival_cost
