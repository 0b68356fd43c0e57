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

"""Watch a drive from outside, as any tool of a robot's stack could, and send it a goal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import math
import threading

import cv2
from diagnostic_msgs.msg import DiagnosticStatus
from nav_msgs.msg import Odometry
import numpy as np
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb, to_rgb
from jepa_ros.ros.messages import status_value, to_seconds


@dataclass
class Drive:
    """
    What was seen of a drive.

    ``ceiling`` and ``front``: (stamp_s, JPEG) a frame; ``path``: (stamp_s, x, y, yaw) in s, m
    and rad; ``status``: (stamp_s, word, numbers); ``imagined``: (stamp_s, latents (H, L * D)).
    """

    ceiling: list[tuple[float, np.ndarray]] = field(default_factory=list)
    front: list[tuple[float, np.ndarray]] = field(default_factory=list)
    path: list[tuple[float, float, float, float]] = field(default_factory=list)
    status: list[tuple[float, str, dict[str, float]]] = field(default_factory=list)
    imagined: list[tuple[float, np.ndarray]] = field(default_factory=list)
    latent: np.ndarray | None = None
    reason: str = ''
    speed_m_s: float = math.nan


class Observer(Node):
    """Record a drive and publish goals, in simulated time; callbacks run in their own thread."""

    def __init__(self) -> None:
        super().__init__('observer',
                         parameter_overrides=[Parameter('use_sim_time', value=True)])
        self.drive = Drive()
        group = ReentrantCallbackGroup()
        for kind, topic, callback, profile in (
                (Image, 'camera/image_raw', self._on_ceiling, qos.SENSOR),
                (Image, 'front_camera/image_raw', self._on_front, qos.SENSOR),
                (Odometry, 'odom', self._on_odometry, qos.RELIABLE),
                (DiagnosticStatus, 'planner_node/status', self._on_status, qos.LATCHED),
                (Image, 'planner_node/latent', self._on_latent, qos.COMMAND),
                (Image, 'planner_node/imagined', self._on_imagined, qos.COMMAND)):
            self.create_subscription(kind, topic, callback, profile, callback_group=group)
        self._goal = self.create_publisher(Image, 'goal_image', qos.RELIABLE)
        self.goal_latent: np.ndarray | None = None
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._thread = threading.Thread(target=self._executor.spin, name='observer', daemon=True)
        self._thread.start()

    @staticmethod
    def _jpeg(message: Image) -> np.ndarray:
        return cv2.imencode('.jpg', to_rgb(message)[..., ::-1],
                            [cv2.IMWRITE_JPEG_QUALITY, 92])[1]

    def _on_ceiling(self, message: Image) -> None:
        self.drive.ceiling.append((to_seconds(message.header.stamp), self._jpeg(message)))

    def _on_front(self, message: Image) -> None:
        self.drive.front.append((to_seconds(message.header.stamp), self._jpeg(message)))

    def _on_odometry(self, message: Odometry) -> None:
        p, q = message.pose.pose.position, message.pose.pose.orientation
        self.drive.speed_m_s = message.twist.twist.linear.x
        self.drive.path.append((to_seconds(message.header.stamp), p.x, p.y,
                                2 * math.atan2(q.z, q.w)))

    def _on_status(self, message: DiagnosticStatus) -> None:
        keys = ('cost_to_go', 'frame_age_s', 'planning_ms', 'plan_hz', 'surprise')
        self.drive.reason = next((v.value for v in message.values if v.key == 'reason'), '')
        self.drive.status.append(
            (self.now_s, message.message, {k: status_value(message, k) for k in keys}))

    def _on_latent(self, message: Image) -> None:
        self.drive.latent = np.frombuffer(message.data, '<f4').reshape(message.height, -1)

    def _on_imagined(self, message: Image) -> None:
        latents = np.frombuffer(message.data, '<f4').reshape(message.height, -1)
        self.drive.imagined.append((to_seconds(message.header.stamp), latents))

    @property
    def now_s(self) -> float:
        """Return simulated seconds."""
        return self.get_clock().now().nanoseconds * 1e-9

    @property
    def latent_distance(self) -> float:
        """Return the root mean square distance from the newest latent to ``goal_latent``."""
        if self.drive.latent is None or self.goal_latent is None:
            return math.nan
        return float(np.sqrt(np.square(self.drive.latent - self.goal_latent).mean()))

    @property
    def planner_ready(self) -> bool:
        """Tell whether a planner is active: it says idle, and hears goals."""
        return (bool(self.drive.status) and self.drive.status[-1][1] == 'idle'
                and self._goal.get_subscription_count() > 0 and bool(self.drive.ceiling)
                and bool(self.drive.path))

    def send_goal(self, picture: np.ndarray, frame_id: str) -> None:
        """Publish a goal picture (H, W, 3) uint8 RGB, as a camera's."""
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=frame_id)
        self._goal.publish(from_rgb(picture, header))

    def close(self) -> None:
        """End the thread and the node."""
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=2.0)
        self.destroy_node()


@contextmanager
def observing() -> Iterator[Observer]:
    """Join the graph for a while; Python's own signal handlers stay in place."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    observer = Observer()
    try:
        yield observer
    finally:
        observer.close()
        rclpy.try_shutdown()
