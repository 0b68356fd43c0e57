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
Nav2's nodes of the chain as their documentation and source have them, for where Nav2 is not.

What they do with times is exact: velocity_smoother takes a command's stamp for its time and sends
zero after ``velocity_timeout``, then nothing; collision_monitor has no timer, stops where a source
is older than its timeout or where points are in a zone, and is silent after ``stop_pub_timeout``.
What they do with geometry is as little as a test needs: a scan in the base's own frame.
"""

import sys

from nav2_manager import LifecycleManager
from nav2_server import Server
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import LaserScan
import yaml

from jepa_ros.ros import signals
from jepa_ros.ros.messages import to_seconds


class VelocitySmoother(Server):
    """Commands at a rate of its own, within acceleration; zero once they are too old."""

    def __init__(self) -> None:
        super().__init__('velocity_smoother', {
            'smoothing_frequency': 20.0, 'velocity_timeout': 1.0, 'feedback': 'OPEN_LOOP',
            'max_velocity': [0.5, 0.0, 2.5], 'min_velocity': [-0.5, 0.0, -2.5],
            'max_accel': [2.5, 0.0, 3.2], 'max_decel': [-2.5, 0.0, -3.2]})
        self._command: np.ndarray | None = None
        self._stamp_s = self._command_s = 0.0
        self._last, self._stopped = np.zeros(3), False

    def on_configure(self, state: object) -> TransitionCallbackReturn:
        """Connect, and smooth at the frequency."""
        self.connect('cmd_vel', 'cmd_vel_smoothed')
        self.create_timer(1.0 / self.value('smoothing_frequency'), self._smooth)
        return super().on_configure(state)

    def take(self, numbers: np.ndarray, stamp_s: float) -> None:
        """Take the newest; its time is its stamp, or now where that is zero."""
        self._command, self._stamp_s = numbers, stamp_s
        self._command_s = stamp_s or self.now_s()

    def _smooth(self) -> None:
        if self._command is None or not self.active:
            return
        stamp_s = self._stamp_s
        if self.now_s() - self._command_s > self.value('velocity_timeout'):
            if self._stopped or not self._last.any():
                self._stopped = True
                return
            self._command, self._stamp_s = np.zeros(3), self.now_s()
        self._stopped = False
        low, high = self.value('min_velocity'), self.value('max_velocity')
        wanted = np.clip(self._command, low, high)
        grows = (np.abs(wanted) >= np.abs(self._last)) & (wanted * self._last >= 0.0)
        step = np.where(grows, self.value('max_accel'), np.negative(self.value('max_decel')))
        step = step / self.value('smoothing_frequency')
        self._last = self._last + np.clip(wanted - self._last, -step, step)
        self.say(self._last, stamp_s)


class CollisionMonitor(Server):
    """Commands as they come, or zero, or slower, by what a scan shows in its zones."""

    def __init__(self) -> None:
        super().__init__('collision_monitor', {
            'cmd_vel_in_topic': 'cmd_vel_smoothed', 'cmd_vel_out_topic': 'cmd_vel',
            'source_timeout': 2.0, 'stop_pub_timeout': 1.0})
        for key in ('polygons', 'observation_sources'):
            self.declare_parameter(key, Parameter.Type.STRING_ARRAY)
        self._scan: LaserScan | None = None
        self._before, self._stopped_s = np.full(3, -1.0), 0.0

    def on_configure(self, state: object) -> TransitionCallbackReturn:
        """Read the zones; connect."""
        (source,) = self.value('observation_sources')
        self.declare_parameter(f'{source}.topic', 'scan')
        self._zones = []
        for name in self.value('polygons'):
            fields = {}
            for key, default in (('type', ''), ('points', ''), ('action_type', ''),
                                 ('min_points', 4), ('slowdown_ratio', 0.5)):
                self.declare_parameter(f'{name}.{key}', default)
                fields[key] = self.value(f'{name}.{key}')
            fields['points'] = np.array(yaml.safe_load(fields['points']))
            self._zones.append(fields)
        self.create_subscription(LaserScan, self.value(f'{source}.topic'), self._see,
                                 qos_profile_sensor_data)
        self.connect(self.value('cmd_vel_in_topic'), self.value('cmd_vel_out_topic'))
        return super().on_configure(state)

    def _see(self, message: LaserScan) -> None:
        self._scan = message

    def take(self, numbers: np.ndarray, stamp_s: float) -> None:
        """Pass a command on, changed by what is near."""
        if not self.active:
            return
        asked = self._judge(numbers)
        now_s = self.now_s()
        if not asked.any():
            if self._before.any():
                self._stopped_s = now_s
            elif now_s - self._stopped_s > self.value('stop_pub_timeout'):
                return
        self.say(asked, stamp_s)
        self._before = asked

    def _judge(self, numbers: np.ndarray) -> np.ndarray:
        if self._scan is None or (abs(self.now_s() - to_seconds(self._scan.header.stamp))
                                  > self.value('source_timeout')):
            return np.zeros(3)
        ranges = np.array(self._scan.ranges)
        angles = self._scan.angle_min + np.arange(len(ranges)) * self._scan.angle_increment
        points = np.stack([ranges * np.cos(angles), ranges * np.sin(angles)], axis=1)
        ratio = 1.0
        for zone in self._zones:
            if inside(points, zone['points']) >= zone['min_points']:
                ratio = min(ratio, 0.0 if zone['action_type'] == 'stop'
                            else zone['slowdown_ratio'])
        return numbers * ratio


def inside(points: np.ndarray, corners: np.ndarray) -> int:
    """Return how many points (N, 2) a polygon (M, 2) has inside."""
    x, y = points[:, :1], points[:, 1:]
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, axis=0).T
    with np.errstate(divide='ignore', invalid='ignore'):
        crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return int((crosses.sum(axis=1) % 2).sum())


def main() -> None:
    """Run the stand-in that the last argument names."""
    made = {'velocity_smoother': VelocitySmoother, 'collision_monitor': CollisionMonitor,
            'lifecycle_manager': LifecycleManager}[sys.argv.pop()]
    asked_to_stop = signals.hear()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node, executor = made(), SingleThreadedExecutor()
    executor.add_node(node)
    if made is LifecycleManager:
        node.bring_up(executor)
    while not asked_to_stop.is_set():
        executor.spin_once(timeout_sec=0.1)
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
