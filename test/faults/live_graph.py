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


"""Simulator, planner and gate as they are, as processes, with a relay on the links between."""

from collections.abc import Callable, Sequence
import math
import os
from pathlib import Path
import tempfile
import threading
import time

from graph_nodes import goal_picture, make_nodes, numbered, small_profile
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from record import Record
from relay import Relay
from sensor_msgs.msg import Image
from services import ANSWER_S, Services, wait_for
from std_msgs.msg import Header
from verdict import between

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.share import FAST_DDS_VARIABLES

AT_SPEED_M_S = 0.25


class LiveGraph:
    """
    The whole graph in a ROS domain of its own.

    A relay stands between simulator and planner, and but for ``direct`` between planner and gate.
    ``stamped`` commands are TwistStamped.  ``planner`` is a module to run in the planner's place,
    ``gate`` more arguments of the gate.
    """

    def __init__(self, stamped: bool = False, direct: bool = False, planner: str = '',
                 gate: Sequence[str] = ()) -> None:
        self._made = tempfile.TemporaryDirectory(prefix='jepa_faults_')
        self.folder = Path(self._made.name)
        self._profile = small_profile(self.folder)
        self.stamped, self.direct = stamped, direct
        self._endings: list[Callable[[], object]] = []
        self.goal_picture, self._drives = goal_picture(), 0
        self.nodes = make_nodes(self.folder, self._profile, stamped, direct, planner, gate)

    # -- life

    def __enter__(self) -> 'LiveGraph':
        self._environment_before = {name: os.environ.get(name) for name in FAST_DDS_VARIABLES}
        os.environ.update(dict.fromkeys(FAST_DDS_VARIABLES, str(self._profile)))
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self.relay = Relay(self.stamped, self.direct)
        self.record = Record(self.stamped)
        self.tools = Node('tools')
        self.ask = Services(self.tools)
        self._goals = self.tools.create_publisher(Image, 'goal_image', qos.RELIABLE)
        self._executors, self._threads = [], []
        for nodes in ([self.relay], [self.record, self.tools]):
            executor = SingleThreadedExecutor()
            for node in nodes:
                executor.add_node(node)
            self._executors.append(executor)
            self._threads.append(threading.Thread(target=executor.spin, daemon=True))
            self._threads[-1].start()
        try:
            self.repair()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end_nodes()
        for executor in self._executors:
            executor.shutdown(timeout_sec=2.0)
        for thread in self._threads:
            thread.join(timeout=2.0)
        for node in (self.relay, self.record, self.tools):
            node.destroy_node()
        rclpy.try_shutdown()
        for name, value in self._environment_before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        self._made.cleanup()

    def _end_nodes(self) -> None:
        for node in self.nodes.values():
            node.end()

    def repair(self) -> None:
        """Straighten every link, start what is dead or hangs, and wait until all is ready."""
        self.relay.straighten()
        self.quiet()
        for again in (True, False):
            for name in [name for name, node in self.nodes.items() if not node.alive]:
                self.respawn(name)
            try:
                self.wait_ready()
                return
            except AssertionError:
                self._end_nodes()       # one that hangs must not fail every fault after it
                if not again:
                    raise

    def respawn(self, name: str) -> None:
        """Start a node that has ended."""
        self.nodes[name].end()
        self.nodes[name].start()

    @property
    def pids(self) -> dict[str, int]:
        """Return the process id of each node that runs."""
        return {name: node.pid for name, node in self.nodes.items() if node.alive}

    def wait_ready(self) -> None:
        """Wait until each node has said that it is active."""
        wait_for(lambda: between(list(self.relay.clock.sent_s), self.nodes['simulator'].began_s,
                                 math.inf), 'simulated time')
        for name, words in (('planner', self.record.planner), ('gate', self.record.gate)):
            began_s = self.nodes[name].began_s
            wait_for(lambda w=words, b=began_s: w and w[-1].came_s > b, f'a word of the {name}')
        for node in ('planner_node', 'command_gate'):
            self.ask.ensure_active(node)
        wait_for(lambda: self.record.planner[-1].frame_s > 0, 'a frame that the planner has seen')

    # -- what is done to it

    def send_goal(self, picture: np.ndarray | Image | None = None) -> None:
        """Send a goal: a picture, a message as it is, or that of the far end of the way."""
        if not isinstance(picture, Image):
            picture = from_rgb(self.goal_picture if picture is None else picture,
                               Header(frame_id='ceiling_camera'))
        self._goals.publish(picture)

    def every(self, period_s: float, act: Callable[[], object]) -> None:
        """Do something again and again, until ``quiet``."""
        timer = self.tools.create_timer(period_s, act)
        self.at_end(lambda: self.tools.destroy_timer(timer))

    def at_end(self, act: Callable[[], object]) -> None:
        """Do something at the next ``quiet``."""
        self._endings.append(act)

    def quiet(self) -> None:
        """End everything that is done beside the links."""
        while self._endings:
            self._endings.pop()()

    # -- the start of every fault

    def to_speed(self) -> None:
        """Put the robot at the start of the way and let it drive; return when it is fast."""
        self.ask.trigger('planner_node/cancel')
        # the picture that was cancelled is none to drive to
        self._drives += 1
        self.goal_picture = numbered(self.goal_picture, self._drives)
        wait_for(lambda: self.record.planner[-1].word != 'driving'
                 and self.record.gate[-1].word != 'moving', 'rest')
        assert self.ask.trigger('simulator_node/reset').success
        self.ask.trigger('command_gate/reset')
        self.record.clear()
        for link in self.relay.links:
            link.clear()
        began_s = time.time()
        sent_s = -math.inf

        def fast() -> bool:
            nonlocal sent_s
            if time.monotonic() > sent_s + ANSWER_S and self.record.planner[-1].word != 'driving':
                self.send_goal()
                sent_s = time.monotonic()
            said, newest = self.record.gate[-1], self.record.commands[-3:]
            return (said.word == 'moving' and said.came_s > began_s and len(newest) == 3
                    and all(abs(c.speed_m_s) >= AT_SPEED_M_S and c.came_s > began_s
                            for c in newest))

        wait_for(fast, f'a speed of {AT_SPEED_M_S} m/s')
