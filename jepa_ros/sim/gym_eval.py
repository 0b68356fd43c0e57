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

"""Many episodes in a Gymnasium environment, over worker processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from jepa_ros.config import AgentConfig, PlannerConfig
from jepa_ros.core.ablation import LatentDistance
from jepa_ros.core.agent import Agent
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.engines.load import Engine, load_engine
from jepa_ros.engines.manifest import load_manifest, Manifest
from jepa_ros.sim.gym_env import GymConfig, GymEnv
from jepa_ros.sim.gym_loop import (
    AgentPolicy,
    GymOutcome,
    GymPolicy,
    RandomPolicy,
    run_episode,
    StayPolicy,
)
from jepa_ros.sim.gym_tasks import draw_task, state_scale
from jepa_ros.sim.workers import no_clock, run_seeds

# a plan takes no time here, so there is no deadline
PLANNER = PlannerConfig(candidates=128, elites=16, iterations=4, deadline_s=60.0)


@dataclass(frozen=True)
class GymEntrant:
    """
    What is measured: a bundle's agent, or a policy without a model where ``bundle`` is None.

    ``kind`` is agent, latent_distance, random or stay.  The goal is ``ahead`` steps from the
    start, and an episode lasts ``budget`` steps.
    """

    name: str
    kind: str
    bundle: Path | None
    env: GymConfig
    ahead: int = 25
    budget: int = 50
    planner: PlannerConfig = field(default_factory=lambda: PLANNER)

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if not 1 <= self.ahead <= self.budget:
            raise ValueError(f'ahead is {self.ahead}, must be in [1, {self.budget}], the budget')


def env_of(config: GymConfig, manifest: Manifest) -> GymConfig:
    """
    Return an environment's config that shows pictures of a model's size.

    Its frame skip is that of the data where the manifest tells it.
    """
    data = manifest.raw.get('training', {}).get('data', {})
    told = data.get('frame_skip') if isinstance(data, dict) else None
    skip = config.frame_skip or (told if type(told) is int else None)
    return replace(config, image_px=manifest.spec.image_height, frame_skip=skip)


def check_fit(env: GymEnv, manifest: Manifest) -> None:
    """Raise ValueError where a model's actions are not the environment's."""
    ours, theirs = manifest.spec.action, env.action
    same = (np.shape(ours.low) == np.shape(theirs.low)
            and np.allclose((ours.low, ours.high), (theirs.low, theirs.high), rtol=1e-4))
    if not same or abs(ours.period_s - theirs.period_s) > 1e-6:
        raise ValueError(
            f'{manifest.name} was trained on actions from {list(ours.low)} to {list(ours.high)} '
            f'of {ours.period_s:.3g} s; those of {env.config.env_id} are from '
            f'{list(theirs.low)} to {list(theirs.high)} of {theirs.period_s:.3g} s')


class Worker:
    """One environment and one policy in one process."""

    def __init__(self, entrant: GymEntrant) -> None:
        self._entrant = entrant
        self._env = GymEnv(entrant.env)
        try:
            self._policy = self._make_policy()
            self._scale = state_scale(self._env)
        except BaseException:
            self._env.close()
            raise

    def _make_policy(self) -> GymPolicy:
        entrant = self._entrant
        if entrant.kind == 'random':
            return RandomPolicy()
        if entrant.kind == 'stay':
            return StayPolicy()
        if entrant.bundle is None:
            raise ValueError(f'{entrant.name} needs a bundle')
        manifest = load_manifest(entrant.bundle)
        check_fit(self._env, manifest)
        model: Engine | LatentDistance = load_engine(entrant.bundle)
        if entrant.kind == 'latent_distance':
            model = LatentDistance(model, manifest.raw['arrival']['latent_distance'])
        # the environment judges, not the agent: it never stops by itself, and moves at once
        config = AgentConfig(
            fresh_frames=1, arrival_cost=0.0, surprise=False,
            action_delay_s=0.0, max_frame_age_s=max(0.3, 3 * self._env.action.period_s))

        def make_agent(seed: int) -> Agent:
            return Agent(model, SamplingPlanner(model.spec, entrant.planner), config,
                         np.random.default_rng(seed), no_clock)

        return AgentPolicy(make_agent, model.spec.proprioception is not None)

    def run(self, seed: int) -> GymOutcome:
        """Draw the task of a seed and act on it."""
        task = draw_task(self._env, seed, self._entrant.ahead, self._scale)
        return run_episode(self._env, task, self._policy, self._entrant.budget)

    def close(self) -> None:
        """Free the environment."""
        self._env.close()


def evaluate(entrant: GymEntrant, seeds: Sequence[int], processes: int) -> Iterator[GymOutcome]:
    """Return the outcome of each seed as it ends; the figures do not depend on the order."""
    if processes > 1:
        # what is wrong with it would kill a worker without a word
        Worker(entrant).close()
    return run_seeds(Worker, entrant, seeds, processes)
