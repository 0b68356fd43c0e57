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

"""Where the joints are: the newest positions of the topic ``joint_states``."""

from collections.abc import Callable, Sequence
import math
import threading

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.process import now_s, steady_s


class JointWatch:
    """
    Keep the positions of some joints, in their order; nothing is subscribed to before ``watch``.

    A robot may tell of its joints in several messages, of some joints each.  A position is as old
    as its stamp, or, where that is zero or ahead, as its message.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._kept: dict[str, tuple[float, float]] = {}     # position, and steady time
        self._subscription = None
        self._tell: Callable[[], None] = lambda: None

    def watch(self, names: Sequence[str], tell: Callable[[], None] = lambda: None) -> None:
        """Keep the positions of these joints, or hear none; ``tell`` is called at each message."""
        with self._lock:
            self._names, self._kept, self._tell = tuple(names), {}, tell
        if names and self._subscription is None:
            self._subscription = self._node.create_subscription(
                JointState, 'joint_states', self._on_joints, qos.FELT)
        elif not names and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_joints(self, message: JointState) -> None:
        stamp_s, steady = to_seconds(message.header.stamp), steady_s()
        age_s = max(now_s(self._node) - stamp_s, 0.0) if stamp_s > 0.0 else 0.0
        with self._lock:
            for name, position in zip(message.name, message.position, strict=False):
                if name in self._names and math.isfinite(position):
                    self._kept[name] = (position, steady - age_s)
        self._tell()

    def newest(self) -> tuple[np.ndarray, float] | None:
        """Return the positions (A,) and the steady time of the oldest, None where one misses."""
        with self._lock:
            if not self._names or any(name not in self._kept for name in self._names):
                return None
            kept = [self._kept[name] for name in self._names]
        return np.array([position for position, _ in kept]), min(since_s for _, since_s in kept)

    def within(self, most_s: float) -> np.ndarray | None:
        """Return the positions (A,), None where one is older than ``most_s``."""
        newest = self.newest()
        if newest is None or steady_s() - newest[1] > most_s:
            return None
        return newest[0]
