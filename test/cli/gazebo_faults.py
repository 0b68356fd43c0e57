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

"""Faults to seed into what is shipped for Gazebo, each with what must be said of it."""

DIFF_DRIVE = 'gz::sim::systems::DiffDrive'

# name: (file, what is replaced the first time that it occurs, by what, words of the message)
FAULTS = {
    # the bridge's file
    'unknown key': (
        'bridge', 'publisher_queue: 1', 'publisher_que: 1',
        ['entry 1 (/clock)', "unknown key 'publisher_que'", "did you mean 'publisher_queue'"]),
    'a key of newer bridges': (
        'bridge', 'lazy: true', 'qos_profile: SENSOR_DATA',
        ['(joint_states)', "'qos_profile'", '1.0.22 (jazzy)']),
    'topic_name beside ros_topic_name': (
        'bridge', '- ros_topic_name: odom\n  gz_topic_name: /odom',
        '- ros_topic_name: odom\n  topic_name: /odom',
        ['entry 3', 'topic_name beside ros_topic_name']),
    'topic_name beside gz_topic_name': (
        'bridge', '- ros_topic_name: odom\n', '- topic_name: odom\n',
        ['entry 3', 'topic_name beside gz_topic_name']),
    'bad direction': (
        'bridge', 'direction: ROS_TO_GZ', 'direction: ROS_TO_GAZEBO',
        ['(cmd_vel)', "direction is 'ROS_TO_GAZEBO'", 'BIDIRECTIONAL']),
    'type pair not in the table': (
        'bridge', 'gz_type_name: gz.msgs.Odometry', 'gz_type_name: gz.msgs.Pose',
        ['(odom)', 'nav_msgs/msg/Odometry and gz.msgs.Pose', 'not a pair',
         'gz.msgs.OdometryWithCovariance']),
    'ROS type that does not exist': (
        'bridge', 'sensor_msgs/msg/CameraInfo', 'sensor_msgs/msg/CameraInformation',
        ['ROS type sensor_msgs/msg/CameraInformation does not exist']),
    'package that does not exist': (
        'bridge', 'sensor_msgs/msg/Image', 'sensors_msgs/msg/Image',
        ['ROS type sensors_msgs/msg/Image does not exist', 'no package sensors_msgs']),
    'ROS topic with two producers': (
        'bridge', 'ros_topic_name: front_camera/image_raw', 'ros_topic_name: camera/image_raw',
        ['ROS topic /camera/image_raw has 2 producers', '/front_camera/image_raw']),
    'Gazebo topic with two producers': (
        'world', '<topic>/front_camera/image_raw', '<topic>/camera/image_raw',
        ['Gazebo topic /camera/image_raw has 2 producers', "sensor 'front'", "sensor 'ceiling'"]),
    'producer beside our gate': (
        'bridge', 'ros_topic_name: odom', 'ros_topic_name: cmd_vel',
        ['cmd_vel of command_gate has two producers']),
    'topic with two directions': (
        'bridge', 'publisher_queue: 1',
        'publisher_queue: 1\n- topic_name: /clock\n  ros_type_name: rosgraph_msgs/msg/Clock\n'
        '  gz_type_name: gz.msgs.Clock\n  direction: ROS_TO_GZ',
        ['ROS topic /clock is bridged in two directions']),
    'both directions': (
        'bridge', 'direction: ROS_TO_GZ\n  sub', 'sub',
        ['/cmd_vel has two directions', 'BIDIRECTIONAL']),
    'wrong direction': (
        'bridge', 'direction: GZ_TO_ROS', 'direction: ROS_TO_GZ',
        ['/clock has two directions or the wrong one', 'must be GZ_TO_ROS']),
    'entry given twice': (
        'bridge', 'publisher_queue: 1',
        'publisher_queue: 1\n- ros_topic_name: /clock\n  gz_topic_name: /clock\n'
        '  ros_type_name: rosgraph_msgs/msg/Clock\n  gz_type_name: gz.msgs.Clock\n'
        '  direction: GZ_TO_ROS\n  publisher_queue: 1', ['entry 2', 'the same as entry 1']),
    'SDF topic that is not bridged': (
        'world', '<tf_topic>/tf<', '<tf_topic>/model/robot/tf<',
        ["/model/robot/tf of DiffDrive of model 'robot' is not bridged"]),
    'bridged topic that the SDF lacks': (
        'world', '<odom_topic>/odom<', '<odom_topic>/odometry<',
        ['/odom is bridged, but nothing in the world makes or takes it']),
    'node topic that is not bridged': (
        'bridge', 'ros_topic_name: camera/image_raw', 'ros_topic_name: ceiling/image_raw',
        ['camera/image_raw of planner_node is not bridged']),
    'stamped commands on a bridge of others': (
        'gate_params', 'stamped: false', 'stamped: true',
        ['cmd_vel of command_gate is geometry_msgs/msg/TwistStamped, bridged as '
         'geometry_msgs/msg/Twist']),
    'not a list': ('bridge', '- ros_topic_name: /clock', 'a: 1\n- b', ['not YAML', 'line']),
    # the world
    'not XML': ('world', '</world>', '</wrld>', ['not well-formed XML', 'mismatched tag']),
    'Ruby in it': ('world', '<world', '<%= 1 %><world', ['<%', 'Ruby']),
    'plugin without a required child': (
        'world', '<child_frame_id>base_link</child_frame_id>', '',
        [DIFF_DRIVE, "model 'robot'", 'no child <child_frame_id>']),
    'sensors without an engine': (
        'world', '<render_engine>ogre2</render_engine>', '', ['Sensors', '<render_engine>']),
    'plugin with a misspelt child': (
        'world', 'odom_publish_frequency>50</odom_publish_frequency', 'odom_rate>50</odom_rate',
        [DIFF_DRIVE, 'a child <odom_rate> that it does not know']),
    'plugin file and name apart': (
        'world', 'filename="gz-sim-diff-drive-system"', 'filename="gz-sim-sensors-system"',
        [DIFF_DRIVE, 'not in the file gz-sim-sensors-system', 'gz-sim-diff-drive-system']),
    'plugin name unknown to its file': (
        'world', f'name="{DIFF_DRIVE}"', 'name="ignition::gazebo::systems::DiffDrive"',
        ['gz-sim-diff-drive-system does not hold ignition::gazebo::systems::DiffDrive']),
    'plugin in the wrong place': (
        'world', '<gravity>', '<plugin filename="gz-sim-diff-drive-system" '
        f'name="{DIFF_DRIVE}"/><gravity>', ["is in world 'warehouse', belongs in a model"]),
    'system that is missing': (
        'world', '<plugin filename="gz-sim-physics-system" name="gz::sim::systems::Physics" />',
        '', ['the world has no plugin gz::sim::systems::Physics']),
    'wheel radius unlike the geometry': (
        'world', '<wheel_radius>0.08<', '<wheel_radius>0.1<',
        ['wheel_radius', '0.1 m', "link 'left_wheel' is 0.08 m"]),
    'geometry unlike the wheel radius': (
        'world', '<cylinder>\n              <radius>0.08<', '<cylinder>\n              '
        '<radius>0.07<', ['wheel_radius', '0.08 m', "link 'left_wheel' is 0.07 m"]),
    'wheel separation unlike the geometry': (
        'world', '<wheel_separation>0.26<', '<wheel_separation>0.3<',
        ['wheel_separation', '0.3 m', '0.26 m apart']),
    'wheel elsewhere': (
        'world', '<pose>0 0.13 0.08 ', '<pose>0 0.15 0.08 ', ['0.26 m', '0.28 m apart']),
    'wheel in the air': ('world', '<pose>0 0.13 0.08 ', '<pose>0 0.13 0.1 ',
                         ["link 'left_wheel'", '0.1 m above the floor']),
    'wheel that rolls backwards': ('world', '<xyz>0 1 0<', '<xyz>0 -1 0<',
                                   ["joint 'left_wheel_joint'", '[0.0, -1.0, 0.0]']),
    'joint that is not there': (
        'world', '<left_joint>left_wheel_joint<', '<left_joint>left_joint<',
        ["drives left_joint 'left_joint'", 'left_wheel_joint']),
    'child of a joint that is not there': (
        'world', '<child>left_wheel<', '<child>wheel<', ["joint 'left_wheel_joint'", "'wheel'"]),
    'no mass': ('world', '<mass>36.6<', '<mass>0<', ["link 'base_link'", '0 kg']),
    'moments of no body': ('world', '<ixx>0.715176<', '<ixx>9<', ['no body has those']),
    'child that SDF does not know': (
        'world', '<mass>1.5</mass>', '<weight>1.5</weight>',
        ["link 'left_wheel'", '<weight> that Gazebo does not know', 'no child <mass>']),
    'numbers that are not': ('world', '<size>0.5 0.04 0.002<', '<size>0.5 0.04 wide<', ['<size>']),
    'two of one name': ('world', '<visual name="seen_2"', '<visual name="seen_1"',
                        ["two of <visual name='seen_1'>"]),
    # frames and what the planner is told
    'frame unlike the parameter': (
        'params', 'frame_id: base_link', 'frame_id: base_footprint',
        ["child_frame_id of model 'robot' is 'base_link'", 'planner_node', "'base_footprint'"]),
    "frame unlike the gate's": (
        'gate_params', 'frame_id: base_link', 'frame_id: base', ['command_gate', "'base'"]),
    'parameter unlike the frame': (
        'world', '<child_frame_id>base_link<', '<child_frame_id>chassis<',
        ["'chassis'", "'base_link'"]),
    'odometry in another frame': (
        'world', '<frame_id>odom<', '<frame_id>map<', ["frame_id of model 'robot' is 'map'"]),
    'pictures in another frame': (
        'world', '<optical_frame_id>front_camera<', '<optical_frame_id>camera_link<',
        ["'camera_link'", "'front_camera'"]),
    'pictures without noise': (
        'world', '<stddev>0.003922<', '<stddev>0<', ['no noise', 'refuse_repeats']),
    'pictures without a topic': (
        'world', '<topic>/front_camera/image_raw</topic>', '',
        ["sensor 'front' of model 'robot' has no <topic>",
         '/front_camera/image_raw is bridged, but nothing in the world makes']),
    'pictures too rare': ('world', '<update_rate>12.5<', '<update_rate>5<',
                          ['update_rate of 5 Hz', '0.3 s old']),
}
