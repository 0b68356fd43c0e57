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

"""The warehouse in Gazebo, the bridge to ROS, and the planner that drives in it."""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition, UnlessCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import EqualsSubstitution, IfElseSubstitution, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

HERE = Path(__file__).parent
SHARE = HERE.parent
CONFIG = SHARE / 'config'
# Fast DDS 2 (Jazzy) reads the first name, Fast DDS 3 (Kilted and later) the second
FAST_DDS = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
# on SIGINT gz gives its window 5 s and then its server 5 s; it must not be killed before
GZ_PATIENCE_S = '15'

ARGUMENTS = {
    'world': (str(SHARE / 'worlds' / 'warehouse.sdf'), 'the SDF file of the world'),
    'headless': ('false', 'no window: gz sim -s --headless-rendering'),
    'bridge_config': (str(CONFIG / 'gz_bridge.yaml'), "the topics that ros_gz's "
                      'parameter_bridge carries'),
    'gz_verbosity': ('2', 'how much gz sim says, 0 to 4'),
    'namespace': ('', 'namespace of the bridge, of the planner, of every relative topic'),
    'enclaves': ('/jepa_ros', "where in the keystore the nodes' enclaves are; of effect with "
                 'ROS_SECURITY_ENABLE only'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}


def gazebo(condition: IfCondition | UnlessCondition, *options: str) -> ExecuteProcess:
    """
    Return Gazebo with options; when it ends, so does the launch.

    It is run without a shell between, so that a SIGINT reaches it and not the shell.
    """
    return ExecuteProcess(
        cmd=['gz', 'sim', '-r', *options, '-v', LaunchConfiguration('gz_verbosity'),
             LaunchConfiguration('world')],
        name='gazebo', output='screen', condition=condition, on_exit=Shutdown(),
        sigterm_timeout=GZ_PATIENCE_S, sigkill_timeout=GZ_PATIENCE_S)


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, Gazebo, the bridge and the planner's launch file."""
    argument = LaunchConfiguration
    bridge = Node(
        package='ros_gz_bridge', executable='parameter_bridge', name='gz_bridge',
        namespace=argument('namespace'), output='screen', on_exit=Shutdown(),
        arguments=['--ros-args', '--log-level', argument('log_level'),
                   '--enclave', [argument('enclaves'), '/gz_bridge']],
        parameters=[{'config_file': ParameterValue(argument('bridge_config'), value_type=str)}])
    front = EqualsSubstitution(argument('camera'), 'front')
    planner = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(HERE / 'planner.launch.py')),
        launch_arguments={
            'use_sim_time': 'true',
            'image_topic': IfElseSubstitution(front, 'front_camera/image_raw',
                                              'camera/image_raw'),
            # what the bridge carries
            'cmd_vel_topic': 'cmd_vel', 'odom_topic': 'odom', 'stamped': 'false',
            **{n: argument(n) for n in ('namespace', 'enclaves', 'log_level')}}.items())
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        DeclareLaunchArgument('camera', default_value='ceiling', choices=['ceiling', 'front'],
                              description='the camera that the planner looks through'),
        # before any process; what the user has set is kept
        *(SetEnvironmentVariable(name, os.environ.get(name, str(CONFIG / 'fastdds.xml')))
          for name in FAST_DDS),
        SetEnvironmentVariable('OMP_NUM_THREADS', os.environ.get('OMP_NUM_THREADS', '1')),
        gazebo(IfCondition(argument('headless')), '-s', '--headless-rendering'),
        gazebo(UnlessCondition(argument('headless'))),
        bridge, planner])
