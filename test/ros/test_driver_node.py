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

"""The driver over real DDS: commands in simulated time, for the layout of its seed."""

import math

from geometry_msgs.msg import Twist, TwistStamped
from graph import process, wait_for
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rosgraph_msgs.msg import Clock

from jepa_ros.ros import qos
from jepa_ros.ros.messages import from_twist, to_seconds, to_stamp

pytest.importorskip('mujoco')

from jepa_ros.ros.driver_node import make_driver, pose_of  # noqa: E402, I100
from jepa_ros.sim.drivers import HIGH  # noqa: E402, I100
from jepa_ros.sim.world import Pose  # noqa: E402, I100

DRIVER = 'jepa_ros.ros.driver_node'
SIMULATED = ('-p', 'use_sim_time:=true')
SIMULATOR = 'jepa_ros.ros.simulator_node'
FAST = ('-p', 'real_time_factor:=4.0', '-p', 'seed:=3', '-p', 'front_camera:=false')


def odometry(now_s: float, pose: Pose) -> Odometry:
    """Return where the robot is said to be."""
    message = Odometry()
    message.header.stamp = to_stamp(now_s)
    message.pose.pose.position.x, message.pose.pose.position.y = pose.x, pose.y
    message.pose.pose.orientation.z = math.sin(pose.yaw / 2)
    message.pose.pose.orientation.w = math.cos(pose.yaw / 2)
    return message


def begun(sender, answers) -> bool:
    """Say the same time again until it is answered: /clock may not have been found yet."""
    if not answers():
        sender.publish(odometry(5.0, Pose(0.0, -1.0, 0.0)))
    return bool(answers())


@pytest.mark.parametrize('yaw', [0.0, 0.7, -3.0, math.pi / 2])
def test_the_pose_of_odometry(yaw):
    pose = pose_of(odometry(1.0, Pose(0.5, -1.0, yaw)))
    assert (pose.x, pose.y, pose.yaw) == pytest.approx((0.5, -1.0, yaw))


@pytest.mark.parametrize('name', ['mixed', 'random', 'goal'])
def test_a_seed_gives_its_drive(name):
    poses = [Pose(0.01 * i, -1.0, 0.1 * i) for i in range(30)]
    drives = [np.array([drive(pose) for pose in poses])
              for drive in (make_driver(name, 5), make_driver(name, 5), make_driver(name, 6))]
    np.testing.assert_array_equal(drives[0], drives[1])
    assert not np.array_equal(drives[0], drives[2])
    assert (np.abs(drives[0]) <= HIGH + 1e-6).all()
    assert drives[0].any()


def test_another_driver_is_refused():
    with pytest.raises(ValueError, match="driver is 'reckless', must be one of mixed, random"):
        make_driver('reckless', 0)


def test_it_starts_in_simulated_time_only(ros):
    with process(DRIVER) as driver:
        assert driver.wait() == 1, driver.output
    assert 'use_sim_time is false, must be true' in driver.output


def test_without_a_clock_nothing_is_moved_and_without_odometry_the_robot_stands(probe):
    """A robot that is real has odometry, and nobody who publishes /clock."""
    heard = probe.listen(Twist, 'cmd_vel', qos.RELIABLE)
    sender = probe.publisher(Odometry, 'odom', qos.RELIABLE)
    sent = iter(range(10 ** 6))

    def move_on():
        sender.publish(odometry(5.0 + 0.1 * next(sent), Pose(0.0, -1.0, 0.0)))

    def waiting():
        move_on()
        return 'nobody publishes /clock' in driver.output

    def driven():
        move_on()
        return any(from_twist(message).any() for message in heard)

    with process(DRIVER, *SIMULATED, '-p', 'seed:=2') as driver:
        wait_for(sender.get_subscription_count, 'the driver listens')
        wait_for(waiting, 'it says what it waits for')
        assert not heard
        probe.publisher(Clock, '/clock', qos.SENSOR)
        wait_for(driven, 'a command')
        # more than answers that were on their way: it is told so again and again
        told = len(heard)
        wait_for(lambda: len(heard) >= told + 5 and not any(
            from_twist(message).any() for message in heard[-3:]), 'the robot is told to stand')
        assert driver.end() == 0, driver.output
    assert 'Traceback' not in driver.output


def test_it_answers_each_tenth_of_a_simulated_second_and_ends_with_zero(probe):
    """Started first, as fast as odometry comes; with stamps, which are those of the odometry."""
    heard = probe.listen(TwistStamped, 'cmd_vel', qos.RELIABLE)
    sender = probe.publisher(Odometry, 'odom', qos.RELIABLE)
    probe.publisher(Clock, '/clock', qos.SENSOR)

    def answers():
        """Return commands that move; where this process is held up, others say to stand."""
        return [message for message in heard if from_twist(message).any()]

    with process(DRIVER, *SIMULATED, '-p', 'stamped:=true', '-p', 'seed:=2') as driver:
        wait_for(sender.get_subscription_count, 'the driver listens')
        wait_for(lambda: begun(sender, answers), 'the first answer')
        for step in range(1, 101):         # two seconds, each 20 ms
            sender.publish(odometry(5.0 + 0.02 * step, Pose(0.0, -1.0, 0.0)))
            if step % 5 == 0:
                wait_for(lambda step=step: len(answers()) == step // 5 + 1, 'an answer')
        stamps = [to_seconds(message.header.stamp) for message in answers()]
        np.testing.assert_allclose(stamps, 5.0 + 0.1 * np.arange(21), atol=1e-6)
        drive = make_driver('mixed', 2)
        wanted = [drive(Pose(0.0, -1.0, 0.0)) for _ in stamps]
        np.testing.assert_allclose([from_twist(m) for m in answers()], wanted, atol=1e-6)
        # the simulator was started again: it goes on at once
        sender.publish(odometry(0.02, Pose(0.0, -1.0, 0.0)))
        wait_for(lambda: len(answers()) == 22, 'an answer after a restart')
        assert driver.end() == 0, driver.output
        wait_for(lambda: not from_twist(heard[-1]).any(), 'a last word')
    assert 'Traceback' not in driver.output


def test_it_drives_the_simulated_robot(probe):
    """Started before the simulator; the robot moves, and stands when the driver has gone."""
    told = probe.listen(Odometry, 'odom')
    commands = probe.listen(Twist, 'cmd_vel')
    with (process(DRIVER, *SIMULATED, '-p', 'seed:=3') as driver,
          process(SIMULATOR, *FAST) as simulator):
        wait_for(lambda: told and commands, 'odometry and commands')

        def way():
            first, last = told[0].pose.pose.position, told[-1].pose.pose.position
            return math.dist((first.x, first.y), (last.x, last.y)) > 0.3

        wait_for(way, 'the robot drives')
        assert driver.end() == 0, driver.output
        assert not from_twist(commands[-1]).any()
        wait_for(lambda: abs(told[-1].twist.twist.linear.x) < 0.01, 'the robot stands')
        assert simulator.end() == 0, simulator.output
