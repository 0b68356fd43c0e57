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

"""Our nodes and a bridge: what is said of them is what the live nodes do, and faults are named."""

from dataclasses import dataclass, replace

from graph import process, wait_for
import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from jepa_ros.ros.gz_meeting import (
    check_meeting,
    missing_types,
    node_topics,
    NodeTopic,
    type_name,
)


@dataclass(frozen=True)
class Entry:
    """A topic that a bridge carries."""

    ros_topic: str = 'image'
    ros_type: str = 'sensor_msgs/msg/Image'
    to_ros: bool = True
    to_gz: bool = False
    publisher_queue: int = 1
    subscriber_queue: int = 1


def test_the_live_nodes_have_these_topics(probe, bundle):
    """Types and QoS as DDS tells them; odometry is for models that want it, this one does not."""
    arguments = ('-p', bundle, '-p', 'use_sim_time:=true')
    wanted = [topic for topic in node_topics('image') if topic.topic != 'odom']
    with process('fake_planner', *arguments), process(
            'jepa_ros.ros.command_gate', '-p', 'use_sim_time:=true'):
        for want in wanted:
            ends = (probe.node.get_publishers_info_by_topic if want.publishes
                    else probe.node.get_subscriptions_info_by_topic)

            def there(want=want, ends=ends):
                return [end for end in ends(want.topic) if end.node_name == want.node]

            (end,) = wait_for(there, f'{want.topic} of {want.node}')
            assert end.topic_type == want.kind
            assert end.qos_profile.reliability == want.profile.reliability
            assert end.qos_profile.durability == DurabilityPolicy.VOLATILE


def image(durability=DurabilityPolicy.VOLATILE, publishes=False,
          reliability=ReliabilityPolicy.RELIABLE):
    return NodeTopic('a_node', 'image', type_name(Image), publishes,
                     QoSProfile(depth=1, durability=durability, reliability=reliability))


def test_what_meets_is_no_fault():
    assert check_meeting([image()], [Entry()]) == []
    # a slash at the front makes no other topic of it
    assert check_meeting([image()], [Entry(ros_topic='/image')]) == []
    assert check_meeting([image(publishes=True)], [Entry(to_ros=False, to_gz=True)]) == []


@pytest.mark.parametrize('want, entry, words', [
    (image(), Entry(ros_topic='picture'), 'image of a_node is not bridged'),
    (image(), Entry(ros_type='sensor_msgs/msg/CompressedImage'),
     'bridged as sensor_msgs/msg/CompressedImage'),
    (image(), Entry(to_ros=False, to_gz=True), 'the wrong way: the node listens to it'),
    (image(publishes=True), Entry(), 'image of a_node has two producers'),
    # a bridge keeps nothing for who comes late
    (image(DurabilityPolicy.TRANSIENT_LOCAL), Entry(), 'do not meet'),
    # and it listens reliably
    (image(publishes=True, reliability=ReliabilityPolicy.BEST_EFFORT),
     Entry(to_ros=False, to_gz=True), 'do not meet'),
])
def test_what_does_not_meet_is_named(want, entry, words):
    assert any(words in fault for fault in check_meeting([want], [entry]))


def test_types_are_looked_up_in_what_is_installed():
    good = Entry()
    assert missing_types([good], ()) == []
    assert missing_types([replace(good, ros_type='sensor_msgs/msg/Picture')], ()) == [
        'ROS type sensor_msgs/msg/Picture does not exist: sensor_msgs has no message Picture']
    # of a package that is not here, the published table is what is known
    away = replace(good, ros_type='not_here_msgs/msg/Thing')
    assert missing_types([away], {'not_here_msgs/msg/Thing'}) == []
    assert missing_types([away], ()) == [
        'ROS type not_here_msgs/msg/Thing does not exist: there is no package not_here_msgs']
    assert missing_types([replace(good, ros_type='Image')], ()) == [
        "ROS type 'Image' is not written as package/msg/Name"]
