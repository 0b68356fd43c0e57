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

"""Many episodes over worker processes: the same agent as on the robot, against the same world."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jepa_ros.config import AgentConfig, PlannerConfig
from jepa_ros.core.ablation import LatentDistance
from jepa_ros.core.agent import Agent
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.engines.load import Engine, load_engine
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.sim.closed_loop import (
    check_period,
    Outcome,
    Policy,
    RandomPolicy,
    run_episode,
    StraightLinePolicy,
)
from jepa_ros.sim.delayed import DelayedPolicy
from jepa_ros.sim.tasks import draw_task
from jepa_ros.sim.workers import no_clock, run_seeds
from jepa_ros.sim.world import World

# PyTorch without a compiler, the rollout written step by step as papers do: the reference
EAGER = 'torch-eager'
# how far goals are at most: those of the ceiling camera, and those in the front camera's view
FARTHEST_M, IN_VIEW_M = 3.0, 2.0


def load_model(bundle: Path, engine: str, precision: str = 'auto', threads: int = 1) -> Engine:
    """
    Return a bundle's model; of EAGER the threads are whatever PyTorch is set to.

    ValueError where its period is not that of the closed loop.
    """
    manifest = load_manifest(bundle)
    check_period(manifest.name, manifest.spec.action)
    if engine != EAGER:
        return load_engine(bundle, engine, threads, precision)
    if precision not in ('auto', 'fp32'):
        raise ValueError(f'precision is {precision!r}, {EAGER} has fp32')
    from jepa_ros.engines.architectures import plain_rollout
    from jepa_ros.engines.torch_engine import load_networks, TorchEngine
    networks = load_networks(manifest)
    return TorchEngine(manifest.spec, networks.encoder, plain_rollout(networks))


@dataclass(frozen=True)
class Entrant:
    """
    What is measured: a bundle's agent, or a driver without a model where ``bundle`` is None.

    ``kind`` is agent, latent_distance, random or straight_line.  ``engine`` is one of
    ``load_engine``'s or EAGER.  ``camera`` is the world's; goals of the front camera are up to 2 m
    away and in view, those of the ceiling camera anywhere up to 3 m.  ``latency_s`` is added to
    every plan, and ``way`` says how the agent lives with it; see ``delayed``.
    """

    name: str
    kind: str
    bundle: Path | None
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    engine: str = 'auto'
    precision: str = 'auto'
    latency_s: float = 0.0
    way: str = 'acting'
    camera: str = 'ceiling'


class Worker:
    """One world and one policy in one process."""

    def __init__(self, entrant: Entrant) -> None:
        self._entrant = entrant
        self._world = World()
        self._policy = self._make_policy()

    def _make_policy(self) -> Policy:
        entrant = self._entrant
        if entrant.kind == 'random':
            return RandomPolicy()
        if entrant.kind == 'straight_line':
            return StraightLinePolicy()
        if entrant.bundle is None:
            raise ValueError(f'{entrant.name} needs a bundle')
        model: Engine | LatentDistance = load_model(
            entrant.bundle, entrant.engine, entrant.precision)
        if entrant.kind == 'latent_distance':
            arrival = load_manifest(entrant.bundle).raw['arrival']
            if 'latent_distance' not in arrival:
                raise ValueError(f'{entrant.bundle} does not say at which latent_distance a goal '
                                 'is reached: its manifest has none under arrival')
            model = LatentDistance(model, arrival['latent_distance'])

        def make_agent(seed: int) -> Agent:
            return Agent(model, SamplingPlanner(model.spec, entrant.planner), AgentConfig(),
                         np.random.default_rng(seed), no_clock)

        return DelayedPolicy(make_agent, entrant.latency_s, entrant.way, entrant.camera)

    def run(self, seed: int) -> Outcome:
        """Drive the task of a seed."""
        front = self._entrant.camera == 'front'
        task = draw_task(self._world, seed, farthest_m=IN_VIEW_M if front else FARTHEST_M,
                         only_in_view=front)
        return run_episode(self._world, task, self._policy)

    def close(self) -> None:
        """Free the world's renderer."""
        self._world.close()


def evaluate(entrant: Entrant, seeds: Sequence[int], processes: int) -> Iterator[Outcome]:
    """Return the outcome of each seed as it ends; the figures do not depend on the order."""
    if processes > 1:       # a pool would begin one that cannot be made again and again
        Worker(entrant).close()
    return run_seeds(Worker, entrant, seeds, processes)
