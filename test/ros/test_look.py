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

"""``jepa doctor`` over real DDS: the camera, the commands, the clock, as they are."""

import contextlib
import time

import cv2
from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.cli.doctor_ask import Questions
from jepa_ros.cli.doctor_graph import ask_graph, graph_rows
from jepa_ros.cli.doctor_row import FAIL, OK, SKIP
from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_stamp
from jepa_ros.ros.sight import Wanted

SECONDS = 3.0
COMMANDS = ('cmd_vel_nav', 'cmd_vel')


def look(image: str = '', commands: tuple[str, ...] = COMMANDS):
    """Return the rows of the graph as it is now, by check."""
    wanted = Wanted(image, commands, SECONDS)
    with Questions() as questions:
        ask_graph(questions, wanted)
        rows = graph_rows(questions, wanted)
    return {row.check: row for row in rows}


@pytest.fixture
def elsewhere(ros):
    """Hold a context that is to the graph what another process is."""
    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def others(elsewhere):
    """Hold what makes nodes of other names."""
    with contextlib.ExitStack() as stack:
        def make(name: str, **arguments) -> Node:
            node = Node(name, **arguments)
            stack.callback(node.destroy_node)
            return node
        yield make


def picture(stamp_s: float, encoding: str = 'bgr8') -> Image:
    message = Image(height=48, width=64, encoding=encoding, step=192, data=bytes(48 * 192))
    message.header.stamp = to_stamp(stamp_s)
    return message


def test_a_camera_a_planner_and_a_rogue(probe, others):
    """The camera is found without its name; two publishers behind the gate are a fault."""
    camera = probe.publisher(Image, '/ceiling/image_raw', qos.CAMERA)
    probe.publisher(Image, '/goal_image', qos.RELIABLE)
    said_s: list[float] = []

    def say():
        said_s.append(time.monotonic())
        camera.publish(picture(time.time()))

    timer = probe.every(0.05, say)
    planner = others('planner')
    planner.create_publisher(Twist, 'cmd_vel_nav', qos.COMMAND)
    gate = others('gate')
    gate.create_subscription(Twist, 'cmd_vel_nav', print, qos.COMMAND)
    gate.create_publisher(Twist, 'cmd_vel', qos.COMMAND)
    others('teleop', namespace='/desk').create_publisher(Twist, '/cmd_vel', qos.COMMAND)
    for _ in range(3):
        began_s = time.monotonic()
        found = look()
        in_between = [at_s for at_s in said_s if at_s > began_s]
        # else this machine stood still for a moment: the rate is that of another time
        if max(np.diff(in_between)) < 0.3 and found['image'].status != FAIL:
            break
    timer.cancel()
    rate_hz = (len(in_between) - 1) / (in_between[-1] - in_between[0])
    assert found['image'].status != FAIL, found['image']
    name, size, encoding, rate, *_ = found['image'].found.replace(',', '').split()
    assert (name, size, encoding) == ('/ceiling/image_raw:', '64x48', 'bgr8')
    assert float(rate) == pytest.approx(rate_hz, rel=0.5)
    assert found['frame age'].status == OK, found['frame age']
    assert found['commands /cmd_vel_nav'].status == OK
    assert '/planner to /gate, Twist' in found['commands /cmd_vel_nav'].found
    rogue = found['commands /cmd_vel']
    assert rogue.status == FAIL
    assert '/cmd_vel has 2 publishers, limit 1: /desk/teleop, /gate' in rogue.found
    assert 'stop all but one' in rogue.mend
    assert found['goal'].status == OK
    assert found['clock'].status == OK
    assert found['rmw'].status == OK
    assert 'rmw_' in found['rmw'].found


def test_what_does_not_meet(probe, others, elsewhere):
    """Compressed only and long ago; best effort to reliable; Twist to TwistStamped; no clock."""
    camera = probe.publisher(CompressedImage, '/eye/compressed', qos.CAMERA)
    jpeg = cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    old = CompressedImage(format='jpeg', data=jpeg)
    timer = probe.every(0.05, lambda: camera.publish(old))
    node = others('planner', parameter_overrides=[Parameter('use_sim_time', value=True)])
    node.create_publisher(Twist, 'cmd_vel_nav', qos.SENSOR)
    node.create_publisher(Twist, 'cmd_vel', qos.COMMAND)
    # of another process, since one cannot have two types of a topic
    wheels = others('wheels', context=elsewhere)
    wheels.create_subscription(Twist, 'cmd_vel_nav', print, qos.COMMAND)
    wheels.create_subscription(TwistStamped, 'cmd_vel', print, qos.COMMAND)
    # it answers what it is asked, as a node that is not spun does not
    probe._executor.add_node(node)
    try:
        found = look('/eye')
    finally:
        timer.cancel()
        probe._executor.remove_node(node)
    assert '/eye/compressed: 64x48 jpeg' in found['image'].found
    assert 'compressed only' in found['image'].found
    assert found['frame age'].status == FAIL
    assert 'stamps are' in found['frame age'].found
    nav = found['commands /cmd_vel_nav']
    assert nav.status == FAIL
    assert '/planner is not heard by /wheels' in nav.found
    assert 'reliability' in nav.mend
    twist = found['commands /cmd_vel']
    assert twist.status == FAIL
    assert 'geometry_msgs/msg/Twist and geometry_msgs/msg/TwistStamped' in twist.found
    clock = found['clock']
    assert clock.status == FAIL
    assert 'use_sim_time is true for /planner, and no /clock ticks' in clock.found
    assert found['goal'].status == SKIP


def test_a_silent_camera_and_a_clock_that_nobody_follows(probe, others):
    probe.publisher(Image, '/silent', qos.CAMERA)
    clock = probe.publisher(Clock, '/clock', qos.SENSOR)
    node = others('follower')
    timer = probe.every(0.05, lambda: clock.publish(Clock(clock=to_stamp(12.0))))
    probe._executor.add_node(node)
    try:
        found = look('/silent')
    finally:
        timer.cancel()
        probe._executor.remove_node(node)
    assert found['image'].status == FAIL
    assert '/silent: /probe publishes, and nothing comes' in found['image'].found
    assert found['image'].mend == 'ros2 topic hz /silent'
    assert found['clock'].status == FAIL
    assert 'from /probe, and /follower do not follow it' in found['clock'].found


def test_a_depth_camera_is_none(probe):
    camera = probe.publisher(Image, '/depth', qos.CAMERA)
    timer = probe.every(0.05, lambda: camera.publish(picture(time.time(), '16UC1')))
    found = look('/depth', ('a', 'b'))
    timer.cancel()
    assert found['image'].status == FAIL
    assert "encoding '16UC1' is not one of rgb8" in found['image'].found
    assert found['commands /a'].status == SKIP
