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

"""A robot: the planner and the command gate, from a camera's topic to a controller's."""

import os
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

# both beside this folder: in the source tree, and in share/jepa_ros
CONFIG = Path(__file__).parent.parent / 'config'
# Fast DDS 2 (Jazzy) reads the first name, Fast DDS 3 (Kilted and later) the second
FAST_DDS = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

ARGUMENTS = {
    'namespace': ('', 'namespace of both nodes and of every relative topic'),
    'use_sim_time': ('false', 'take the time from /clock'),
    'params_file': (str(CONFIG / 'planner.yaml'), 'parameters of the planner'),
    'gate_params_file': (str(CONFIG / 'gate.yaml'), 'parameters of the command gate'),
    'model': ('warehouse_ceiling', 'the bundle: a path, or the name of one in models'),
    'image_topic': ('camera/image_raw', 'camera frames, sensor_msgs/Image; compressed frames are '
                    'taken from the same name with /compressed'),
    'goal_topic': ('goal_image', 'goal pictures, sensor_msgs/Image'),
    'odom_topic': ('odom', 'odometry, nav_msgs/Odometry, for a model that wants proprioception'),
    'route': ('', 'folder of a route (jepa route) that leads to goals; none by default'),
    'controller': ('auto', 'what commands are sent as: auto or twist, to a base; array '
                   '(Float64MultiArray) or trajectory (JointTrajectory), to joints; the gate has '
                   'its own, `command` in gate_params_file'),
    'cmd_vel_topic': ('cmd_vel', 'where the gate sends commands, of a base'),
    'gate_input_topic': ('cmd_vel_nav', 'what the gate hears, of a base: the planner, or the last '
                         'node between them'),
    'commands_topic': ('commands', 'where the gate sends commands, of an array'),
    'trajectory_topic': ('joint_trajectory', 'where the gate sends commands, of a trajectory'),
    'joint_states_topic': ('joint_states', 'where the joints are, sensor_msgs/JointState, for '
                           'trajectories'),
    'stamped': ('false', 'commands are TwistStamped (diff_drive_controller), not Twist'),
    'start_on_goal': ('true', 'drive as soon as a goal comes; false waits for '
                      'planner_node/start'),
    'autostart': ('true', 'configure and activate the nodes; false where a lifecycle manager '
                  'does it'),
    'enclaves': ('/jepa_ros', "where in the keystore the nodes' enclaves are; of effect with "
                 'ROS_SECURITY_ENABLE only'),
    'log_level': ('info', 'debug, info, warn, error or fatal'),
}


def boolean(name: str) -> ParameterValue:
    """Return an argument as a boolean parameter."""
    return ParameterValue(LaunchConfiguration(name), value_type=bool)


def generate_launch_description() -> LaunchDescription:
    """Return the arguments, the environment and the two processes."""
    argument = LaunchConfiguration
    common = {name: boolean(name) for name in ('use_sim_time', 'stamped', 'autostart')}
    log = ['--ros-args', '--log-level', argument('log_level')]
    planner = Node(
        package='jepa_ros', executable='planner_node', name='planner_node',
        namespace=argument('namespace'), output='screen',
        arguments=[*log, '--enclave', [argument('enclaves'), '/planner_node']],
        parameters=[argument('params_file'), common, {
            'model': ParameterValue(argument('model'), value_type=str),
            'route': ParameterValue(argument('route'), value_type=str),
            'controller': ParameterValue(argument('controller'), value_type=str),
            'start_on_goal': boolean('start_on_goal')}],
        remappings=[('image', argument('image_topic')),
                    ('image/compressed', [argument('image_topic'), '/compressed']),
                    ('goal_image', argument('goal_topic')),
                    ('odom', argument('odom_topic')),
                    ('joint_states', argument('joint_states_topic'))])
    gate = Node(
        package='jepa_ros', executable='command_gate', name='command_gate',
        namespace=argument('namespace'), output='screen',
        arguments=[*log, '--enclave', [argument('enclaves'), '/command_gate']],
        parameters=[argument('gate_params_file'), common],
        remappings=[('cmd_vel', argument('cmd_vel_topic')),
                    ('cmd_vel_nav', argument('gate_input_topic')),
                    ('commands', argument('commands_topic')),
                    ('joint_trajectory', argument('trajectory_topic')),
                    ('joint_states', argument('joint_states_topic'))])
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=text)
          for name, (default, text) in ARGUMENTS.items()),
        # what the user has set is kept
        *(SetEnvironmentVariable(name, os.environ.get(name, str(CONFIG / 'fastdds.xml')))
          for name in FAST_DDS),
        # the planner's own parameter `threads` says how many the engine may use
        SetEnvironmentVariable('OMP_NUM_THREADS', os.environ.get('OMP_NUM_THREADS', '1')),
        planner, gate])
