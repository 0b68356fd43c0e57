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
from collections.abc import Mapping
from dataclasses import asdict
import math
import uuid

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import Path
import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from jepa_ros.engines.load import Engine
from jepa_ros.ros import messages, qos
from jepa_ros.ros.controllers.controller import Controller
from jepa_ros.ros.convert import from_latents
from jepa_ros.ros.plan_markers import to_markers, to_word_markers, words_of
from jepa_ros.ros.plan_path import to_path
from jepa_ros.ros.process import now_s, steady_s
from jepa_ros.types import Decision, Status

LEVELS = {
    Status.IDLE: DiagnosticStatus.OK,
    Status.DRIVING: DiagnosticStatus.OK,
    Status.ARRIVED: DiagnosticStatus.OK,
    Status.STALE: DiagnosticStatus.WARN,
    Status.FAULT: DiagnosticStatus.ERROR,
}
# The plan rate is the mean over this long.
_RATE_WINDOW_S = 2.0
# A position sent longer ago than this is not held: somebody else may have moved the robot.
_HOLD_S = 2.0


class PlannerOutputs:
    """The publishers of the planner node; commands, plans and latents only while it is active."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._status = node.create_publisher(DiagnosticStatus, '~/status', qos.LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._plan = node.create_lifecycle_publisher(JointTrajectory, '~/plan', qos.COMMAND)
        self._path = node.create_lifecycle_publisher(Path, '~/path', qos.COMMAND)
        self._markers = node.create_lifecycle_publisher(MarkerArray, '~/markers', qos.COMMAND)
        self._latent = node.create_lifecycle_publisher(Image, '~/latent', qos.COMMAND)
        self._imagined = node.create_lifecycle_publisher(Image, '~/imagined', qos.COMMAND)
        self._surprise = node.create_lifecycle_publisher(Float32, '~/surprise', qos.COMMAND)
        self._command = None
        self._engine: dict[str, str] = {}
        self._planned_s: deque[float] = deque(maxlen=500)
        self._values: dict[str, float | str] = {}
        self.surprise_limit = math.nan
        self._run = uuid.uuid4().hex        # another one in each process
        self.word = Status.IDLE
        self.begun = ''                     # what began the present drive; '' where there is none

    def configure(self, model: Engine, controller: Controller, frame_id: str) -> None:
        """Make the command's publisher, of a controller that a model's actions fit."""
        self._action = model.spec.action
        self._controller, self._frame_id = controller, frame_id
        self._sent: tuple[np.ndarray, float] | None = None      # the newest command, and when
        self.surprise_limit = model.spec.surprise_limit
        self._engine = {name: getattr(model, name)
                        for name in ('engine', 'device', 'precision', 'why')}
        self._command = self._node.create_lifecycle_publisher(
            controller.kind, controller.topics[0], qos.COMMAND)

    def cleanup(self) -> None:
        """Remove the command's publisher."""
        if self._command is not None:
            self._node.destroy_lifecycle_publisher(self._command)
            self._command = None

    def command(self, command: np.ndarray) -> None:
        """Publish a command of A values, stamped now."""
        self._sent = (command, steady_s())
        self._publish(command, rest=False)

    def zero(self) -> None:
        """Publish rest: the zero command or, where commands are positions, the last one."""
        if not self._controller.holds:
            self._publish(np.zeros(self._action.width), rest=True)
        elif self._sent is not None and steady_s() - self._sent[1] <= _HOLD_S:
            self._publish(self._sent[0], rest=True)

    def _publish(self, command: np.ndarray, rest: bool) -> None:
        message = self._controller.message(command, self._node.get_clock().now().to_msg(), rest)
        if message is not None:
            self._command.publish(message)
        elif not rest:
            self._node.get_logger().warning(
                'no command: nothing on joint_states tells where the joints are',
                throttle_duration_sec=1.0)

    def look(self, percept: Decision) -> bool:
        """Publish what was seen in a frame, for those who listen; return True if it surprises."""
        if percept.latent is not None and self._latent.get_subscription_count():
            self._latent.publish(from_latents(percept.latent, self._header(percept)))
        if math.isfinite(percept.surprise):
            self._surprise.publish(Float32(data=float(percept.surprise)))
        return percept.surprise > self.surprise_limit

    def imagine(self, decision: Decision, committed: int) -> None:
        """
        Publish a plan and what it should lead to, for those who listen.

        The first ``committed`` of its actions were settled before it was made.
        """
        plan = decision.plan
        if plan is not None and any(output.get_subscription_count() for output in
                                    (self._plan, self._path, self._markers)):
            trajectory = messages.to_trajectory(plan, self._action, self._frame_id)
            self._plan.publish(trajectory)
            self._path.publish(to_path(trajectory))
            # none after a stop since the decision: then it is that which is shown
            if self.word is Status.DRIVING and self._markers.get_subscription_count():
                self._markers.publish(to_markers(trajectory, self._action.block, committed,
                                                 words_of(decision)))
        if plan is not None and self._imagined.get_subscription_count():
            self._imagined.publish(from_latents(plan.latents, self._header(decision)))

    def decide(self, decision: Decision) -> None:
        """Publish the status of a decision."""
        plan = decision.plan
        if plan is not None:
            self._planned_s.append(steady_s())
        self._values = {
            'cost_to_go': decision.cost_to_go,
            'frame_stamp': decision.frame_stamp_s,
            'frame_age_s': now_s(self._node) - decision.frame_stamp_s,
            'planning_ms': plan.planning_s * 1e3 if plan is not None else math.nan,
            'surprise': decision.surprise,
            'reason': decision.reason,
        }
        if decision.goal_pose is not None:
            self._values |= {f'goal_{name}': value
                             for name, value in asdict(decision.goal_pose).items()}
        number, count = decision.picture
        if count:
            self._values['picture'] = f'{number} of {count}'
        self._tell(decision.status)

    def status(self, word: Status, reason: str) -> None:
        """Publish a status word that no decision says."""
        self._values = self._values | {'planning_ms': math.nan, 'reason': reason}
        self._tell(word)

    def _tell(self, word: Status) -> None:
        self.word = word
        self._status.publish(self._message({}, LEVELS[word]))
        if word is not Status.DRIVING and self._markers.get_subscription_count():
            self._markers.publish(to_word_markers(Header(
                stamp=self._node.get_clock().now().to_msg(), frame_id=self._frame_id),
                word.value))

    def diagnostics(self, figures: Mapping[str, float | str], level: bytes) -> None:
        """Publish the status to /diagnostics, with more figures."""
        self._diagnostics.publish(messages.to_diagnostics(
            self._node.get_clock().now().to_msg(),
            self._message({**self._engine, **figures}, level)))

    def _header(self, decision: Decision) -> Header:
        return Header(stamp=messages.to_stamp(max(decision.frame_stamp_s, 0.0)),
                      frame_id=self._frame_id)

    def _message(self, figures: Mapping[str, float | str], level: bytes) -> DiagnosticStatus:
        device = self._engine.get('device', '')
        return messages.to_status(
            f'{messages.name_of(self._node)}: planning', level, self.word.value, device,
            {'reason': '', 'plan_hz': self._plan_hz(), 'engine': self._engine.get('engine', ''),
             'device': device, 'surprise_limit': self.surprise_limit, 'run': self._run,
             'begun': self.begun} | self._values | figures)

    def _plan_hz(self) -> float:
        since_s = steady_s() - _RATE_WINDOW_S
        return sum(planned_s > since_s for planned_s in tuple(self._planned_s)) / _RATE_WINDOW_S
