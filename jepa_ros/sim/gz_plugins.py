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
Gazebo Harmonic's system plugins: which library holds which system, and what it must be told.

From the headers of gz-sim 8: a plugin whose file and name do not belong together is not loaded,
and a child that a system does not know is passed over, both with a line in a log at best.
"""

from dataclasses import dataclass, field
from xml.etree import ElementTree

from jepa_ros.sim.sdf_text import add

PREFIX = 'gz::sim::systems::'


@dataclass(frozen=True)
class Plugin:
    """
    A system: what it is attached to, and its children.

    ``required`` are those without which our world would not do what its bridge and the nodes
    expect: Gazebo has a default for most, and none of them is ours.
    """

    file: str
    parent: str
    required: frozenset[str] = field(default_factory=frozenset)
    optional: frozenset[str] = field(default_factory=frozenset)


_LIMITS = frozenset(
    f'{end}_{kind}' for end in ('min', 'max') for kind in (
        'velocity', 'acceleration', 'jerk', 'linear_velocity', 'angular_velocity',
        'linear_acceleration', 'angular_acceleration', 'linear_jerk', 'angular_jerk'))


def _file(name: str) -> str:
    return f'gz-sim-{name}-system'


# by the name without its prefix
PLUGINS = {
    'Physics': Plugin(_file('physics'), 'world', optional=frozenset({
        'engine', 'contacts'})),
    'UserCommands': Plugin(_file('user-commands'), 'world'),
    'SceneBroadcaster': Plugin(_file('scene-broadcaster'), 'world', optional=frozenset({
        'dynamic_pose_hertz', 'state_hertz'})),
    'Sensors': Plugin(_file('sensors'), 'world', frozenset({'render_engine'}), frozenset({
        'background_color', 'ambient_light', 'disable_on_drained_battery'})),
    'Contact': Plugin(_file('contact'), 'world'),
    'Imu': Plugin(_file('imu'), 'world'),
    'DiffDrive': Plugin(_file('diff-drive'), 'model', frozenset({
        'left_joint', 'right_joint', 'wheel_separation', 'wheel_radius', 'topic', 'odom_topic',
        'tf_topic', 'frame_id', 'child_frame_id'}),
        _LIMITS | {'odom_publish_frequency'}),
    'JointStatePublisher': Plugin(_file('joint-state-publisher'), 'model', frozenset({
        'topic'}), frozenset({'joint_name', 'update_rate'})),
    'OdometryPublisher': Plugin(_file('odometry-publisher'), 'model', frozenset({
        'odom_topic', 'odom_frame', 'robot_base_frame'}), frozenset({
            'odom_publish_frequency', 'odom_covariance_topic', 'tf_topic', 'dimensions',
            'xyz_offset', 'rpy_offset', 'gaussian_noise'})),
    'PosePublisher': Plugin(_file('pose-publisher'), 'model', optional=frozenset({
        'topic', 'publish_link_pose', 'publish_visual_pose', 'publish_collision_pose',
        'publish_sensor_pose', 'publish_nested_model_pose', 'publish_model_pose',
        'use_pose_vector_msg', 'update_frequency', 'static_publisher',
        'static_update_frequency'})),
}
# without these in the world there is no motion, no picture, no reset from outside, no view
NEEDED = ('Physics', 'Sensors', 'UserCommands', 'SceneBroadcaster')


def add_plugin(parent: ElementTree.Element, name: str, **children: object) -> None:
    """Append a system with its children; a list makes several of one name."""
    plugin = add(parent, 'plugin', filename=PLUGINS[name].file, name=PREFIX + name)
    for tag, value in children.items():
        for one in value if isinstance(value, list) else [value]:
            add(plugin, tag, one)
