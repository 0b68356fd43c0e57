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
An arm that takes JointTrajectory: ros2_control's joint_trajectory_controller.

That controller wants positions in every point, times that increase, a last velocity of zero, and
an end that is not past; between points it interpolates, and at the last one it holds.  So each
command is a trajectory of its own that ends at rest: should nothing follow it, the arm stops there
by itself, whoever has died.
"""

from collections import deque
from collections.abc import Callable, Sequence

from builtin_interfaces.msg import Duration, Time
import numpy as np
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.ros import messages
from jepa_ros.ros.process import steady_s

# A bound on memory: so many commands in one window.
_MOST = 200


class JointTrajectoryController:
    """
    Positions of joints, each as a trajectory to there.

    The arm passes a little before the position ``period_s`` after now, at the speed at which the
    positions have moved lately, ``fastest`` (A,) at most, and rests at it ``stop_s`` later,
    slowing down evenly.  What rests is one point.  The next command replaces all that.
    """

    kind = JointTrajectory
    topics = ('joint_trajectory_nav', 'joint_trajectory')
    holds = True
    stamped = True

    def __init__(self, names: Sequence[str], period_s: float, stop_s: float,
                 fastest: Sequence[float] = (), clock: Callable[[], float] = steady_s) -> None:
        if not names or not all(names) or len(set(names)) < len(names):
            raise ValueError(f'joints are {list(names)}, must be the names of the joints, '
                             'each once')
        self._names, self._period_s = list(names), period_s
        self._stop_s = stop_s or period_s
        # what is measured of a motion is a little more or less than what it was made with
        self._fastest = np.array(fastest or [np.inf] * len(names))
        self._clock = clock
        self._sent: deque[tuple[float, np.ndarray]] = deque(maxlen=_MOST)

    @property
    def ends_s(self) -> float:
        """Return how long after its stamp a trajectory is at rest."""
        return self._period_s + self._stop_s

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> JointTrajectory:
        """Return positions (A,) as a trajectory that is at rest there in ``ends_s``."""
        positions = np.asarray(command, np.float64)
        speed = self._speed(positions, self._clock())
        trajectory = JointTrajectory(joint_names=self._names)
        trajectory.header.stamp = stamp
        if not rest and speed.any():
            before = positions - speed * self._stop_s / 2
            trajectory.points.append(_point(before, speed, self._period_s))
        trajectory.points.append(_point(positions, np.zeros(len(positions)), self.ends_s))
        return trajectory

    def _speed(self, positions: np.ndarray, now_s: float) -> np.ndarray:
        """Return how fast the positions (A,) have moved over the time of one trajectory."""
        since_s = now_s - self.ends_s
        if self._sent and self._sent[-1][0] < since_s:
            # after a pause the arm stands where it was until now
            self._sent.append((now_s - self._period_s, self._sent[-1][1]))
        self._sent.append((now_s, positions))
        while len(self._sent) > 2 and self._sent[1][0] <= since_s:
            self._sent.popleft()
        at_s, sent = zip(*self._sent, strict=True)
        before = [np.interp(since_s, at_s, joint) for joint in np.transpose(sent)]
        return np.clip((positions - before) / self.ends_s, -self._fastest, self._fastest)

    def numbers(self, message: JointTrajectory) -> np.ndarray:
        """Return the last positions (A,) of a trajectory; ValueError where there are none."""
        if sorted(message.joint_names) != sorted(self._names):
            raise ValueError(f'the trajectory is for joints {list(message.joint_names)}, '
                             f'must be for {self._names}')
        if not message.points:
            raise ValueError('the trajectory has 0 points, must have at least 1')
        positions = message.points[-1].positions
        if len(positions) != len(self._names):
            raise ValueError(f'the last point has {len(positions)} positions for '
                             f'{len(self._names)} joints')
        by_name = dict(zip(message.joint_names, positions, strict=True))
        return np.array([by_name[name] for name in self._names])


def _point(positions: np.ndarray, speed: np.ndarray, after_s: float) -> JointTrajectoryPoint:
    since = messages.to_stamp(after_s)
    return JointTrajectoryPoint(
        positions=positions.tolist(), velocities=speed.tolist(),
        time_from_start=Duration(sec=since.sec, nanosec=since.nanosec))
