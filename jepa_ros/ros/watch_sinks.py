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

"""What a watcher of the graph is told: the same for a page and for a recording."""

from collections.abc import Mapping
from typing import Protocol

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from trajectory_msgs.msg import JointTrajectory


class Sink(Protocol):
    """
    Who is told; every ``stamp_s`` is ROS time in seconds.

    That is the time of the header, or of the node's clock where a message has none.
    """

    def picture(self, name: str, message: Image | CompressedImage, stamp_s: float) -> None:
        """Take a picture, 'camera' or 'goal', as it came."""

    def latents(self, name: str, rows: np.ndarray, stamp_s: float) -> None:
        """Take 'latent' (L, D) or 'imagined' (H * L, D), float32."""

    def plan(self, plan: JointTrajectory, stamp_s: float) -> None:
        """Take the newest plan."""

    def surprise(self, value: float, stamp_s: float) -> None:
        """Take the surprise of a frame."""

    def said(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Take a word of the 'planner' or the 'gate', as it is said."""

    def figures(self, name: str, status: DiagnosticStatus, stamp_s: float) -> None:
        """Take what the 'planner' or the 'gate' tells of itself once a second."""

    def command(self, values: Mapping[str, float], stamp_s: float) -> None:
        """Take a command that goes to the wheels, or joints: numbers by name."""

    def close(self) -> None:
        """Complete what is written."""
