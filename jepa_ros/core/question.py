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
What a plan is asked for, while the robot goes on acting.

By the time that a plan is found the robot has executed more of the last one.  Those actions are
committed: every candidate begins with them, so that a plan begins where the robot will be, and
one plan hands over to the next without a jump (Real-Time Chunking, arXiv 2506.07339).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
import math

import numpy as np

from jepa_ros.core.distrust import Distrust, Distrusted
from jepa_ros.core.monitor import judge_finite
from jepa_ros.core.planner import NonFiniteError, Planner
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import ActionSpec, Array, Decision, Plan

# How much later than its time a command may come, in periods, and still be taken: models are
# trained with a delay that varies.
_SLACK_PERIODS = 0.3


@dataclass(frozen=True)
class Question:
    """
    Everything that a planner needs, as it was at one frame of a stretch of driving.

    Another goal, a stop or a clock that goes back begins another stretch, and makes it void.
    ``context`` (T, L, D), ``executed`` (T, K, A), ``goal`` (L, D); ``last_command`` (A,) was in
    force at the frame, ``committed`` (C, A) are the actions from it on until the plan takes
    effect.  The plan's first action, committed or not, is for ``start_s``.  Where ``held`` (A,) is
    given nothing is searched: that command it is, to look about.
    """

    percept: Decision
    stretch: int
    context: Array
    executed: Array
    goal: Array
    last_command: Array
    committed: Array
    start_s: float
    distrust: Distrust
    held: Array | None = None


def committed_count(action: ActionSpec, horizon: int, wait_s: float) -> int:
    """
    Return how many actions C pass before a plan that is ready in ``wait_s`` can take effect.

    ``wait_s`` counts from the plan's start.  Never so many that no action would be free.
    """
    wanted = math.ceil(wait_s / action.period_s - _SLACK_PERIODS - 1e-6)
    return min(max(wanted, 0), horizon * action.block - 1)


def solve(question: Question, model: WorldModel, planner: Planner, rng: np.random.Generator,
          clock: Callable[[], float]) -> Plan:
    """
    Return a plan that begins with the committed actions.

    Whole committed blocks are rolled forward once, the rest of them begins every candidate.
    The plan is longer than H by those whole blocks.  Raises NonFiniteError where what is
    imagined is not finite.
    """
    action, horizon = model.spec.action, model.spec.horizon
    whole = len(question.committed) // action.block
    context, executed, start_s = question.context, question.executed, question.start_s
    history = len(context)
    blocks = question.committed[:whole * action.block].reshape(whole, action.block, action.width)
    if whole:
        padded = np.zeros((1, horizon, action.block, action.width), np.float32)
        padded[0, :whole] = blocks
        ahead = model.rollout(context, executed, padded, question.goal)
        latents, cost_to_go = ahead.latents[0, :whole], ahead.cost_to_go[0, :whole]
        context = np.concatenate([context, latents])[-history:]
        executed = np.concatenate([executed, blocks])[-history:]
        start_s += whole * action.block * action.period_s
    rest = question.committed[whole * action.block:]
    last = question.committed[-1] if len(question.committed) else question.last_command
    plan = planner.plan(
        Distrusted(model, question.distrust, question.percept.frame_stamp_s, len(rest)),
        context, executed, question.goal, last, rest, start_s, rng, clock)
    if whole:
        plan = replace(plan, start_s=question.start_s,
                       blocks=np.concatenate([blocks, plan.blocks]),
                       latents=np.concatenate([latents, plan.latents]),
                       cost_to_go=np.concatenate([cost_to_go, plan.cost_to_go]))
    for what, values in (('plan', plan.blocks), ('cost-to-go', plan.cost_to_go)):
        verdict = judge_finite(what, values)
        if not verdict.ok:
            raise NonFiniteError(verdict.reason)
    return plan
