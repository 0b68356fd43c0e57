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

"""Odometry beside frames: speed for the model, pose for the report."""

import math

import numpy as np

from jepa_ros.bags.clocks import SECOND_NS
from jepa_ros.bags.commands import LARGEST

NAMES, UNITS = ('linear_x', 'angular_z'), ('m/s', 'rad/s')
# odometry that is older than this says nothing of a frame
LATEST_S = 0.5


def numbers_of(message) -> np.ndarray:
    """Return linear_x, angular_z, x, y, yaw (5,) of an Odometry; ValueError if not finite."""
    twist, pose = message.twist.twist, message.pose.pose
    q = pose.orientation
    yaw = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z))
    found = np.array([twist.linear.x, twist.angular.z, pose.position.x, pose.position.y, yaw])
    if not (np.abs(found) <= LARGEST).all():
        raise ValueError(f'speed and pose are {found.tolist()}, must be finite, limit '
                         f'{LARGEST:g}')
    return found


def newest_before(times_ns: np.ndarray, frames_ns: np.ndarray) -> np.ndarray:
    """
    Return the row (N,) of the newest odometry at or before each frame, -1 where none is fresh.

    ``times_ns`` (M,) are in order.
    """
    at = np.searchsorted(times_ns, frames_ns, side='right') - 1
    if not len(times_ns):
        return at
    return np.where((at >= 0) & (frames_ns - times_ns[at] <= LATEST_S * SECOND_NS), at, -1)
