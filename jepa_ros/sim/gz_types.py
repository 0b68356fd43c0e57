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
Which types ros_gz bridges into which: the table of its README, for Jazzy and for Kilted.

A pair that is not in it is dropped by the bridge with one line in its log.
"""

DISTROS = ('jazzy', 'kilted')

# ROS package: message:Gazebo's, or one word where both have the same name
_EVERYWHERE = {
    'actuator_msgs': 'Actuators',
    'builtin_interfaces': 'Time',
    'geometry_msgs': 'Point:Vector3d Pose PoseArray:Pose_V PoseStamped:Pose PoseWithCovariance '
                     'PoseWithCovarianceStamped:PoseWithCovariance Quaternion Transform:Pose '
                     'TransformStamped:Pose Twist TwistStamped:Twist TwistWithCovariance '
                     'TwistWithCovarianceStamped:TwistWithCovariance Vector3:Vector3d Wrench '
                     'WrenchStamped:Wrench',
    'gps_msgs': 'GPSFix:NavSat',
    'nav_msgs': 'Odometry Odometry:OdometryWithCovariance',
    'rcl_interfaces': 'ParameterValue:Any',
    'ros_gz_interfaces': 'Altimeter Contact Contacts Dataframe Entity EntityWrench '
                         'Float32Array:Float_V GuiCamera:GUICamera JointWrench Light '
                         'MaterialColor ParamVec:Param ParamVec:Param_V SensorNoise '
                         'StringVec:StringMsg_V TrackVisual VideoRecord',
    'rosgraph_msgs': 'Clock',
    'sensor_msgs': 'BatteryState CameraInfo FluidPressure Image Imu:IMU JointState:Model Joy '
                   'LaserScan MagneticField:Magnetometer NavSatFix:NavSat '
                   'PointCloud2:PointCloudPacked',
    'std_msgs': 'Bool:Boolean ColorRGBA:Color Empty Float32:Float Float64:Double Header Int32 '
                'String:StringMsg UInt32',
    'tf2_msgs': 'TFMessage:Pose_V',
    'trajectory_msgs': 'JointTrajectory',
    'vision_msgs': 'Detection2D:AnnotatedAxisAligned2DBox '
                   'Detection2DArray:AnnotatedAxisAligned2DBox_V '
                   'Detection3D:AnnotatedOriented3DBox Detection3DArray:AnnotatedOriented3DBox_V',
}
# what came later: the release of ros_gz with which it came to each distro
_SINCE = {
    'ros_gz_interfaces LogicalCameraImage': {'jazzy': '1.0.10', 'kilted': '2.1.5'},
    'sensor_msgs Range:LaserScan': {'jazzy': '1.0.12', 'kilted': '2.1.7'},
    'ros_gz_interfaces WorldStatistics': {'jazzy': '1.0.21', 'kilted': '2.1.15'},
    'ros_gz_interfaces LogPlaybackStatistics': {'jazzy': '1.0.21', 'kilted': '2.1.15'},
    'marine_acoustic_msgs Dvl:DVLVelocityTracking': {'jazzy': '1.0.22', 'kilted': '2.1.16'},
}


def _pair(package: str, words: str) -> tuple[str, str]:
    ros, _, gazebo = words.partition(':')
    return f'{package}/msg/{ros}', f'gz.msgs.{gazebo or ros}'


PAIRS = frozenset(_pair(package, words) for package, all_words in _EVERYWHERE.items()
                  for words in all_words.split())
# pair: the release of each distro
NEWER = {_pair(*key.split()): releases for key, releases in _SINCE.items()}
ROS_TYPES = frozenset(ros for ros, _ in {*PAIRS, *NEWER})


def pair_fault(ros: str, gazebo: str, distro: str) -> str:
    """Return what is wrong with a pair of types, '' where each of a distro's releases has it."""
    if (ros, gazebo) in PAIRS:
        return ''
    if (ros, gazebo) in NEWER:
        return (f'{ros} and {gazebo} are bridged from ros_gz {NEWER[ros, gazebo][distro]} on only '
                f'({distro})')
    partners = sorted({g for r, g in {*PAIRS, *NEWER} if r == ros})
    return (f'{ros} and {gazebo} are not a pair in the table of ros_gz ({distro}); '
            + (f'{ros} goes with {", ".join(partners)}' if partners
               else f'{ros} goes with nothing'))
