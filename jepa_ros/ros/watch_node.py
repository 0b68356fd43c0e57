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

"""A node that looks at the whole graph and says nothing in it, but for a stop that is pressed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros import params, qos, watch_values
from jepa_ros.ros.process import now_s, run, STEADY
from jepa_ros.ros.watch_board import WatchBoard
from jepa_ros.ros.watch_desk import WatchDesk
from jepa_ros.ros.watch_sinks import Sink
from jepa_ros.ros.watch_topic import WatchTopic
from jepa_ros.web.board import Board

TABLE = (
    params.Entry('image', 'camera/image_raw', 'topic', 'the camera, raw or compressed'),
    params.Entry('goal', 'goal_image', 'topic', 'goal pictures'),
    params.Entry('cmd_vel', 'cmd_vel', 'topic', 'what goes to the wheels, or joints'),
    params.Entry('planner', 'planner_node', 'name', 'the planner'),
    params.Entry('gate', 'command_gate', 'name', 'the command gate'),
)
# who looks must not slow down who is looked at: nothing is sent to us twice
_LOOK = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=20,
                   reliability=ReliabilityPolicy.BEST_EFFORT)
_LOOK_S = 0.5


class WatchNode(Node):
    """
    Hand what is heard to the sinks; ``desk`` presses the gate's stop.

    Topics are looked for until somebody publishes them, so it may start before or after them.
    """

    def __init__(self, board: Board, sinks: Sequence[Sink], namespace: str = '',
                 parameters: Sequence[Parameter] = ()) -> None:
        super().__init__('watch_node', namespace=namespace,
                         parameter_overrides=list(parameters))
        params.declare(self, TABLE)
        values = params.values(self, TABLE)
        params.guard(self, TABLE, lambda _: None, lambda: [entry.name for entry in TABLE])
        self._board, self._sinks = board, (WatchBoard(board), *sinks)
        planner, gate = values['planner'], values['gate']
        self._names = {
            f'{self.resolve_topic_name(planner).lstrip("/")}: planning': 'planner',
            f'{self.resolve_topic_name(gate).lstrip("/")}: gate': 'gate'}
        self.desk = WatchDesk(self, gate, board)
        self._topics = {
            'camera': WatchTopic(self, values['image'], watch_values.PICTURES,
                                 lambda message: self._on_picture('camera', message),
                                 qos.SENSOR),
            'command': WatchTopic(self, values['cmd_vel'], watch_values.COMMANDS,
                                  self._on_command, _LOOK)}
        for kind, topic, callback, profile in (
                (Image, values['goal'], lambda m: self._on_picture('goal', m), qos.RELIABLE),
                (JointTrajectory, f'{planner}/plan', self._on_plan, qos.SENSOR),
                (Image, f'{planner}/latent', lambda m: self._on_latents('latent', m),
                 qos.SENSOR),
                (Image, f'{planner}/imagined', lambda m: self._on_latents('imagined', m),
                 qos.SENSOR),
                (Float32, f'{planner}/surprise', self._on_surprise, _LOOK),
                (DiagnosticStatus, f'{planner}/status', lambda m: self._on_word('planner', m),
                 qos.LATCHED),
                (DiagnosticStatus, f'{gate}/state', lambda m: self._on_word('gate', m),
                 qos.LATCHED),
                (DiagnosticArray, '/diagnostics', self._on_diagnostics, _LOOK)):
            self.create_subscription(kind, topic, callback, profile)
        board.tell('topics', {name: self.resolve_topic_name(topic) for name, topic in {
            'camera': values['image'], 'goal': values['goal'], 'command': values['cmd_vel'],
            'planner': planner, 'gate': gate}.items()})
        self.create_timer(_LOOK_S, self._look, clock=STEADY)
        self._look()

    def _look(self) -> None:
        """Look for publishers and for the gate, and tell the page who is missing."""
        wrong = {name: topic.look() for name, topic in self._topics.items()}
        self._board.tell('links', {**wrong, 'gate': self.desk.trouble()})

    # -- what is heard

    def _each(self, tell: Callable[[Sink, float], None], message: Any) -> None:
        stamp_s = watch_values.stamp_of(message, now_s(self))
        for sink in self._sinks:
            tell(sink, stamp_s)

    def _on_picture(self, name: str, message: Any) -> None:
        self._each(lambda sink, at_s: sink.picture(name, message, at_s), message)

    def _on_latents(self, name: str, message: Image) -> None:
        try:
            rows = watch_values.to_latents(message)
        except ValueError as error:
            self.get_logger().warning(f'{name}: {error}', throttle_duration_sec=10.0)
            return
        self._each(lambda sink, at_s: sink.latents(name, rows, at_s), message)

    def _on_plan(self, message: JointTrajectory) -> None:
        self._each(lambda sink, at_s: sink.plan(message, at_s), message)

    def _on_surprise(self, message: Float32) -> None:
        self._each(lambda sink, at_s: sink.surprise(message.data, at_s), message)

    def _on_word(self, name: str, message: DiagnosticStatus) -> None:
        self._each(lambda sink, at_s: sink.said(name, message, at_s), message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = self._names.get(status.name)
            if name == 'gate':
                self.desk.heard()
            if name is not None:
                self._each(lambda sink, at_s, name=name, status=status:
                           sink.figures(name, status, at_s), message)

    def _on_command(self, message: Any) -> None:
        values = watch_values.command_values(message)
        self._each(lambda sink, at_s: sink.command(values, at_s), message)

    def close(self) -> None:
        """Press nothing more, and complete what is written."""
        self.desk.close()
        for sink in self._sinks:
            sink.close()


def watch(board: Board, sinks: Sequence[Sink], namespace: str, values: Mapping[str, Any],
          begin: Callable[[WatchNode], None]) -> int:
    """Look until a signal comes, ``begin`` once the node is there; return the exit code."""
    parameters = [Parameter(name, value=value) for name, value in values.items()]

    def make() -> WatchNode:
        node = WatchNode(board, sinks, namespace, parameters)
        begin(node)
        return node

    return run(make)
