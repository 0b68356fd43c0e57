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

"""The simulated warehouse, and the planner that drives in it."""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
    NotSubstitution,
)
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

HERE = Path(__file__).parent
CONFIG = HERE.parent / 'config'
# Fast DDS 2 (Jazzy) reads the first name, Fast DDS 3 (Kilted and later) the second
FAST_DDS = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def by_camera(ceiling: str, front: str) -> IfElseSubstitution:
    """Return a default that depends on the camera."""
    return IfElseSubstitution(EqualsSubstitution(LaunchConfiguration('camera'), 'front'),
                              front, ceiling)


# `camera` before what depends on it
ARGUMENTS = {
    'namespace': ('', 'namespace of every node and of every relative topic'),
    'seed': ('0', 'layout, colours, light and start of the robot'),
    'camera': ('ceiling', 'what the planner drives by: the ceiling camera, or front, the '
               "robot's own"),
    'model': (by_camera('warehouse_ceiling', 'warehouse_front'),
              'the bundle: a path, or the name of one in models'),
    'image_topic': (by_camera('camera/image_raw', 'front_camera/image_raw'),
                    'camera frames for the planner, sensor_msgs/Image'),
    'goal': ('', 'a goal to send at the start: a picture file, or random; empty sends none'),
    'goal_seed': ('0', 'which of the random places, where goal is random'),
    'front_camera': ('true', 'publish the camera on the robot too'),
    'real_time_factor': ('1.0', 'simulated seconds in a real one'),
    'simulator_params_file': (str(CONFIG / 'simulator.yaml'), 'parameters of the simulator'),
    'stamped': ('false', 'commands are TwistStamped, not Twist'),
    'enclaves': ('/jepa_ros', "where in the keystore the nodes' enclaves are; of effect with "
                 'ROS_SECURITY_ENABLE only'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}
CHOICES = {'camera': ['ceiling', 'front']}


def typed(name: str, kind: type) -> ParameterValue:
    """Return an argument as a parameter of a type."""
    return ParameterValue(LaunchConfiguration(name), value_type=kind)


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the simulator, the planner's launch file and a goal if wanted."""
    argument = LaunchConfiguration
    log = ['--ros-args', '--log-level', argument('log_level')]
    is_random = EqualsSubstitution(argument('goal'), 'random')
    simulator = Node(
        package='jepa_ros', executable='simulator_node', name='simulator_node',
        namespace=argument('namespace'), output='screen',
        arguments=[*log, '--enclave', [argument('enclaves'), '/simulator_node']],
        parameters=[argument('simulator_params_file'), {
            'seed': typed('seed', int), 'front_camera': typed('front_camera', bool),
            'real_time_factor': typed('real_time_factor', float),
            'stamped': typed('stamped', bool)}])
    planner = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(HERE / 'planner.launch.py')),
        launch_arguments={
            'use_sim_time': 'true',
            **{n: argument(n) for n in ('namespace', 'model', 'image_topic', 'stamped', 'enclaves',
                                        'log_level')}}.items())
    goal = Node(
        package='jepa_ros', executable='goal_sender', name='goal_sender',
        namespace=argument('namespace'), output='screen',
        arguments=[*log, '--enclave', [argument('enclaves'), '/goal_sender']],
        condition=IfCondition(NotSubstitution(EqualsSubstitution(argument('goal'), ''))),
        parameters=[{
            'random': ParameterValue(is_random, value_type=bool),
            'camera': ParameterValue(argument('camera'), value_type=str),
            'image': ParameterValue(IfElseSubstitution(is_random, '', argument('goal')),
                                    value_type=str),
            'seed': typed('seed', int), 'place_seed': typed('goal_seed', int)}])
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text,
                                choices=CHOICES.get(name))
          for name, (default, text) in ARGUMENTS.items()),
        # before any process, the simulator's too; what the user has set is kept
        *(SetEnvironmentVariable(name, os.environ.get(name, str(CONFIG / 'fastdds.xml')))
          for name in FAST_DDS),
        SetEnvironmentVariable('OMP_NUM_THREADS', os.environ.get('OMP_NUM_THREADS', '1')),
        simulator, planner, goal])
