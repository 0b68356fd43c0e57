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

"""Closed loop in a Gymnasium environment: a policy sees its pictures and acts towards a goal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from jepa_ros.core.agent import Agent
from jepa_ros.sim.closed_loop import wilson
from jepa_ros.sim.gym_drivers import Driver
from jepa_ros.sim.gym_env import GymEnv
from jepa_ros.sim.gym_tasks import GymTask
from jepa_ros.types import Frame, Observation


class GymPolicy(Protocol):
    """What acts: ``begin`` is told the task, ``act`` answers what is seen."""

    def begin(self, env: GymEnv, task: GymTask) -> None:
        """Start a new episode."""

    def act(self, env: GymEnv, now_s: float) -> np.ndarray:
        """Return an action (A,)."""


class AgentPolicy:
    """The agent that runs on a robot; a plan a step, which takes no time here."""

    def __init__(self, make_agent: Callable[[int], Agent], feels: bool) -> None:
        self._make_agent, self._feels = make_agent, feels

    def begin(self, env: GymEnv, task: GymTask) -> None:
        """Make the agent anew and show it the goal picture."""
        self._agent = self._make_agent(task.seed)
        self._agent.set_goal(task.picture)

    def act(self, env: GymEnv, now_s: float) -> np.ndarray:
        """Look, plan, answer."""
        felt = env.felt() if self._feels else None
        return self._agent.step(Observation(Frame(env.picture(), now_s), felt), now_s).command


class RandomPolicy:
    """The driver that made the data and the goals, with other random numbers."""

    def begin(self, env: GymEnv, task: GymTask) -> None:
        """Seed the driver with the task."""
        self._driver: Driver = env.driver(np.random.default_rng([task.seed, 3]))

    def act(self, env: GymEnv, now_s: float) -> np.ndarray:
        """Return the driver's next action."""
        return self._driver(env.state())


class StayPolicy:
    """No action at all: what comes about by itself."""

    def begin(self, env: GymEnv, task: GymTask) -> None:
        """Remember nothing."""

    def act(self, env: GymEnv, now_s: float) -> np.ndarray:
        """Return rest."""
        return np.zeros(env.action.width, np.float32)


@dataclass(frozen=True)
class GymOutcome:
    """
    How an episode ended.

    ``held``: the goal's state was there when the budget was used up; ``touched``: at some step.
    Gaps are multiples of the tolerance.
    """

    seed: int
    held: bool
    touched: bool
    start_gap: float
    final_gap: float
    least_gap: float
    hard: bool


def run_episode(env: GymEnv, task: GymTask, policy: GymPolicy, budget: int) -> GymOutcome:
    """Act for ``budget`` steps, or until the environment ends, from where a task was drawn."""
    policy.begin(env, task)
    gaps = []
    for step in range(budget):
        ended = env.step(policy.act(env, step * env.action.period_s))
        gaps.append(env.adapter.gap(env.state(), task.goal, task.scale))
        if ended:
            break
    return GymOutcome(task.seed, gaps[-1] <= 1.0, min(gaps) <= 1.0, task.start_gap, gaps[-1],
                      min(gaps), task.hard)


def summarise(outcomes: list[GymOutcome]) -> dict[str, object]:
    """Return the figures of a set of outcomes; intervals are Wilson's, 95 %."""
    n, hard = len(outcomes), [o for o in outcomes if o.hard]
    figures: dict[str, object] = {'episodes': n}
    for name, chosen, wins in (
            ('success_rate', outcomes, [o.held for o in outcomes]),
            ('touched_rate', outcomes, [o.touched for o in outcomes]),
            ('success_rate_hard', hard, [o.held for o in hard]),
            ('touched_rate_hard', hard, [o.touched for o in hard])):
        figures[name] = sum(wins) / len(chosen) if chosen else None
        figures[name.replace('rate', 'interval')] = wilson(sum(wins), len(chosen))
    figures['episodes_hard'] = len(hard)
    for name in ('start_gap', 'final_gap', 'least_gap'):
        figures[f'median_{name}'] = float(np.median([getattr(o, name) for o in outcomes]))
    return figures
