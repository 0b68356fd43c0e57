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

"""A camera and wheels, to measure what lies between: ``jepa bench graph`` starts it."""

from collections.abc import Callable
import json
import math
from pathlib import Path
import sys
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import TwistStamped
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from jepa_ros.ros import params, qos
from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.latency import Delivered, first_commands, Taken
from jepa_ros.ros.messages import from_twist, status_value, to_seconds
from jepa_ros.ros.pace import Pace
from jepa_ros.ros.process import NodeEndsError, run, STEADY
from jepa_ros.types import Status

TABLE = (
    params.Entry('pictures', '', 'path', 'an npz with frame and goal, (height, width, 3) uint8'),
    params.Entry('folder', '', 'path', 'where began, ended and result.json are written'),
    params.Entry('rate_hz', 30.0, 'Hz', 'frames in a second', 1.0, 200.0),
    params.Entry('seconds', 60.0, 's', 'how long to measure', 1.0, 3600.0),
    params.Entry('settle_s', 2.0, 's', 'how long to drive before', 0.0, 60.0),
    params.Entry('gate', False, 'bool', 'take cmd_vel for the command, not cmd_vel_nav'),
)
# Far more than nodes need to start on a busy machine.
_PATIENCE_S = 60.0


class BenchRobot(Node):
    """
    Send one picture again and again, and see when the command that answers each frame comes.

    The robot never moves, so the planner never arrives.  Times of arrival are the middleware's
    own: this process sends megabytes, and must not mistake its own slowness for the planner's.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        super().__init__('bench_robot')
        params.declare(self, TABLE)
        self._values = params.values(self, TABLE)
        pictures = np.load(self._values['pictures'])
        self._frame = from_rgb(pictures['frame'], Header(frame_id='camera'))
        self._goal = from_rgb(pictures['goal'], Header(frame_id='camera'))
        self._images = self.create_publisher(Image, 'image', qos.SENSOR)
        self._goals = self.create_publisher(Image, 'goal_image', qos.RELIABLE)
        self._sent_s: list[float] = []
        self._sent: dict[str, list[Delivered]] = {'cmd_vel_nav': [], 'cmd_vel': []}
        self._taken: list[Taken] = []
        self._word = ''
        self._seen = False
        self._figures: list[dict[str, str]] = []
        for topic, heard in self._sent.items():
            self.create_subscription(
                TwistStamped, topic,
                lambda message, info, heard=heard: heard.append(_delivered(message, info)), 100)
        self.create_subscription(DiagnosticStatus, 'planner_node/status', self._on_status, 100)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._sending, self._closing = threading.Event(), threading.Event()
        self._failure: Exception | None = None
        self._pace = Pace(1.0 / self._values['rate_hz'], self._send_frame, self._fail)
        self._thread = threading.Thread(target=self._go, args=(done,), daemon=True)
        self._thread.start()
        self.create_timer(0.2, self._check, clock=STEADY)

    # -- what comes and goes

    def _send_frame(self) -> None:
        if self._sending.is_set():
            stamp = self.get_clock().now().to_msg()
            self._frame.header.stamp = stamp
            self._images.publish(self._frame)
            self._sent_s.append(to_seconds(stamp))

    def _on_status(self, status: DiagnosticStatus) -> None:
        self._word = status.message
        frame_s, age_s = (status_value(status, key) for key in ('frame_stamp', 'frame_age_s'))
        self._seen |= math.isfinite(frame_s)
        if self._word == Status.DRIVING.value and math.isfinite(status_value(status,
                                                                             'planning_ms')):
            self._taken.append(Taken(frame_s, frame_s + age_s))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._figures += [{item.key: item.value for item in status.values}
                          for status in message.status if status.name.endswith(': planning')]

    # -- the measurement

    def _go(self, done: Callable[[], None]) -> None:
        try:
            self._measure()
            done()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error

    def _check(self) -> None:
        if self._failure is not None:
            raise NodeEndsError('the measurement failed') from self._failure

    def _measure(self) -> None:
        """Count frames from a rest to a rest; time commands in between."""
        folder = Path(self._values['folder'])
        self._sending.set()
        self._wait_for(lambda: self._seen and self._goals.get_subscription_count(), 'a planner')
        before, sent = self._rest(), len(self._sent_s)
        self._sending.set()
        self._goals.publish(self._goal)
        self._wait_for(lambda: self._word == Status.DRIVING.value, 'a plan')
        self._closing.wait(self._values['settle_s'])
        began_s = time.time()
        (folder / 'began').touch()
        self._closing.wait(self._values['seconds'])
        ended_s = time.time()
        (folder / 'ended').touch()
        after = self._rest()
        sent = len(self._sent_s) - sent
        taken = [t for t in self._taken if began_s <= t.taken_s < ended_s]
        nav = self._sent['cmd_vel_nav']
        waits_s, hops_s = first_commands(
            taken, nav, self._sent['cmd_vel'] if self._values['gate'] else nav)
        (folder / 'result.json').write_text(json.dumps({
            'sent': sent, 'came': int(after['frames']) - int(before['frames']),
            **{key: int(after[key]) - int(before[key])
               for key in ('dropped_frames', 'late_plans', 'deadline_misses')},
            'seconds': ended_s - began_s, 'plans': len(taken), 'figures': after,
            'camera_to_command_s': waits_s, 'command_s': hops_s}))

    def _rest(self) -> dict[str, str]:
        """Send no frames; return the planner's figures when all that were sent have come."""
        self._sending.clear()
        told = len(self._figures)
        # the first may have been on its way
        self._wait_for(lambda: len(self._figures) >= told + 2, 'diagnostics')
        return self._figures[-1]

    def _wait_for(self, condition: Callable[[], object], what: str) -> None:
        limit_s = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > limit_s or self._closing.wait(0.02):
                raise NodeEndsError(f'{what} did not come within {_PATIENCE_S:.0f} s')

    def close(self) -> None:
        """End both threads."""
        self._closing.set()
        self._pace.close()
        self._thread.join(timeout=5.0)


def _delivered(message: TwistStamped, info: dict) -> Delivered:
    return Delivered(to_seconds(message.header.stamp), info['received_timestamp'] * 1e-9,
                     tuple(from_twist(message)))


def main() -> int:
    """Measure once; return 0 when the result is written."""
    done = threading.Event()
    return run(lambda: BenchRobot(done.set), until=done)


if __name__ == '__main__':
    sys.exit(main())
