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

"""Speeds of joints for a controller that wants positions: they are added up from where it is."""

from collections.abc import Callable, Sequence
import math

from builtin_interfaces.msg import Time
import numpy as np
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.controllers.joint_trajectory import JointTrajectoryController
from jepa_ros.ros.process import steady_s

# Speeds that come no more often than this do not add up: the robot has rested in between.
_MOST_PAUSE_S = 0.3


class JointSpeedController:
    """
    Speeds of joints as trajectories, from the positions that ``where`` tells, None if unknown.

    What is added up stays within ``lead_s`` of the fastest speed of where the joints really are:
    an arm that is held fast does not wind up.
    """

    kind = JointTrajectory
    topics = JointTrajectoryController.topics
    holds = False       # of a planner's speeds, zero is rest
    stamped = True

    def __init__(self, inner: JointTrajectoryController, fastest: Sequence[float],
                 where: Callable[[], np.ndarray | None], lead_s: float = 0.3,
                 clock: Callable[[], float] = steady_s) -> None:
        self._inner, self._where, self._clock = inner, where, clock
        self._lead = np.asarray(fastest, np.float64) * lead_s
        self._target: np.ndarray | None = None
        self._sent_s = -math.inf

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> JointTrajectory | None:
        """Return speeds (A,) as a trajectory; None where nothing tells where the joints are."""
        now_s, measured = self._clock(), self._where()
        passed_s, self._sent_s = now_s - self._sent_s, now_s
        if measured is None:
            self._target = None
            return None
        if self._target is None or passed_s > _MOST_PAUSE_S:
            self._target, passed_s = measured, 0.0
        self._target = np.clip(self._target + np.asarray(command, np.float64) * passed_s,
                               measured - self._lead, measured + self._lead)
        return self._inner.message(self._target, stamp, rest)

    def numbers(self, message: JointTrajectory) -> np.ndarray:
        """Return the last positions (A,) of a trajectory."""
        return self._inner.numbers(message)
