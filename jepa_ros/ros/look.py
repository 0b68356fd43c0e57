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

"""Look at the ROS graph for a few seconds, as a node that only listens."""

import os
from pathlib import Path
import tempfile

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility
from rclpy.utilities import get_rmw_implementation_identifier

from jepa_ros.ros import qos
from jepa_ros.ros.look_clock import ClockWatch
from jepa_ros.ros.look_frames import FrameWatch
from jepa_ros.ros.process import steady_s
from jepa_ros.ros.sight import End, Sight, Topic, Wanted

NAME = 'jepa_doctor'
_PICTURES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
_GOALS = 'goal_image'
_COMPRESSED = '/compressed'
# other nodes are known by then, so that the camera can be chosen among what is published
_MEET_S = 1.0


def look(wanted: Wanted) -> Sight:
    """Join the graph, look for ``wanted.seconds``, and return what was seen."""
    rclpy.init()
    try:
        secure = _has_security()
        node = Node(NAME, namespace=wanted.namespace or None, start_parameter_services=False,
                    enable_rosout=False)
        return _look(node, wanted, secure)
    finally:
        rclpy.try_shutdown()


def _look(node: Node, wanted: Wanted, secure: bool) -> Sight:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end_s = steady_s() + wanted.seconds
    clock = ClockWatch(node)
    _spin(executor, min(end_s, steady_s() + _MEET_S))
    clock.ask()
    pictures = pictures_of(node)
    image = node.resolve_topic_name(wanted.image) if wanted.image else _camera(node, pictures)
    watches = [FrameWatch(node, name, compressed, clock)
               for name, compressed in _ways(node, image)] if image else []
    _spin(executor, end_s)
    frames = tuple(watch.frames() for watch in watches)
    return Sight(
        rmw=get_rmw_implementation_identifier(), secure=secure,
        nodes=tuple(sorted(full_name(*name) for name in node.get_node_names_and_namespaces()
                           if name[0] != NAME)),
        pictures=tuple(pictures_of(node)), image=_published(node, image), frames=frames,
        topics=tuple(_topic(node, name) for name in (*wanted.commands, _GOALS)),
        clock=clock.clock())


def _spin(executor: SingleThreadedExecutor, until_s: float) -> None:
    while (left_s := until_s - steady_s()) > 0.0:
        executor.spin_once(timeout_sec=min(left_s, 0.1))


def full_name(name: str, namespace: str) -> str:
    """Return a node's name with its namespace."""
    return f'{namespace.rstrip("/")}/{name}'


def pictures_of(node: Node) -> list[str]:
    """Return the topics of pictures that somebody publishes."""
    return [name for name, kinds in node.get_topic_names_and_types()
            if set(kinds) & set(_PICTURES) and node.count_publishers(name)]


def _camera(node: Node, pictures: list[str]) -> str:
    """Return what the planner listens to, else the only camera there is; '' where none is told."""
    for name, namespace in node.get_node_names_and_namespaces():
        if name == 'planner_node':
            heard = node.get_subscriber_names_and_types_by_node(name, namespace)
            for topic, kinds in heard:
                if _PICTURES[0] in kinds and not topic.endswith(f'/{_GOALS}'):
                    return topic
    plain = {name.removesuffix(_COMPRESSED) for name in pictures if not name.endswith(_GOALS)}
    return plain.pop() if len(plain) == 1 else ''


def _ways(node: Node, image: str) -> list[tuple[str, bool]]:
    """Return the topics on which a camera's pictures come, and whether they are compressed."""
    kinds = dict(node.get_topic_names_and_types())
    if _PICTURES[1] in kinds.get(image, ()):
        return [(image, True)]
    return [(image, False), (image + _COMPRESSED, True)]


def _published(node: Node, image: str) -> Topic | None:
    """Return the topic of a camera's pictures, the compressed one where no other is published."""
    topics = [_topic(node, name) for name, _ in _ways(node, image)] if image else []
    return next((topic for topic in topics if topic.publishers), topics[0] if topics else None)


def _topic(node: Node, name: str) -> Topic:
    """Return the ends of a topic, this node's left out, and which of them do not fit."""
    resolved = node.resolve_topic_name(name)
    publishers = [e for e in node.get_publishers_info_by_topic(resolved) if e.node_name != NAME]
    listeners = [e for e in node.get_subscriptions_info_by_topic(resolved)
                 if e.node_name != NAME]
    mismatches = [
        f'{_whose(p)} is not heard by {_whose(s)}: {reason.strip() or "their QoS does not fit"}'
        for p in publishers for s in listeners
        for verdict, reason in [qos_check_compatible(p.qos_profile, s.qos_profile)]
        if verdict == QoSCompatibility.ERROR]
    mismatches += [f'{_whose(p)} offers what no planner hears: {reason.strip()}'
                   for p in publishers if p.topic_type in _PICTURES
                   for verdict, reason in [qos_check_compatible(p.qos_profile, qos.SENSOR)]
                   if verdict == QoSCompatibility.ERROR]
    ends = [tuple(End(_whose(e), e.topic_type) for e in found)
            for found in (publishers, listeners)]
    return Topic(resolved, *ends, tuple(mismatches))


def _whose(end: object) -> str:
    return full_name(end.node_name, end.node_namespace)


def _has_security() -> bool:
    """
    Tell whether the middleware was built with security.

    One that was not says so as soon as it is asked; one that was looks for files, of which there
    are none.
    """
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / 'enclaves').mkdir()
        said = dict(os.environ)
        os.environ.update(ROS_SECURITY_ENABLE='true', ROS_SECURITY_STRATEGY='Enforce',
                          ROS_SECURITY_KEYSTORE=empty)
        context = rclpy.Context()
        try:
            rclpy.init(context=context)
            Node(f'{NAME}_security', context=context).destroy_node()
        except RuntimeError as error:
            return 'security libraries' not in str(error)
        finally:
            rclpy.try_shutdown(context=context)
            os.environ.clear()
            os.environ.update(said)
    return True
