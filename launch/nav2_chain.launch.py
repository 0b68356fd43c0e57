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
The planner in Nav2's chain: planner, velocity_smoother, collision_monitor, command gate, wheels.

The gate is the last: neither of Nav2's two notices that what comes before it is dead in time.
"""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

HERE = Path(__file__).parent
CONFIG = HERE.parent / 'config'
# Nav2 takes Twist up to Jazzy, and TwistStamped from Kilted on
TWIST_ONLY = os.environ.get('ROS_DISTRO', 'jazzy') in ('humble', 'iron', 'jazzy')

ARGUMENTS = {
    'namespace': ('', 'namespace of every node and of every relative topic'),
    'use_sim_time': ('false', 'take the time from /clock'),
    'nav2_params_file': (str(CONFIG / f'nav2_{"jazzy" if TWIST_ONLY else "kilted"}.yaml'),
                         'parameters of velocity_smoother, collision_monitor and their lifecycle '
                         'manager; nav2_jazzy.yaml or nav2_kilted.yaml by the distribution'),
    'stamped': ('false' if TWIST_ONLY else 'true', 'every command in the chain is TwistStamped, '
                'not Twist; true from Kilted on'),
    'scan_topic': ('scan', 'what the collision monitor sees, sensor_msgs/LaserScan'),
    'manager_autostart': ('true', 'the lifecycle manager brings the four nodes up by itself'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}


def boolean(name: str) -> ParameterValue:
    """Return an argument as a boolean parameter."""
    return ParameterValue(LaunchConfiguration(name), value_type=bool)


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, planner and gate, Nav2's two nodes and their lifecycle manager."""
    argument = LaunchConfiguration

    def server(package: str, executable: str, name: str, parameters: dict[str, ParameterValue],
               remappings: list[tuple[str, LaunchConfiguration | str]]) -> Node:
        return Node(
            package=package, executable=executable, name=name, output='screen',
            namespace=argument('namespace'),
            arguments=['--ros-args', '--log-level', argument('log_level')],
            parameters=[argument('nav2_params_file'),
                        {'use_sim_time': boolean('use_sim_time')} | parameters],
            remappings=remappings)

    stamped = {'enable_stamped_cmd_vel': boolean('stamped')}
    planner = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(HERE / 'planner.launch.py')),
        launch_arguments={
            # the lifecycle manager does it, the gate first
            'autostart': 'false', 'gate_input_topic': 'cmd_vel_checked',
            **{name: argument(name) for name in (
                'namespace', 'use_sim_time', 'stamped', 'log_level')}}.items())
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        planner,
        server('nav2_velocity_smoother', 'velocity_smoother', 'velocity_smoother', stamped,
               [('cmd_vel', 'cmd_vel_nav')]),
        server('nav2_collision_monitor', 'collision_monitor', 'collision_monitor', stamped,
               [('scan', argument('scan_topic'))]),
        server('nav2_lifecycle_manager', 'lifecycle_manager', 'lifecycle_manager_jepa',
               {'autostart': boolean('manager_autostart')}, [])])
