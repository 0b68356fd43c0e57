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

"""Routes in closed loop: a drive is filmed, the robot put back, and the agent follows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import math
from pathlib import Path

import numpy as np

from jepa_ros.config import AgentConfig, PlannerConfig
from jepa_ros.core.agent import Agent
from jepa_ros.core.follower import Follower
from jepa_ros.core.following import FollowerConfig
from jepa_ros.core.goal import goal_latent
from jepa_ros.core.route_plan import at_rest, joined, kept, Spacing
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.core.world_model import WorldModel
from jepa_ros.sim.closed_loop import AT_REST, LATENCY_S, observe, PERIOD_S
from jepa_ros.sim.collect import drive
from jepa_ros.sim.evaluate import load_model
from jepa_ros.sim.route_drive import film, Filmed, lay_out, put_back
from jepa_ros.sim.route_score import RouteOutcome, Way
from jepa_ros.sim.workers import no_clock, run_seeds
from jepa_ros.sim.world import World
from jepa_ros.types import Status

# of what the recorded drive took
TIME_LIMIT = 3.0


@dataclass(frozen=True)
class RouteEntrant:
    """
    What is measured: a bundle's agent on routes of at least ``least_m``.

    ``kind`` is route, or last_picture: that picture is the only goal.  ``camera`` is the world's.
    """

    name: str
    kind: str
    bundle: Path
    camera: str
    least_m: float = 8.0
    engine: str = 'auto'
    precision: str = 'auto'
    planner: PlannerConfig = field(default_factory=PlannerConfig)
    # no short cuts: the whole of the recorded way is to be driven
    spacing: Spacing = field(default_factory=lambda: Spacing(same=0.0))
    follower: FollowerConfig = field(default_factory=FollowerConfig)


class RouteWorker:
    """One world and one model in one process."""

    def __init__(self, entrant: RouteEntrant) -> None:
        if entrant.kind not in ('route', 'last_picture'):
            raise ValueError(f'kind is {entrant.kind!r}, must be route or last_picture')
        self._entrant = entrant
        self._world = World()
        self._model: WorldModel = load_model(entrant.bundle, entrant.engine, entrant.precision)

    def run(self, seed: int) -> RouteOutcome:
        """Film the drive of a seed, put the robot back and let the agent follow."""
        world, spec = self._world, self._model.spec
        rng = lay_out(world, seed)
        start = world.pose
        filmed = film(world, self._entrant.camera, rng, self._entrant.least_m,
                      (spec.image_height, spec.image_width))
        put_back(world, start, rng)
        world.step(np.zeros(2), 0.5)
        agent, follower = self._agent(seed, filmed)
        return self._follow(seed, filmed, agent, follower)

    def _agent(self, seed: int, filmed: Filmed) -> tuple[Agent, Follower | None]:
        """Return the agent, on its way, and its follower where it has one."""
        entrant, model = self._entrant, self._model
        agent = Agent(model, SamplingPlanner(model.spec, entrant.planner), AgentConfig(),
                      np.random.default_rng(seed), no_clock)
        if entrant.kind == 'last_picture':
            agent.set_goal(filmed.pictures[-1])
            return agent, None
        distance, action = at_rest(model), model.spec.action
        latents = [goal_latent(model, picture) for picture in filmed.pictures]
        blocks = [i * PERIOD_S / (action.block * action.period_s) for i in range(len(latents))]
        chosen, driven = kept(latents, blocks, distance, entrant.spacing)
        route = joined(np.stack([latents[i] for i in chosen]), [0] * len(chosen), [driven],
                       distance, entrant.spacing)
        follower = Follower(route, entrant.follower)
        agent.follow(follower)
        return agent, follower

    def _follow(self, seed: int, filmed: Filmed, agent: Agent, follower: Follower | None
                ) -> RouteOutcome:
        world = self._world
        start_s, start_m, hits = world.time_s, world.distance_m, world.collisions
        way, previous, status, reason = Way(filmed.poses), np.zeros(2), Status.STALE, ''
        limit_s = TIME_LIMIT * filmed.duration_s
        while world.time_s - start_s < limit_s:
            way.note(world.pose)
            decision = agent.step(observe(world, self._entrant.camera, world.time_s),
                                  world.time_s)
            status, reason = decision.status, decision.reason
            if status in (Status.ARRIVED, Status.IDLE):
                break
            drive(world, previous, decision.command, PERIOD_S, LATENCY_S)
            previous = decision.command
        else:
            reason = f'not there after {limit_s:.0f} s'
        duration_s = world.time_s - start_s
        world.step(np.zeros(2), 1.0)
        pose, (speed, turn) = world.pose, world.velocity
        at_rest_now = abs(speed) < AT_REST[0] and abs(turn) < AT_REST[1]
        return RouteOutcome(
            seed, filmed.length_m, status is Status.ARRIVED and at_rest_now, reason,
            math.dist((pose.x, pose.y), filmed.poses[-1, :2]), way.progress,
            world.collisions - hits, world.distance_m - start_m, duration_s, filmed.duration_s,
            0 if follower is None else len(follower.route),
            0 if follower is None else follower.recoveries)

    def close(self) -> None:
        """Free the world's renderer."""
        self._world.close()


def evaluate_routes(entrant: RouteEntrant, seeds: Sequence[int], processes: int
                    ) -> Iterator[RouteOutcome]:
    """Return the outcome of each seed as it ends; the figures do not depend on the order."""
    if processes > 1:
        load_model(entrant.bundle, entrant.engine, entrant.precision)
    return run_seeds(RouteWorker, entrant, seeds, processes)
