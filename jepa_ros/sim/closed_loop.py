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

"""Closed loop without ROS: a policy sees frames and drives the world to a goal picture."""

from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import Protocol

import numpy as np

from jepa_ros.core.agent import Agent
from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.collect import drive
from jepa_ros.sim.drivers import HIGH, LOW, RandomDriver, steer
from jepa_ros.sim.tasks import Task
from jepa_ros.sim.world import World
from jepa_ros.types import ActionSpec, Frame, Observation, Status

PERIOD_S = 0.1
LATENCY_S = 0.05         # between a frame and the command that answers it, as measured live
TIME_LIMIT_S = 30.0
GOAL_RADIUS_M = 0.20
AT_REST = (0.03, 0.1)    # m/s, rad/s


class Policy(Protocol):
    """
    What drives: ``begin`` is told the task, ``act`` answers a frame.

    One that ``claims_arrival`` succeeds only where it stops by itself; one that cannot is judged
    where it stands when the time is over.
    """

    claims_arrival: bool

    def begin(self, world: World, task: Task) -> None:
        """Start a new episode."""

    def act(self, world: World, now_s: float) -> tuple[np.ndarray, bool]:
        """Return a command (2,) in m/s and rad/s, and whether the policy says it has arrived."""


class AgentPolicy:
    """The agent that runs on the robot, fed with the frames of one of the world's cameras."""

    claims_arrival = True

    def __init__(self, make_agent: Callable[[int], Agent], camera: str = 'ceiling') -> None:
        self._make_agent, self._camera = make_agent, camera

    def begin(self, world: World, task: Task) -> None:
        """Make the agent anew and show it the goal picture."""
        self._agent = self._make_agent(task.seed)
        self._agent.set_goal(world.render_at(task.goal, self._camera))

    def act(self, world: World, now_s: float) -> tuple[np.ndarray, bool]:
        """Answer the newest frame."""
        decision = self._agent.step(observe(world, self._camera, now_s), now_s)
        return decision.command, decision.status is Status.ARRIVED


class RandomPolicy:
    """Random commands, held for random times; it never says that it has arrived."""

    claims_arrival = False

    def begin(self, world: World, task: Task) -> None:
        """Seed the driver with the task."""
        self._driver = RandomDriver(np.random.default_rng([task.seed, 3]))

    def act(self, world: World, now_s: float) -> tuple[np.ndarray, bool]:
        """Return the driver's next command."""
        return self._driver(world.pose), False


class StraightLinePolicy:
    """Turn towards the goal and drive straight: knows the pose, ignores racks."""

    claims_arrival = True

    def begin(self, world: World, task: Task) -> None:
        """Remember the goal."""
        self._goal = task.goal

    def act(self, world: World, now_s: float) -> tuple[np.ndarray, bool]:
        """Steer towards the goal."""
        pose = world.pose
        distance = math.dist((pose.x, pose.y), (self._goal.x, self._goal.y))
        if distance < GOAL_RADIUS_M / 2:
            return np.zeros(2), True
        command = steer(pose, (self._goal.x, self._goal.y),
                        min(cell.MAX_SPEED_M_S, 1.5 * distance))
        return np.clip(command, LOW, HIGH), False


def check_period(name: str, action: ActionSpec) -> None:
    """Refuse a model of another period than this loop's, which drives badly; ValueError."""
    if abs(action.period_s - PERIOD_S) > 1e-6:
        raise ValueError(
            f'{name} has actions of {action.period_s:.4g} s, the simulated loop takes one every '
            f'{PERIOD_S} s: record with a camera of 10, 20 or 30 Hz, and train with '
            f'jepa train --period {PERIOD_S}')


def observe(world: World, camera: str, now_s: float) -> Observation:
    """Return what a camera sees now, and the speeds that the robot feels."""
    return Observation(Frame(world.render(camera), now_s), np.array(world.velocity, np.float32))


@dataclass(frozen=True)
class Outcome:
    """How an episode ended; ``success``: stopped by itself if it can, at rest, in the radius."""

    task: Task
    success: bool
    final_distance_m: float
    driven_m: float
    collisions: int
    duration_s: float


def run_episode(world: World, task: Task, policy: Policy, path: list | None = None) -> Outcome:
    """
    Drive one task to its end: arrival as the policy sees it, or 30 s.

    ``path`` collects poses, one a period.  The world must stand as ``draw_task`` left it.
    """
    start_s, before_m, before_hits = world.time_s, world.distance_m, world.collisions
    policy.begin(world, task)
    previous, arrived = np.zeros(2), False
    for _ in range(round(TIME_LIMIT_S / PERIOD_S)):
        if path is not None:
            path.append(world.pose)
        command, arrived = policy.act(world, world.time_s)
        if arrived:
            break
        drive(world, previous, command, PERIOD_S, LATENCY_S)
        previous = command
    duration_s = world.time_s - start_s
    world.step(np.zeros(2), 1.0)
    pose, (speed, turn) = world.pose, world.velocity
    distance = math.dist((pose.x, pose.y), (task.goal.x, task.goal.y))
    at_rest = abs(speed) < AT_REST[0] and abs(turn) < AT_REST[1]
    ended = arrived or not policy.claims_arrival
    return Outcome(task, ended and at_rest and distance <= GOAL_RADIUS_M, distance,
                   world.distance_m - before_m, world.collisions - before_hits, duration_s)


def summarise(outcomes: list[Outcome]) -> dict[str, object]:
    """Return the figures of a set of outcomes; ``interval`` is Wilson's, 95 %."""
    n = len(outcomes)
    wins = sum(o.success for o in outcomes)
    behind = [o for o in outcomes if not o.task.straight]
    spl = sum(o.task.shortest_m / max(o.driven_m, o.task.shortest_m) for o in outcomes
              if o.success) / max(n, 1)
    hidden_wins = sum(o.success for o in behind)
    return {
        'success_rate': wins / max(n, 1), 'interval': wilson(wins, n), 'episodes': n,
        'success_rate_behind_rack': hidden_wins / len(behind) if behind else None,
        'interval_behind_rack': wilson(hidden_wins, len(behind)),
        'episodes_behind_rack': len(behind), 'spl': spl,
        'collisions_per_m': sum(o.collisions for o in outcomes)
        / max(sum(o.driven_m for o in outcomes), 1e-9),
        'median_final_distance_m': float(np.median([o.final_distance_m for o in outcomes]))}


def wilson(wins: int, n: int, z: float = 1.959964) -> list[float]:
    """Return Wilson's score interval of a rate, 95 % by default; [0, 1] for no trials."""
    if n == 0:
        return [0.0, 1.0]
    p = wins / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # rounding must not move the ends where they are exact
    return [max(0.0, centre - half) if wins else 0.0, min(1.0, centre + half) if wins < n else 1.0]
