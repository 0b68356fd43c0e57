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

"""What the robot feels of itself, where a model wants it: the newest odometry at a frame."""

from collections import deque
import math
import threading

from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.process import steady_s
from jepa_ros.types import Array, Proprioception

# What a component of proprioception is called, and where an Odometry has it.
COMPONENTS = {
    'linear_x': lambda twist: twist.linear.x,
    'linear_y': lambda twist: twist.linear.y,
    'angular_z': lambda twist: twist.angular.z,
}
# A bound on memory: two seconds at 100 Hz.
_MOST = 200


class OdometryWatch:
    """Keep the last odometry of the topic ``odom``; nothing is subscribed to before ``watch``."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._kept: deque[tuple[float, Array]] = deque(maxlen=_MOST)
        self._came_s = -math.inf    # when the newest came, on the steady clock
        self._names: tuple[str, ...] = ()
        self._subscription = None

    def watch(self, wanted: Proprioception | None) -> None:
        """Keep what a model wants; ValueError names what an Odometry does not have."""
        names = () if wanted is None else wanted.names
        unknown = [name for name in names if name not in COMPONENTS]
        if unknown:
            raise ValueError(f'proprioception {unknown[0]!r} is not one of '
                             f'{", ".join(COMPONENTS)}, which odometry has')
        with self._lock:
            self._kept.clear()
            self._names = names
        if names and self._subscription is None:
            self._subscription = self._node.create_subscription(
                Odometry, 'odom', self._on_odometry, qos.FELT)
        elif not names and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_odometry(self, message: Odometry) -> None:
        stamp_s = to_seconds(message.header.stamp)
        with self._lock:
            if self._kept and stamp_s < self._kept[-1][0]:
                self._kept.clear()      # the clock went back
            self._came_s = steady_s()
            self._kept.append((stamp_s, np.array(
                [COMPONENTS[name](message.twist.twist) for name in self._names], np.float32)))

    def at(self, frame_s: float, now_s: float, oldest_s: float) -> Array | None:
        """
        Return what was felt last at or before a frame, (P,).

        None where that was ``oldest_s`` before the frame, and where the newest that came is as
        old now: by its stamp, or by a clock that no simulator holds.
        """
        with self._lock:
            if (not self._kept or now_s - self._kept[-1][0] > oldest_s
                    or steady_s() - self._came_s > oldest_s):
                return None
            for stamp_s, values in reversed(self._kept):
                if stamp_s <= frame_s:
                    return values if stamp_s >= frame_s - oldest_s else None
        return None
