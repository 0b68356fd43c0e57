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
Drive the simulated robot as data collection does: half at random, half from place to place.

In simulation it stands for the person with the joystick.  It is told the pose and knows the
layout; the planner that is trained on its drives never is.  It sees no obstacle: a robot that is
real it must never move, so it wants simulated time, and somebody who publishes it.
"""

from collections.abc import Callable
import math
import sys

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node

from jepa_ros.ros import params, qos
from jepa_ros.ros.messages import to_command_message, to_seconds, to_stamp
from jepa_ros.ros.process import run, STEADY, steady_s
from jepa_ros.sim.drivers import GoalDriver, MixedDriver, RandomDriver
from jepa_ros.sim.world import Pose, World

TABLE = (
    params.Entry('seed', 0, 'count', "the simulator's seed: the layout, and what is driven",
                 0, 2**31 - 1),
    params.Entry('driver', 'mixed', 'name', 'random: arcs and spins; goal: from place to place; '
                 'mixed: one and the other'),
    params.Entry('rate_hz', 10.0, 'Hz', 'commands in a simulated second', 1.0, 50.0),
    params.Entry('stamped', False, 'bool', 'cmd_vel is a TwistStamped'),
)
DRIVERS = ('mixed', 'random', 'goal')
# odometry comes each 20 ms of simulated time: rounding must not let a command slip by one
_SLACK_S = 0.01
# real seconds: without odometry for so long the robot is told to stand, for so long, so often
_SILENT_S, _STAND_S, _LOOK_S = 1.0, 2.0, 0.2
_LAST_WORD_S = 0.2

Driver = Callable[[Pose], np.ndarray]


def make_driver(name: str, seed: int) -> Driver:
    """Return what gives a command (2,) for a pose; ValueError where there is no such driver."""
    if name not in DRIVERS:
        raise ValueError(f'driver is {name!r}, must be one of {", ".join(DRIVERS)}')
    rng = np.random.default_rng(seed)
    world = World(seed=seed)
    if name == 'random':
        return RandomDriver(rng)
    return GoalDriver(rng, world.floor) if name == 'goal' else MixedDriver(rng, world)


def pose_of(message: Odometry) -> Pose:
    """Return where the robot stands on the floor."""
    at, turned = message.pose.pose.position, message.pose.pose.orientation
    return Pose(at.x, at.y, 2.0 * math.atan2(turned.z, turned.w))


class DriverNode(Node):
    """
    Answer odometry with a command each period of simulated time; zero when it goes.

    ValueError without use_sim_time.  It waits, and moves nothing, until /clock has a publisher.
    """

    def __init__(self) -> None:
        super().__init__('driver_node')
        if not self.get_parameter('use_sim_time').value:
            raise ValueError('use_sim_time is false, must be true: this node drives the simulated '
                             'robot only, and without a look')
        params.declare(self, TABLE)
        params.guard(self, TABLE, lambda _: None, lambda: [entry.name for entry in TABLE])
        values = params.values(self, TABLE)
        self._drive = make_driver(values['driver'], values['seed'])
        self._period_s, self._stamped = 1.0 / values['rate_hz'], values['stamped']
        self._now_s = -math.inf
        self._due_s = -math.inf
        self._heard_s: float | None = None      # when odometry was answered last, steady
        self._commands = self.create_publisher(
            TwistStamped if self._stamped else Twist, 'cmd_vel', qos.COMMAND)
        self.create_subscription(Odometry, 'odom', self._on_odometry, qos.SENSOR)
        self.create_timer(_LOOK_S, self._look, clock=STEADY)

    def _on_odometry(self, message: Odometry) -> None:
        if not self.count_publishers('/clock'):
            self.get_logger().warning('waiting: nobody publishes /clock, so this robot may be '
                                      'real; nothing is moved', throttle_duration_sec=5.0)
            return
        self._heard_s = steady_s()
        now_s = to_seconds(message.header.stamp)
        if now_s < self._now_s:         # the simulator was started again
            self._due_s = now_s
        self._now_s = now_s
        if now_s < self._due_s - _SLACK_S:
            return
        # late or the first: the next is a period from here
        behind = now_s - self._due_s > self._period_s
        self._due_s = (now_s if behind else self._due_s) + self._period_s
        self._publish(self._drive(pose_of(message)))

    def _look(self) -> None:
        """Let the robot stand where its odometry, or the clock, has ended."""
        if self._heard_s is not None and (
                _SILENT_S <= steady_s() - self._heard_s < _SILENT_S + _STAND_S):
            self._publish(np.zeros(2))

    def _publish(self, command: np.ndarray) -> None:
        self._commands.publish(to_command_message(
            command, to_stamp(max(0.0, self._now_s)), 'base_link', self._stamped))

    def close(self) -> None:
        """Let the robot stand, where it was moved."""
        if self._heard_s is not None:
            self._publish(np.zeros(2))
            self._commands.wait_for_all_acked(Duration(seconds=_LAST_WORD_S))


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(DriverNode)


if __name__ == '__main__':
    sys.exit(main())
