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
Closed loop with a planner that takes its time: three ways of living with it.

``acting``: plan while acting, as the robot does.  ``synchronous``: a plan is carried out from when
it is ready, as if no time had passed since its frame; until then the last one goes on.
``standing``: stand still while planning, then drive one block.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jepa_ros.core.actions import command_at
from jepa_ros.core.agent import Agent
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.question import Question
from jepa_ros.sim.closed_loop import LATENCY_S, observe, PERIOD_S
from jepa_ros.sim.tasks import Task
from jepa_ros.sim.world import World
from jepa_ros.types import Decision, Plan, Status

WAYS = ('acting', 'synchronous', 'standing')


class DelayedPolicy:
    """
    The agent, with plans that are ready ``latency_s`` (a multiple of the period) later.

    Every frame is encoded; one plan is made at a time, of the newest frame when the planner is
    free.  ``camera`` is one of the world's.  ValueError for another way or latency.
    """

    claims_arrival = True

    def __init__(self, make_agent: Callable[[int], Agent], latency_s: float, way: str,
                 camera: str = 'ceiling') -> None:
        periods = latency_s / PERIOD_S
        if way not in WAYS:
            raise ValueError(f'way is {way!r}, must be one of {", ".join(WAYS)}')
        if not (periods >= 0 and abs(periods - np.rint(periods)) < 1e-6):
            raise ValueError(f'latency_s is {latency_s}, must be a multiple of {PERIOD_S}')
        self._make_agent, self._way, self._camera = make_agent, way, camera
        self._wait_s = latency_s

    def begin(self, world: World, task: Task) -> None:
        """Make the agent anew and show it the goal picture."""
        self._agent = self._make_agent(task.seed)
        self._agent.set_goal(world.render_at(task.goal, self._camera))
        self._coming: tuple[float, Question, Plan] | None = None  # ready when
        self._plan: Plan | None = None

    def act(self, world: World, now_s: float) -> tuple[np.ndarray, bool]:
        """Look; take the plan that is ready, begin another where the planner is free; act."""
        percept = self._agent.perceive(observe(world, self._camera, now_s), now_s)
        if percept.status is not Status.DRIVING:
            self._plan = self._coming = None
            return percept.command, percept.status is Status.ARRIVED
        self._take(now_s)
        if self._is_free(now_s):
            self._begin(percept, now_s)
            self._take(now_s)
        if self._plan is None:
            return percept.command, False
        return command_at(self._plan, now_s + LATENCY_S), False

    def _is_free(self, now_s: float) -> bool:
        """Say whether a plan may begin: none is being made, nor a block driven without looking."""
        if self._coming is not None:
            return False
        if self._way != 'standing' or self._plan is None:
            return True
        ends_s = self._plan.start_s + self._plan.blocks.shape[1] * PERIOD_S
        return now_s + LATENCY_S >= ends_s - 1e-6

    def _begin(self, percept: Decision, now_s: float) -> None:
        """Plan now, and keep what was found until it would be ready."""
        ready_s = now_s + self._wait_s
        question = self._agent.ask(percept, ready_s if self._way == 'acting' else now_s)
        try:
            plan = self._agent.solve(question)
        except NonFiniteError as error:
            self._agent.fail(question, str(error))
            self._plan = None
            return
        self._coming = ready_s, question, plan
        if self._way == 'standing':
            self._plan = None

    def _take(self, now_s: float) -> None:
        """Take over a plan that is ready."""
        if self._coming is None or now_s < self._coming[0] - 1e-6:
            return
        _, question, plan = self._coming
        self._coming = None
        effect_s = now_s + LATENCY_S
        if self._way != 'acting':
            question, plan = replace(question, start_s=effect_s), replace(plan, start_s=effect_s)
        if self._way == 'standing':
            plan = replace(plan, blocks=plan.blocks[:1])
        decision = self._agent.answer(question, plan, effect_s)
        if decision.plan is not None:
            self._plan = decision.plan
