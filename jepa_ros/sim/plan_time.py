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

"""How long a plan takes, over situations that come up on the way to a goal."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jepa_ros.config import AgentConfig, PlannerConfig
from jepa_ros.core.agent import Agent
from jepa_ros.core.question import Question, solve
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.core.world_model import WorldModel
from jepa_ros.sim.closed_loop import LATENCY_S, observe, PERIOD_S
from jepa_ros.sim.collect import drive
from jepa_ros.sim.tasks import draw_task
from jepa_ros.sim.world import World
from jepa_ros.types import Status

# development seeds: what is timed does not decide what is reported
_FIRST_SEED = 6000
_DRIVE_PERIODS = 20
# without a deadline every plan takes all its iterations
_NO_DEADLINE_S = 60.0


def situations(model: WorldModel, count: int, camera: str = 'ceiling') -> list[Question]:
    """Return questions that an agent of the default config asks, from drives of 2 s each."""
    questions: list[Question] = []
    world, seed = World(), _FIRST_SEED
    try:
        while len(questions) < count:
            questions += _drive(world, model, seed, camera)
            seed += 1
    finally:
        world.close()
    return questions[:count]


def _drive(world: World, model: WorldModel, seed: int, camera: str) -> list[Question]:
    """Drive towards the goal of a seed's task; return what was asked on the way."""
    task = draw_task(world, seed)
    planner = SamplingPlanner(model.spec, replace(PlannerConfig(), deadline_s=_NO_DEADLINE_S))
    agent = Agent(model, planner, AgentConfig(), np.random.default_rng(seed), lambda: 0.0)
    agent.set_goal(world.render_at(task.goal, camera))
    questions = []
    previous = np.zeros(2)
    for _ in range(_DRIVE_PERIODS):
        now_s = world.time_s
        decision = agent.perceive(observe(world, camera, now_s), now_s)
        if decision.status is Status.DRIVING:
            questions.append(agent.ask(decision, now_s))
            decision = agent.answer(questions[-1], agent.solve(questions[-1]), now_s)
        drive(world, previous, decision.command, PERIOD_S, LATENCY_S)
        previous = decision.command
    return questions


def plan_times_s(model: WorldModel, config: PlannerConfig, questions: list[Question],
                 clock: Callable[[], float]) -> list[float]:
    """
    Return how long each question takes to solve, in seconds of a monotonic ``clock``.

    The first is solved twice more before, so that nothing is made ready while the clock runs.
    """
    planner = SamplingPlanner(model.spec, replace(config, deadline_s=_NO_DEADLINE_S))
    rng = np.random.default_rng(0)
    for _ in range(2):
        solve(questions[0], model, planner, rng, clock)
    planner.reset()
    times_s = []
    for question in questions:
        begun_s = clock()
        solve(question, model, planner, rng, clock)
        times_s.append(clock() - begun_s)
    return times_s
