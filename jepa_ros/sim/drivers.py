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
Drivers that make training data: half random, half goal-seeking, as a yard of people would.

They know the pose; the planner that is trained on what they drove never does.
"""

import math

import numpy as np

from jepa_ros.sim import warehouse as cell
from jepa_ros.sim.floor import descend, Floor
from jepa_ros.sim.world import Pose, World

LOW = np.array([-cell.MAX_SPEED_M_S, -cell.MAX_TURN_RAD_S], np.float32)
HIGH = -LOW


def wrapped(angle: float) -> float:
    """Return an angle in radians between -pi and pi."""
    return math.remainder(angle, 2 * math.pi)


def steer(pose: Pose, target: tuple[float, float], speed_m_s: float, reverse: bool = False
          ) -> tuple[float, float]:
    """Return speed and turn rate that lead towards a point, turning first where it is behind."""
    heading = math.atan2(target[1] - pose.y, target[0] - pose.x)
    error = wrapped(heading - pose.yaw - (math.pi if reverse else 0.0))
    speed = speed_m_s * max(0.0, math.cos(error)) ** 2
    return -speed if reverse else speed, 2.5 * error


class RandomDriver:
    """Hold random commands for random times: arcs, straights, spins, stops, jitter."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left = 0

    def __call__(self, pose: Pose) -> np.ndarray:
        """Return a command (2,) in m/s and rad/s."""
        if self._left <= 0:
            self._left = int(self._rng.integers(3, 16))
            self._kind = self._rng.choice(5, p=[0.5, 0.25, 0.12, 0.05, 0.08])
            self._command = self._rng.uniform(LOW, HIGH).astype(np.float32)
            if self._kind == 1:
                self._command[1] = 0.0
            elif self._kind == 2:
                self._command[0] = 0.0
            elif self._kind == 3:
                self._command[:] = 0.0
        elif self._kind == 4:
            self._command = self._rng.uniform(LOW, HIGH).astype(np.float32)
        self._left -= 1
        return self._command.copy()


class GoalDriver:
    """Drive to one random free pose after another, the shortest way, with noise; rest at each."""

    def __init__(self, rng: np.random.Generator, floor: Floor) -> None:
        self._rng = rng
        self._floor = floor
        self._noise = np.zeros(2)
        self._new_goal()

    def _new_goal(self) -> None:
        self._goal = Pose(*self._floor.sample_pose(self._rng))
        self._distances = self._floor.distances((self._goal.x, self._goal.y), margin_m=0.15)
        self._speed_m_s = self._rng.uniform(0.35, cell.MAX_SPEED_M_S)
        self._reverse = self._rng.random() < 0.15
        self._noise_scale = self._rng.choice([0.02, 0.15, 0.35])
        self._rest = int(self._rng.integers(3, 9))
        self._patience = 150

    def __call__(self, pose: Pose) -> np.ndarray:
        """Return a command (2,) in m/s and rad/s."""
        self._patience -= 1
        if self._rest <= 0 or self._patience <= 0:
            self._new_goal()
        distance = math.dist((pose.x, pose.y), (self._goal.x, self._goal.y))
        turn_left = wrapped(self._goal.yaw - pose.yaw)
        if distance < 0.06:
            if abs(turn_left) < 0.12:
                self._rest -= 1
                return np.zeros(2, np.float32)
            return np.clip([0.0, 2.0 * turn_left], LOW, HIGH).astype(np.float32)
        target = (self._goal.x, self._goal.y)
        if distance > 0.4:
            target = descend(self._distances, pose.x, pose.y)
        command = np.array(steer(pose, target, min(self._speed_m_s, 1.5 * distance + 0.05),
                                 self._reverse))
        self._noise += -0.3 * self._noise + self._noise_scale * self._rng.normal(size=2)
        return np.clip(command + self._noise * HIGH * 0.8, LOW, HIGH).astype(np.float32)


class MixedDriver:
    """Alternate between random and goal-seeking driving every few seconds."""

    def __init__(self, rng: np.random.Generator, world: World) -> None:
        self._rng = rng
        self._drivers = (RandomDriver(rng), GoalDriver(rng, world.floor))
        self._active = int(rng.integers(2))
        self._left = 0

    def __call__(self, pose: Pose) -> np.ndarray:
        """Return a command (2,) in m/s and rad/s."""
        if self._left <= 0:
            self._active = 1 - self._active
            self._left = int(self._rng.integers(50, 120) if self._active
                             else self._rng.integers(20, 60))
        self._left -= 1
        return self._drivers[self._active](pose)
