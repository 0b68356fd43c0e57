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
Tasks in a Gymnasium environment: reach what is seen in a picture of it, taken a while later.

From a reset a driver acts for N steps; where that ends is the goal, so it can be reached in N.
The same seed then gives the same start again.  As LeWorldModel, arXiv 2603.19312, and DINO-WM,
arXiv 2411.04983, take their goals from later in a trajectory.
"""

from dataclasses import dataclass

import numpy as np

from jepa_ros.sim.gym_env import GymEnv, seed_of
from jepa_ros.sim.tasks import HELD_OUT
from jepa_ros.types import Image

_MOST_TRIES = 200


@dataclass(frozen=True)
class GymTask:
    """
    One closed-loop episode: where it starts, by ``reset_seed``, and the goal.

    ``picture`` and ``goal`` (S,) are of the same moment; ``scale`` (S,) are the state's standard
    deviations.  ``start_gap`` is above 1: the goal is not reached yet.  ``hard`` tells goals of
    special interest, where the adapter knows of such.
    """

    seed: int
    reset_seed: int
    goal: np.ndarray
    picture: Image
    scale: np.ndarray
    start_gap: float
    hard: bool


def state_scale(env: GymEnv, episodes: int = 8, steps: int = 100) -> np.ndarray:
    """Return the standard deviation (S,) of each state over random episodes, 1 where it is 0."""
    states = []
    for index in range(episodes):
        seed = seed_of(HELD_OUT, 1, index)
        env.reset(seed)
        driver = env.driver(np.random.default_rng([seed, 1]))
        for _ in range(steps):
            states.append(env.state())
            if env.step(driver(states[-1])):
                break
    std = np.std(states, axis=0)
    return np.where(std > 1e-9, std, 1.0)


def draw_task(env: GymEnv, seed: int, ahead: int, scale: np.ndarray) -> GymTask:
    """
    Draw a goal ``ahead`` steps from a held-out start, and put the environment back there.

    ValueError where the environment has no state to judge by, does not come back to the same
    start, or offers no goal that is not reached from the beginning.
    """
    env_id, adapter = env.config.env_id, env.adapter
    for attempt in range(_MOST_TRIES):
        reset_seed = seed_of(HELD_OUT, 2, seed, attempt)
        env.reset(reset_seed)
        start = env.state()
        if not len(start):
            raise ValueError(f'{env_id} observes pictures only; there are no numbers to tell '
                             'whether a goal is reached')
        driver = env.driver(np.random.default_rng([reset_seed, 2]))
        if any(env.step(driver(env.state())) for _ in range(ahead)):
            continue
        goal, picture = env.state(), env.picture()
        gap = adapter.gap(start, goal, scale)
        if gap <= 1.0:
            continue
        env.reset(reset_seed)
        again = env.state()
        if not np.allclose(start, again, rtol=0.0, atol=1e-6 * scale.max()):
            raise ValueError(f'{env_id} starts elsewhere when it is reset to the same seed: '
                             f'{np.abs(start - again).max():.3g} apart')
        return GymTask(seed, reset_seed, goal, picture, scale, gap,
                       adapter.hard is not None and adapter.hard(start, goal))
    raise ValueError(f'{env_id}: of {_MOST_TRIES} random ways of {ahead} steps none leads to a '
                     f'goal that is not reached at the start ({adapter.tolerance})')
