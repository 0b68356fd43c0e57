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

"""The topics between a Gazebo world and its bridge: what one makes and the other takes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from jepa_ros.sim.gz_bridge import Bridge
from jepa_ros.sim.gz_form import name_of, text_of
from jepa_ros.sim.gz_plugins import PREFIX
from jepa_ros.sim.gz_world import cameras, plugins
from jepa_ros.sim.sdf_text import Element

# a system's topics: the child that names it, its type, whether Gazebo makes what is on it
_SYSTEMS = {
    'DiffDrive': (('topic', 'Twist', False), ('odom_topic', 'Odometry', True),
                  ('tf_topic', 'Pose_V', True)),
    'OdometryPublisher': (('odom_topic', 'Odometry', True), ('tf_topic', 'Pose_V', True)),
    'JointStatePublisher': (('topic', 'Model', True),),
}


@dataclass(frozen=True)
class GzTopic:
    """A topic of Gazebo's: its name with a leading slash, its type, and who makes or takes it."""

    name: str
    gz_type: str
    made: bool
    who: str


def full(name: str) -> str:
    """Return a topic's name as both sides would resolve it without a namespace."""
    return '/' + name.strip().lstrip('/')


def topics(world: Element) -> list[GzTopic]:
    """Return what the world's cameras and systems make and take, its clock too."""
    found = [GzTopic('/clock', 'gz.msgs.Clock', True, 'the world')]
    for sensor, where in cameras(world):
        image = text_of(sensor, 'topic')
        if not image:           # check_pictures says so
            continue
        info = text_of(sensor, 'camera/camera_info_topic') or (
            image.rpartition('/')[0] + '/camera_info')
        found += [GzTopic(full(image), 'gz.msgs.Image', True, where),
                  GzTopic(full(info), 'gz.msgs.CameraInfo', True, where)]
    for plugin, parent in plugins(world):
        name = str(plugin.get('name')).removeprefix(PREFIX)
        for child, kind, made in _SYSTEMS.get(name, ()):
            if text_of(plugin, child):
                found.append(GzTopic(full(text_of(plugin, child)), f'gz.msgs.{kind}', made,
                                     f'{name} of {name_of(parent)}'))
    return found


def check_topics(world_topics: Sequence[GzTopic], bridges: Sequence[Bridge]) -> list[str]:
    """Return where the world and the bridge do not meet, and what two would publish at once."""
    faults = []
    known = {topic.name: topic for topic in world_topics}
    for topic in world_topics:
        there = [bridge for bridge in bridges if full(bridge.gz_topic) == topic.name]
        if not there:
            faults.append(f'{topic.name} of {topic.who} is not bridged')
        for bridge in there:
            if bridge.gz_type != topic.gz_type:
                faults.append(f'{topic.name} of {topic.who} is {topic.gz_type}, bridged as '
                              f'{bridge.gz_type}')
            wanted, found = ('GZ_TO_ROS' if topic.made else 'ROS_TO_GZ'), bridge.direction
            if found != wanted:
                faults.append(
                    f'{topic.name} has two directions or the wrong one: {topic.who} '
                    f'{"makes" if topic.made else "takes"} it, and the bridge is {found}, must be '
                    f'{wanted}')
    faults += [f'{full(bridge.gz_topic)} is bridged, but nothing in the world makes or takes it'
               for bridge in bridges if full(bridge.gz_topic) not in known]
    return faults + _producers(world_topics, bridges)


def _producers(world_topics: Sequence[GzTopic], bridges: Sequence[Bridge]) -> list[str]:
    makers: dict[str, list[str]] = defaultdict(list)
    for topic in world_topics:
        if topic.made:
            makers[f'Gazebo topic {topic.name}'].append(topic.who)
    directions: dict[str, set[str]] = defaultdict(set)
    for bridge in bridges:
        ros, gazebo = full(bridge.ros_topic), full(bridge.gz_topic)
        for kind, name in (('ROS', ros), ('Gazebo', gazebo)):
            directions[f'{kind} topic {name}'] |= {
                word for word, on in (('to ROS', bridge.to_ros), ('to Gazebo', bridge.to_gz))
                if on}
        if bridge.to_ros:
            makers[f'ROS topic {ros}'].append(f'the bridge from {gazebo}')
        if bridge.to_gz:
            makers[f'Gazebo topic {gazebo}'].append(f'the bridge from {ros}')
    return [f'{name} has {len(who)} producers: {", ".join(who)}'
            for name, who in makers.items() if len(who) > 1] + [
        f'{name} is bridged in two directions' for name, way in directions.items()
        if len(way) > 1]
