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

"""What the planner node says: commands, plan, latents, surprise, status, diagnostics."""

from collections import deque
import math

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros import messages, qos
from jepa_ros.ros.convert import from_latents
from jepa_ros.ros.process import now_s, steady_s
from jepa_ros.types import ActionSpec, Decision, Status

_LEVELS = {
    Status.IDLE: DiagnosticStatus.OK,
    Status.DRIVING: DiagnosticStatus.OK,
    Status.ARRIVED: DiagnosticStatus.OK,
    Status.STALE: DiagnosticStatus.WARN,
    Status.FAULT: DiagnosticStatus.ERROR,
}
# The plan rate is the mean over this long.
_RATE_WINDOW_S = 2.0


class PlannerOutputs:
    """The publishers of the planner node; commands, plans and latents only while it is active."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._status = node.create_publisher(DiagnosticStatus, '~/status', qos.LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._plan = node.create_lifecycle_publisher(JointTrajectory, '~/plan', qos.COMMAND)
        self._latent = node.create_lifecycle_publisher(Image, '~/latent', qos.COMMAND)
        self._imagined = node.create_lifecycle_publisher(Image, '~/imagined', qos.COMMAND)
        self._surprise = node.create_lifecycle_publisher(Float32, '~/surprise', qos.COMMAND)
        self._command = None
        self._engine = self._device = ''
        self._planned_s: deque[float] = deque()
        self._values: dict[str, float | str] = {}
        self._word = Status.IDLE

    def configure(self, action: ActionSpec, stamped: bool, frame_id: str, engine: str,
                  device: str) -> None:
        """Make the command's publisher for a model's actions; ValueError where no Twist fits."""
        messages.check_names(action.names)
        self._action, self._stamped, self._frame_id = action, stamped, frame_id
        self._engine, self._device = engine, device
        self._command = self._node.create_lifecycle_publisher(
            TwistStamped if stamped else Twist, 'cmd_vel_nav', qos.COMMAND)

    def cleanup(self) -> None:
        """Remove the command's publisher."""
        if self._command is not None:
            self._node.destroy_lifecycle_publisher(self._command)
            self._command = None

    def command(self, command: np.ndarray) -> None:
        """Publish a command of A values, stamped now."""
        self._command.publish(messages.to_command_message(
            command, self._node.get_clock().now().to_msg(), self._frame_id, self._stamped,
            self._action.names))

    def zero(self) -> None:
        """Publish the zero command."""
        self.command(np.zeros(self._action.width))

    def decision(self, decision: Decision) -> None:
        """Publish the insides of a decision for those who listen, and its status."""
        header = Header(stamp=messages.to_stamp(max(decision.frame_stamp_s, 0.0)),
                        frame_id=self._frame_id)
        plan = decision.plan
        if plan is not None:
            self._planned_s.append(steady_s())
            if self._plan.get_subscription_count():
                self._plan.publish(messages.to_trajectory(plan, self._action, self._frame_id))
            if self._imagined.get_subscription_count():
                self._imagined.publish(from_latents(plan.latents, header))
        if decision.latent is not None and self._latent.get_subscription_count():
            self._latent.publish(from_latents(decision.latent, header))
        if math.isfinite(decision.surprise):
            self._surprise.publish(Float32(data=float(decision.surprise)))
        self._values = {
            'cost_to_go': decision.cost_to_go,
            'frame_stamp': decision.frame_stamp_s,
            'frame_age_s': now_s(self._node) - decision.frame_stamp_s,
            'planning_ms': plan.planning_s * 1e3 if plan is not None else math.nan,
            'surprise': decision.surprise,
        }
        self.status(decision.status, decision.reason)

    def status(self, word: Status, reason: str) -> None:
        """Publish the status word with the newest figures."""
        self._word, self._values['reason'] = word, reason
        self._status.publish(self._message())

    def _message(self) -> DiagnosticStatus:
        return messages.to_status(
            f'{self._node.get_name()}: planning', _LEVELS[self._word], self._word.value,
            self._device,
            {'reason': '', 'plan_hz': self._plan_hz(), 'engine': self._engine,
             'device': self._device}
            | self._values)

    def _plan_hz(self) -> float:
        since = steady_s() - _RATE_WINDOW_S
        while self._planned_s and self._planned_s[0] < since:
            self._planned_s.popleft()
        return len(self._planned_s) / _RATE_WINDOW_S

    def diagnostics(self) -> None:
        """Publish the status to /diagnostics."""
        self._diagnostics.publish(messages.to_diagnostics(
            self._node.get_clock().now().to_msg(), self._message()))
