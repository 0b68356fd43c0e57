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

"""Where the joints are: from several messages, in our order, as old as the oldest."""

import math
import threading

from graph import Probe, wait_for
import numpy as np
import pytest
from rclpy.node import Node
from sensor_msgs.msg import JointState

from jepa_ros.ros import qos
from jepa_ros.ros.joint_watch import JointWatch
from jepa_ros.ros.messages import to_stamp
from jepa_ros.ros.process import steady_s


@pytest.fixture
def watch(probe: Probe) -> JointWatch:
    """Hold a watch of two joints on the probe's node."""
    watch = JointWatch(probe.node)
    watch.watch(('wrist', 'shoulder'), (heard := threading.Event()).set)
    watch.heard = heard
    yield watch
    watch.watch(())


@pytest.fixture
def say(probe: Probe, watch: JointWatch):
    """Hold what publishes joint states until they were heard."""
    states = probe.publisher(JointState, 'joint_states', qos.RELIABLE)
    wait_for(states.get_subscription_count, 'the watch')

    def say(age_s: float | None = 0.0, **positions: float) -> None:
        message = JointState(name=list(positions), position=list(positions.values()))
        if age_s is not None:
            now_s = probe.node.get_clock().now().nanoseconds * 1e-9
            message.header.stamp = to_stamp(now_s - age_s)
        watch.heard.clear()
        states.publish(message)
        assert watch.heard.wait(30.0)

    return say


def test_joints_come_in_several_messages_and_leave_in_our_order(watch, say):
    """None before each has come; strangers do not count."""
    say(shoulder=1.0, finger=9.0)
    assert watch.newest() is None
    say(wrist=2.0)
    np.testing.assert_array_equal(watch.newest()[0], [2.0, 1.0])
    np.testing.assert_array_equal(watch.within(30.0), [2.0, 1.0])


def test_they_are_as_old_as_the_oldest_by_its_stamp(watch, say):
    """A stamp of zero, or ahead, counts from when it came."""
    say(5.0, shoulder=1.0)
    say(wrist=2.0)
    assert 4.9 < steady_s() - watch.newest()[1] < 40.0
    assert watch.within(4.9) is None
    say(None, shoulder=1.0)
    say(-9.0, wrist=2.0)
    assert steady_s() - watch.newest()[1] >= 0.0
    assert watch.within(30.0) is not None


def test_what_is_no_number_is_not_heard(watch, say):
    """The position before it stands, and grows old."""
    say(5.0, shoulder=1.0, wrist=2.0)
    say(shoulder=math.nan)
    np.testing.assert_array_equal(watch.newest()[0], [2.0, 1.0])
    assert watch.within(4.9) is None


def test_other_joints_begin_at_nothing_and_none_leave_the_topic(probe, watch, say):
    """What is not wanted is not subscribed to."""
    say(shoulder=1.0, wrist=2.0)
    watch.watch(('shoulder',))
    assert watch.newest() is None
    node: Node = probe.node
    watch.watch(())
    assert watch.within(30.0) is None
    wait_for(lambda: node.count_subscribers('joint_states') == 0, 'no subscription')
