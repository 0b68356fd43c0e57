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
"""The odometry that belongs to a frame is the newest that is not after it, and not too old."""

from graph import wait_for
from nav_msgs.msg import Odometry
import numpy as np
import pytest

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_stamp
from jepa_ros.ros.odometry import OdometryWatch
from jepa_ros.types import Proprioception

WANTED = Proprioception(('angular_z', 'linear_x'), ('rad/s', 'm/s'), (1.0, 1.0))


@pytest.fixture
def heard(probe):
    """Return a watch on a node that spins, and what publishes odometry to it."""
    watch = OdometryWatch(probe.node)
    yield watch, probe.publisher(Odometry, 'odom', qos.RELIABLE)
    watch.watch(None)


def say(publisher, stamp_s, speed, turn):
    """Publish one odometry."""
    message = Odometry()
    message.header.stamp = to_stamp(stamp_s)
    message.twist.twist.linear.x, message.twist.twist.angular.z = speed, turn
    publisher.publish(message)


def test_nothing_is_listened_to_that_no_model_wants(heard):
    watch, publisher = heard
    watch.watch(None)
    assert watch.at(1.0, 1.0, 9.0) is None
    watch.watch(WANTED)
    wait_for(lambda: publisher.get_subscription_count() == 1, 'the subscription')
    watch.watch(None)
    wait_for(lambda: publisher.get_subscription_count() == 0, 'the subscription')


def test_the_newest_before_the_frame_counts(heard):
    watch, publisher = heard
    watch.watch(WANTED)
    wait_for(lambda: publisher.get_subscription_count() == 1, 'the subscription')
    for stamp_s, speed in ((10.0, 0.1), (10.1, 0.2), (10.2, 0.3)):
        say(publisher, stamp_s, speed, -speed)
    wait_for(lambda: watch.at(10.2, 10.2, 9.0) is not None, 'the odometry')
    np.testing.assert_allclose(watch.at(10.2, 10.2, 9.0), [-0.3, 0.3], rtol=1e-6)
    np.testing.assert_allclose(watch.at(10.19, 10.2, 9.0), [-0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(watch.at(10.45, 10.5, 9.0), [-0.3, 0.3], rtol=1e-6)
    assert watch.at(9.9, 10.2, 9.0) is None         # nothing was heard before it


def test_odometry_that_stopped_does_not_count(heard):
    watch, publisher = heard
    watch.watch(WANTED)
    wait_for(lambda: publisher.get_subscription_count() == 1, 'the subscription')
    say(publisher, 10.0, 0.1, 0.0)
    wait_for(lambda: watch.at(10.0, 10.0, 9.0) is not None, 'the odometry')
    assert watch.at(19.5, 18.9, 9.0) is None        # 9.5 s before the frame
    assert watch.at(18.0, 19.1, 9.0) is None        # 9.1 s before now
    # simulated time may stand still
    wait_for(lambda: watch.at(10.0, 10.0, 0.3) is None, 'the end of its time')


def test_a_clock_that_goes_back_forgets_what_was_felt(heard):
    watch, publisher = heard
    watch.watch(WANTED)
    wait_for(lambda: publisher.get_subscription_count() == 1, 'the subscription')
    say(publisher, 100.0, 0.5, 0.0)
    wait_for(lambda: watch.at(100.0, 100.0, 9.0) is not None, 'the odometry')
    say(publisher, 1.0, 0.2, 0.0)
    wait_for(lambda: watch.at(1.0, 1.0, 9.0) is not None, 'the odometry')
    assert watch.at(100.0, 100.0, 9.0) is None


def test_what_odometry_does_not_have_is_refused(heard):
    with pytest.raises(ValueError, match="proprioception 'gripper' is not one of linear_x"):
        heard[0].watch(Proprioception(('gripper',), ('m',), (1.0,)))
