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
Whether our nodes and a bridge meet: types that exist, topics after remaps, directions, QoS.

What a bridge does is told by its entries, so that this needs neither the bridge nor Gazebo.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
import importlib
from typing import Protocol

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.qos import (
    HistoryPolicy,
    qos_check_compatible,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from jepa_ros.ros import qos

# how rclpy listens to simulated time
CLOCK = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class Entry(Protocol):
    """One topic that a bridge carries; queues are counted in messages."""

    @property
    def ros_topic(self) -> str:
        """Return the topic's name in ROS."""

    @property
    def ros_type(self) -> str:
        """Return its type, as in sensor_msgs/msg/Image."""

    @property
    def to_ros(self) -> bool:
        """Tell whether the bridge publishes it in ROS."""

    @property
    def to_gz(self) -> bool:
        """Tell whether the bridge listens to it in ROS."""

    @property
    def publisher_queue(self) -> int:
        """Return how many messages a publisher keeps."""

    @property
    def subscriber_queue(self) -> int:
        """Return how many messages a subscriber keeps."""


@dataclass(frozen=True)
class NodeTopic:
    """A topic of one of our nodes, after remaps: its type, its side and how it is delivered."""

    node: str
    topic: str
    kind: str
    publishes: bool
    profile: QoSProfile


def node_topics(image: str, cmd_vel: str = 'cmd_vel', odom: str = 'odom',
                stamped: bool = False) -> list[NodeTopic]:
    """Return the topics on which planner and gate meet a robot, with the names they are given."""
    command = TwistStamped if stamped else Twist
    return [NodeTopic(node, topic, type_name(kind), publishes, profile)
            for node, topic, kind, publishes, profile in (
                ('planner_node', image, Image, False, qos.SENSOR),
                ('planner_node', odom, Odometry, False, qos.FELT),
                ('command_gate', cmd_vel, command, True, qos.COMMAND),
                ('planner_node', '/clock', Clock, False, CLOCK))]


def type_name(kind: type) -> str:
    """Return the name of a message's class: sensor_msgs/msg/Image."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


def missing_types(entries: Sequence[Entry], published: Collection[str]) -> list[str]:
    """
    Return the types of a bridge that ROS does not have.

    A package that is not installed here proves nothing where ``published`` names the type.
    """
    return [fault for name in dict.fromkeys(entry.ros_type for entry in entries)
            for fault in _type_faults(name, published)]


def _type_faults(name: str, published: Collection[str]) -> Iterator[str]:
    package, _, kind = name.partition('/msg/')
    if not package.isidentifier() or not kind.isidentifier():
        yield f'ROS type {name!r} is not written as package/msg/Name'
        return
    try:
        messages = importlib.import_module(f'{package}.msg')
    except ImportError:
        if name not in published:
            yield f'ROS type {name} does not exist: there is no package {package}'
        return
    if not hasattr(messages, kind):
        yield f'ROS type {name} does not exist: {package} has no message {kind}'


def check_meeting(wanted: Sequence[NodeTopic], entries: Sequence[Entry]) -> list[str]:
    """Return the topics of our nodes that a bridge does not carry as they need it."""
    faults = []
    for want in wanted:
        where = f'{want.topic} of {want.node}'
        there = [entry for entry in entries if _same(entry.ros_topic, want.topic)]
        if not there:
            faults.append(f'{where} is not bridged')
        for entry in there:
            if entry.ros_type != want.kind:
                faults.append(f'{where} is {want.kind}, bridged as {entry.ros_type}')
            if want.publishes and entry.to_ros:
                faults.append(f'{where} has two producers: {want.node} and the bridge')
            if not (entry.to_gz if want.publishes else entry.to_ros):
                faults.append(f'{where} is bridged the wrong way: the node '
                              f'{"publishes" if want.publishes else "listens to"} it')
            offered = _reliable(entry.subscriber_queue if want.publishes
                                else entry.publisher_queue)
            sides = (want.profile, offered) if want.publishes else (offered, want.profile)
            met, reason = qos_check_compatible(*sides)
            if met == QoSCompatibility.ERROR:
                faults.append(f'{where} and the bridge do not meet: {reason.strip()}')
    return faults


def _reliable(depth: int) -> QoSProfile:
    """Return how a bridge delivers and listens, unless its parameter qos_overrides differs."""
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth,
                      reliability=ReliabilityPolicy.RELIABLE)


def _same(one: str, other: str) -> bool:
    return one.lstrip('/') == other.lstrip('/')
