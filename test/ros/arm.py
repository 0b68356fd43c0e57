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
The other end of a trajectory: what joint_trajectory_controller would say and do.

``why_refused`` are the rules that its documentation and its own checks name for the topic
interface, with the parameters as they are by default in Jazzy and Kilted.  ``Arm`` executes what
is accepted, between points as the controller's splines do, and tells of its joints.  A trajectory
is judged by the time at which it was sent: a test's own process may be late to hear it.
"""

from collections.abc import Sequence

from graph import Probe
import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_seconds

UPDATE_S = 0.02
_FLOAT32_EPS = float(np.finfo(np.float32).eps)


def why_refused(message: JointTrajectory, joints: Sequence[str], now_s: float,
                partial: bool = False, nonzero_end: bool = False) -> str:
    """Return why a controller of some joints would refuse a trajectory, '' where it takes it."""
    names, points = message.joint_names, message.points
    if not partial and len(names) != len(joints):
        return f'{len(names)} joints for a controller of {len(joints)}'
    if not names:
        return 'no joint names'
    if not points:
        return 'no points'
    strange = [name for name in names if name not in joints]
    if strange:
        return f'{strange} are no joints of the controller'
    if not nonzero_end and any(abs(v) > _FLOAT32_EPS for v in points[-1].velocities):
        return f'the last velocities are {list(points[-1].velocities)}'
    start_s = to_seconds(message.header.stamp)
    # a stamp of zero is "now"
    if start_s != 0.0 and start_s + to_seconds(points[-1].time_from_start) < now_s:
        return f'it ended {now_s - start_s - to_seconds(points[-1].time_from_start):.3f} s ago'
    before_s = -1.0
    for i, point in enumerate(points):
        after_s = to_seconds(point.time_from_start)
        if i and after_s <= before_s:
            return f'point {i} comes {after_s:.3f} s after the start, that before {before_s:.3f}'
        before_s = after_s
        # without positions nothing is known of the joints: velocities alone are not added up
        if len(point.positions) != len(names):
            return f'point {i} has {len(point.positions)} positions for {len(names)} joints'
        for field in ('velocities', 'accelerations'):
            if len(getattr(point, field)) not in (0, len(names)):
                return f'point {i} has {len(getattr(point, field))} {field}'
        if point.effort:
            return f'point {i} has effort'
    return ''


class Arm:
    """Joints that go where the accepted trajectories say, at ``UPDATE_S``."""

    def __init__(self, probe: Probe, joints: Sequence[str], start: Sequence[float],
                 topic: str = 'joint_trajectory') -> None:
        self.joints = tuple(joints)
        self.positions = np.array(start, np.float64)
        self.speeds = np.zeros(len(start))
        self.heard: list[JointTrajectory] = []
        self.refused: list[str] = []
        self.trace: list[tuple[float, np.ndarray, np.ndarray]] = []
        self.speaking = True
        self._node = probe.node
        self._knots: list[tuple[float, np.ndarray, np.ndarray]] = []
        self._states = probe.publisher(JointState, 'joint_states', qos.SENSOR)
        probe.node.create_subscription(JointTrajectory, topic, self._hear, 10)
        probe.every(UPDATE_S, self._update)

    def speak(self, speaking: bool) -> None:
        """Begin or stop telling of the joints."""
        self.speaking = speaking

    def now_s(self) -> float:
        """Return the time of stamps."""
        return self._node.get_clock().now().nanoseconds * 1e-9

    def _hear(self, message: JointTrajectory, info: dict) -> None:
        now_s = self.now_s()
        self.heard.append(message)
        why = why_refused(message, self.joints, info['source_timestamp'] * 1e-9)
        if why:
            self.refused.append(why)
        if why or why_refused(message, self.joints, now_s):
            return
        order = [list(message.joint_names).index(name) for name in self.joints]
        start_s = to_seconds(message.header.stamp) or now_s
        # it replaces what was in force, and begins from where that has led
        self._knots = [(now_s, self.positions.copy(), self.speeds.copy())]
        for point in message.points:
            at_s = start_s + to_seconds(point.time_from_start)
            if at_s > now_s:
                self._knots.append((at_s, np.array(point.positions)[order],
                                    np.array(point.velocities)[order]))

    def _update(self) -> None:
        now_s = self.now_s()
        self._move(now_s)
        self.trace.append((now_s, self.positions.copy(), self.speeds.copy()))
        if self.speaking:
            state = JointState(name=list(self.joints), position=self.positions.tolist())
            state.header.stamp = self._node.get_clock().now().to_msg()
            self._states.publish(state)

    def _move(self, now_s: float) -> None:
        if not self._knots:
            return
        if now_s >= self._knots[-1][0]:
            self.positions = self._knots[-1][1].copy()      # the last point is held
            self.speeds = np.zeros(len(self.joints))
            return
        for (t0, p0, v0), (t1, p1, v1) in zip(self._knots, self._knots[1:], strict=False):
            if t0 <= now_s < t1:
                span = t1 - t0
                s = (now_s - t0) / span
                self.positions = (p0 * (1 + 2 * s) * (1 - s)**2 + v0 * span * s * (1 - s)**2
                                  + p1 * s**2 * (3 - 2 * s) + v1 * span * s**2 * (s - 1))
                self.speeds = (6 * s * (1 - s) * (p1 - p0) / span
                               + v0 * (1 - s) * (1 - 3 * s) + v1 * s * (3 * s - 2))
                return

    def at_rest(self, seconds: float = 0.2) -> bool:
        """Tell whether the joints have not moved for so long."""
        now_s = self.now_s()
        if not self.trace or now_s - self.trace[0][0] < seconds:
            return False
        late = [positions for at_s, positions, _ in list(self.trace) if at_s > now_s - seconds]
        return bool(late) and bool(np.ptp(late, axis=0).max() < 1e-9)
