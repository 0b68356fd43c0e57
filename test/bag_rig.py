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

"""Small bags on disk: a camera whose pictures tell their number, and commands beside it."""

from pathlib import Path

import numpy as np
from rosbags.rosbag2 import CompressionFormat, StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

STORE = get_typestore(Stores.ROS2_JAZZY)
CAMERA, DRIVE, ODOM = '/front/image_raw', '/robot/cmd', '/robot/odom'
SECOND = 10 ** 9
START = 1_700_000_000 * SECOND
T = STORE.types
Time, Header = T['builtin_interfaces/msg/Time'], T['std_msgs/msg/Header']
Image, Compressed = T['sensor_msgs/msg/Image'], T['sensor_msgs/msg/CompressedImage']
Twist, TwistStamped = T['geometry_msgs/msg/Twist'], T['geometry_msgs/msg/TwistStamped']
Vector3 = T['geometry_msgs/msg/Vector3']
JointState, JointTrajectory = (T['sensor_msgs/msg/JointState'],
                               T['trajectory_msgs/msg/JointTrajectory'])
Point = T['trajectory_msgs/msg/JointTrajectoryPoint']
Array, Layout = T['std_msgs/msg/Float64MultiArray'], T['std_msgs/msg/MultiArrayLayout']
Odometry = T['nav_msgs/msg/Odometry']


def stamp(ns):
    return Time(sec=int(ns // SECOND), nanosec=int(ns % SECOND))


def header(ns, frame='camera'):
    return Header(stamp=stamp(ns), frame_id=frame)


def pixels(number, height=12, width=16):
    """Return RGB (height, width, 3) uint8: patches that differ from number to number."""
    patches = np.random.default_rng(number).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return patches.repeat(height // 3, axis=0).repeat(width // 4, axis=1)


def image(ns, rgb, encoding='rgb8'):
    """Return an Image of RGB pixels in an encoding."""
    order = {'rgb8': [0, 1, 2], 'bgr8': [2, 1, 0], 'bgra8': [2, 1, 0, 2]}.get(encoding, [0])
    data = np.ascontiguousarray(rgb[..., order])
    return Image(header=header(ns), height=rgb.shape[0], width=rgb.shape[1], encoding=encoding,
                 is_bigendian=0, step=rgb.shape[1] * len(order), data=data.ravel())


def twist(linear=0.0, angular=0.0, **others):
    v = {'linear_y': 0.0, 'linear_z': 0.0, 'angular_x': 0.0, 'angular_y': 0.0, **others}
    return Twist(linear=Vector3(x=linear, y=v['linear_y'], z=v['linear_z']),
                 angular=Vector3(x=v['angular_x'], y=v['angular_y'], z=angular))


def odometry(ns, speed, turn, x=0.0, y=0.0, yaw=0.0):
    pose = T['geometry_msgs/msg/Pose'](
        position=T['geometry_msgs/msg/Point'](x=x, y=y, z=0.0),
        orientation=T['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=np.sin(yaw / 2),
                                                      w=np.cos(yaw / 2)))
    none = np.zeros(36)
    return Odometry(header=header(ns, 'odom'), child_frame_id='base',
                    pose=T['geometry_msgs/msg/PoseWithCovariance'](pose=pose, covariance=none),
                    twist=T['geometry_msgs/msg/TwistWithCovariance'](
                        twist=twist(speed, turn), covariance=none))


def trajectory(ns, names, points, velocities=(), every_s=0):
    """Return a JointTrajectory through positions, each so many seconds after the one before."""
    duration, none = T['builtin_interfaces/msg/Duration'], np.zeros(0)
    return JointTrajectory(header=header(ns), joint_names=list(names), points=[
        Point(positions=np.array(p), velocities=np.array(velocities), accelerations=none,
              effort=none, time_from_start=duration(sec=every_s * i, nanosec=500))
        for i, p in enumerate(points)])


def write(folder, topics, plugin=StoragePlugin.MCAP, compression=None) -> Path:
    """Write a bag of topics, each a list of (receive time in ns, message), in order of time."""
    writer = Writer(folder, version=9, storage_plugin=plugin)
    if compression is not None:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        all_messages = []
        for topic, rows in topics.items():
            kinds = dict.fromkeys(message.__msgtype__ for _, message in rows)
            of = {kind: writer.add_connection(topic, kind, typestore=STORE)
                  for kind in kinds or ['std_msgs/msg/String']}
            all_messages += [(ns, of[message.__msgtype__], message, message.__msgtype__)
                             for ns, message in rows]
        for ns, connection, message, kind in sorted(all_messages, key=lambda row: row[0]):
            writer.write(connection, int(ns), STORE.serialize_cdr(message, kind))
    return folder


def camera(count=1100, interval_s=0.1, start=START, late_ns=0, encoding='rgb8'):
    """Return pictures at a rate; they arrive late by so much."""
    return [(ns + late_ns, image(ns, pixels(i), encoding)) for i, ns in enumerate(
        start + round(i * interval_s * SECOND) for i in range(count))]


def wave(ns):
    """Return speed and turn at a time: what the commands of a drive are."""
    s = (ns - START) / SECOND
    return 0.3 + 0.2 * np.sin(s), 0.8 * np.cos(0.7 * s)


def commands(count=2200, interval_s=0.05, start=START):
    return [(ns, twist(*wave(ns))) for ns in (
        start + round(i * interval_s * SECOND) for i in range(count))]


def drive(folder, count=1100, plugin=StoragePlugin.MCAP, **other) -> Path:
    """Write a drive long enough to train on."""
    return write(folder, {CAMERA: camera(count), DRIVE: commands(2 * count), **other}, plugin)
