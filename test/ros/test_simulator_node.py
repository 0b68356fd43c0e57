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

"""The simulator over real DDS: it sees, keeps time, drives, stops, resets, ends cleanly."""

import signal

from geometry_msgs.msg import Twist, TwistStamped
from graph import process, wait_for
from nav_msgs.msg import Odometry
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from jepa_ros.ros import qos
from jepa_ros.ros.convert import to_rgb
from jepa_ros.ros.messages import to_seconds

pytest.importorskip('mujoco')

SIMULATOR = 'jepa_ros.ros.simulator_node'
START = ('-p', 'random_start:=false', '-p', 'start_x_m:=0.0', '-p', 'start_y_m:=0.0',
         '-p', 'start_yaw_rad:=0.0', '-p', 'seed:=4')


def x_of(odometry: list[Odometry]) -> float:
    """Return the newest x in metres."""
    return odometry[-1].pose.pose.position.x


def test_it_drives_sees_and_resets(probe):
    """One life of the simulator."""
    odometry = probe.listen(Odometry, 'odom')
    clock = probe.listen(Clock, '/clock', qos.SENSOR)
    images = probe.listen(Image, 'camera/image_raw', qos.SENSOR)
    infos = probe.listen(CameraInfo, 'camera/camera_info', qos.SENSOR)
    front = probe.listen(Image, 'front_camera/image_raw', qos.SENSOR)
    command = probe.publisher(Twist, 'cmd_vel', qos.COMMAND)
    with process(SIMULATOR, *START) as simulator:
        wait_for(lambda: len(images) >= 3 and infos and front and odometry, 'frames')
        assert abs(x_of(odometry)) < 0.01

        picture = to_rgb(images[-1])
        assert picture.shape == (480, 640, 3)
        assert picture.std() > 10
        assert not np.array_equal(to_rgb(front[-1]), picture)
        info = infos[-1]
        assert (info.width, info.height, info.k[2], info.k[5]) == (640, 480, 320.0, 240.0)
        assert info.k[0] == info.p[0] > 0

        stamps = [to_seconds(m.header.stamp) for m in images]
        wait_for(lambda: to_seconds(clock[-1].clock) > stamps[-1], 'time goes on')
        # a frame every 80 ms of simulated time; best effort may lose some, never add one
        assert np.diff(stamps).min() > 0.079

        forward = Twist()
        forward.linear.x = 0.4
        timer = probe.every(0.05, lambda: command.publish(forward))
        wait_for(lambda: x_of(odometry) > 0.15, 'the robot drives')
        timer.cancel()
        wait_for(lambda: abs(odometry[-1].twist.twist.linear.x) < 0.01,
                 'the wheels stop when commands stop')

        before = to_seconds(clock[-1].clock)
        assert probe.call(Trigger, 'simulator_node/reset', Trigger.Request()).success
        wait_for(lambda: abs(x_of(odometry)) < 0.01, 'the robot is back at its start')
        wait_for(lambda: to_seconds(clock[-1].clock) > before, 'time does not go back')

        refused = probe.call(
            SetParameters, 'simulator_node/set_parameters', SetParameters.Request(parameters=[
                Parameter(name='stamped', value=ParameterValue(type=1, bool_value=True))]))
        assert not refused.results[0].successful
        assert 'stamped' in refused.results[0].reason

        assert simulator.end() == 0, simulator.output
    assert 'Traceback' not in simulator.output


def test_stamped_commands_and_sigterm(probe):
    """The other command type; without the front camera; SIGTERM ends it as cleanly."""
    odometry = probe.listen(Odometry, 'odom')
    command = probe.publisher(TwistStamped, 'cmd_vel', qos.COMMAND)
    with process(SIMULATOR, *START, '-p', 'stamped:=true', '-p', 'front_camera:=false'
                 ) as simulator:
        wait_for(lambda: odometry, 'odometry')
        turn = TwistStamped()
        turn.twist.angular.z = 1.0
        timer = probe.every(0.05, lambda: command.publish(turn))
        wait_for(lambda: odometry[-1].pose.pose.orientation.z > 0.1, 'the robot turns left')
        timer.cancel()
        topics = {name for name, _ in probe.node.get_topic_names_and_types()}
        assert '/camera/image_raw' in topics
        assert not any(name.startswith('/front_camera') for name in topics)
        assert simulator.end(signal.SIGTERM) == 0, simulator.output
    assert 'Traceback' not in simulator.output


def test_both_cameras_in_another_size_and_encoding(probe):
    images = probe.listen(Image, 'camera/image_raw', qos.SENSOR)
    infos = probe.listen(CameraInfo, 'camera/camera_info', qos.SENSOR)
    front = probe.listen(Image, 'front_camera/image_raw', qos.SENSOR)
    with process(SIMULATOR, *START, '-p', 'image_width_px:=160', '-p', 'image_height_px:=90',
                 '-p', 'encoding:=bgra8') as simulator:
        wait_for(lambda: images and infos and front, 'frames')
        for image in (images[-1], front[-1]):
            assert (image.width, image.height, image.encoding) == (160, 90, 'bgra8')
            assert (image.step, len(image.data)) == (640, 57600)
            assert to_rgb(image).std() > 10
        assert (infos[-1].width, infos[-1].height, infos[-1].k[5]) == (160, 90, 45.0)
        assert simulator.end() == 0, simulator.output


def test_an_encoding_that_there_is_not_ends_it_with_a_reason():
    with process(SIMULATOR, '-p', 'encoding:=yuv') as simulator:
        assert simulator.wait() == 1
    assert "encoding is 'yuv', must be one of rgb8, bgr8, rgba8, bgra8, mono8" in simulator.output


def test_a_wrong_start_value_ends_it_with_a_reason():
    """No traceback, but the parameter's name and an exit code."""
    with process(SIMULATOR, '-p', 'camera_rate_hz:=-3.0') as simulator:
        assert simulator.wait() == 1
    assert 'camera_rate_hz' in simulator.output
    assert 'Traceback' not in simulator.output
