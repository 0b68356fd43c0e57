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

"""Simulator, planner and gate for the page's tests, and jepa watch beside them."""

import os
from pathlib import Path
import re
import sys
import threading

from graph_nodes import goal_picture, ROOT, small_profile, START
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from record import Record
from sensor_msgs.msg import Image
from services import Services, wait_for
from std_msgs.msg import Header
from std_srvs.srv import SetBool

from jepa_ros.cli.children import Children, node_command
from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.share import FAST_DDS_VARIABLES

# the page's tests are not about old frames: a busy machine may be as slow as this
PATIENT = ('-p', 'max_frame_age_s:=3.0')
JEPA = (sys.executable, '-m', 'jepa_ros.cli.main')


class WatchedGraph:
    """The nodes as they are, patient with a busy machine; ``record`` is what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before = {name: os.environ.get(name) for name in FAST_DDS_VARIABLES}
        os.environ.update(dict.fromkeys(FAST_DDS_VARIABLES, str(small_profile(folder))))
        self.children = Children(folder, dict(
            os.environ, PYTHONPATH=str(ROOT), OPENBLAS_NUM_THREADS='1'))

    def __enter__(self) -> 'WatchedGraph':
        simulated = ('--ros-args', '-p', 'use_sim_time:=true')
        for name, arguments in {
                'simulator_node': (
                    '--ros-args', '-p', 'front_camera:=false', '-p', 'random_start:=false',
                    '-p', f'start_x_m:={START.x}', '-p', f'start_y_m:={START.y}',
                    '-p', 'image_width_px:=320', '-p', 'image_height_px:=240'),
                'planner_node': (*simulated, *PATIENT, '-r', 'image:=camera/image_raw',
                                 '-p', f'model:={ROOT / "models" / "warehouse_ceiling"}'),
                'command_gate': (*simulated, *PATIENT, '-p', 'timeout_s:=3.0')}.items():
            self.children.start(name, [*node_command(name), *arguments])
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self.record, self.tools = Record(stamped=False), Node('tools')
        self.ask = Services(self.tools)
        self.imagined: list[Image] = []
        self.tools.create_subscription(Image, 'planner_node/imagined', self.imagined.append,
                                       qos.COMMAND)
        self._goals = self.tools.create_publisher(Image, 'goal_image', qos.RELIABLE)
        self._executor = SingleThreadedExecutor()
        for node in (self.record, self.tools):
            self._executor.add_node(node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        wait_for(lambda: self.record.planner and self.record.planner[-1].frame_s > 0
                 and self.record.gate, 'planner and gate')
        return self

    def __exit__(self, *_: object) -> None:
        self.children.stop()
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(timeout=2.0)
        for node in (self.record, self.tools):
            node.destroy_node()
        rclpy.try_shutdown()
        for name, value in self._before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value

    def watch(self, *options: str) -> str:
        """Start jepa watch; return the address of its page."""
        self.children.start('watch', [*JEPA, 'watch', '--port', '0', '--no-open', *options])
        log = self.folder / 'watch.log'

        def address() -> str:
            self.children.check()
            found = re.search(r'http://\S+/', log.read_text())
            return found[0] if found else ''

        return wait_for(address, 'the address of the page')

    def set_off(self) -> None:
        """Put the robot at the start of a free way and see it move."""
        assert self.ask.trigger('simulator_node/reset').success
        self.ask.call(SetBool, 'command_gate/stop', SetBool.Request(data=False))
        assert self.ask.trigger('command_gate/reset').success
        self.record.clear()
        self._goals.publish(from_rgb(goal_picture(), Header(frame_id='ceiling_camera')))
        wait_for(lambda: len(self.record.commands) > 3
                 and all(c.moves for c in self.record.commands[-2:]), 'motion')
