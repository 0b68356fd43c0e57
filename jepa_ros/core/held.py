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

"""A plan that is not searched: one command, held, and what the model expects of it."""

from collections.abc import Callable

import numpy as np

from jepa_ros.core.actions import clamp, pin
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import ActionSpec, Array, Plan

# the action that turns a robot on the spot, by the name that manifests give it
_TURN = 'angular_z'


def turn_command(action: ActionSpec, share: float) -> Array | None:
    """
    Return the command (A,) that turns at a share of the limit, and does nothing else.

    None where no action turns, or where another's limits exclude 0: it would not be on the spot.
    """
    if _TURN not in action.names:
        return None
    command: Array = np.zeros(action.width, np.float32)
    index = action.names.index(_TURN)
    low, high = action.low[index], action.high[index]
    command[index] = share * (high if high > 0.0 else low)
    command = clamp(command, action)
    return None if np.delete(command, index).any() else command


class Held:
    """A Planner whose plan is ``command`` (A,) throughout, after what is committed."""

    def __init__(self, command: Array) -> None:
        self._command = command

    def reset(self) -> None:
        """There is nothing to forget."""

    def plan(self, model: WorldModel, context: Array, executed: Array, goal: Array,
             last_command: Array, committed: Array, start_s: float, rng: np.random.Generator,
             clock: Callable[[], float]) -> Plan:
        """Return the one plan there is; see ``Planner``."""
        spec, action, begun_s = model.spec, model.spec.action, clock()
        blocks = np.broadcast_to(self._command, (1, spec.horizon, action.block, action.width))
        blocks = pin(blocks, committed)
        rollout = model.rollout(context, executed, blocks, goal)
        return Plan(blocks[0], rollout.latents[0], rollout.cost_to_go[0], float(rollout.cost[0]),
                    start_s, action.period_s, 1, clock() - begun_s)
