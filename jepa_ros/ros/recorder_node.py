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

"""Record topics into a rosbag2 folder, as they came: MCAP, with zstd, in files of a size."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
import sys
import threading
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

from jepa_ros.ros import messages, params, signals
from jepa_ros.ros.bag_thread import BagThread, Topic
from jepa_ros.ros.bag_writer import BagConfig, BagWriter
from jepa_ros.ros.process import NodeEndsError, run, STEADY, steady_s
from jepa_ros.ros.recorder_clock import RecorderClock
from jepa_ros.ros.recorder_figures import Counting, Figures, free_mb
from jepa_ros.ros.recorder_params import TABLE
from jepa_ros.ros.recorder_topics import received_ns, RecorderTopics

# every tick, as messages between two of them have their time from both
_TICKS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1000,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
_LOOK_S = 0.2
_REPORT_S = 1.0
# how often the log says how it goes, and how often what is missing
_LOG_S, _LACK_S = 10.0, 5.0


class Outcome:
    """How a recording ended: ``done`` is set when it has its length, ``code`` is 0 or 1."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.code = 0


class RecorderNode(Node):
    """
    Write every message of some topics down, serialised, at the time at which it was received.

    With ``use_sim_time`` that is simulated time, so that messages without a stamp, such as Twist,
    stand on the clock of the stamps beside them.  ``tell`` is called with figures once a second.
    """

    def __init__(self, outcome: Outcome, parameters: Sequence[Parameter] = (),
                 tell: Callable[[Figures], None] | None = None) -> None:
        super().__init__('recorder_node', parameter_overrides=list(parameters))
        params.declare(self, TABLE)
        values = params.values(self, TABLE)
        params.guard(self, TABLE, lambda _: None, lambda: [entry.name for entry in TABLE])
        self._outcome, self._tell = outcome, tell
        self._duration_ns = round(values['duration_s'] * 1e9)
        self._wait_s = values['wait_s']
        simulated = self.get_parameter('use_sim_time').value
        self._times = RecorderClock(simulated, self._keep)
        self._topics = RecorderTopics(self, values['topics'], self._times.take)
        self._counting = Counting(self._topics.names)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        folder = Path(values['out'] or f'drive_{datetime.now():%Y-%m-%d_%H-%M-%S}').expanduser()
        config = BagConfig(values['zstd'], values['max_mb'] * 10 ** 6, values['max_s'])
        self._bag = BagThread(BagWriter(folder, config), values['queue_mb'] * 10 ** 6,
                              values['min_free_mb'] * 10 ** 6)
        self._first_ns: int | None = None
        self._last_ns = 0
        self._began_s = self._logged_s = steady_s()
        if simulated:
            self.create_subscription(Clock, '/clock', self._on_clock, _TICKS)
        self.create_timer(_LOOK_S, self._look, clock=STEADY)
        self.create_timer(_REPORT_S, self._report, clock=STEADY)

    def _on_clock(self, message: Clock, info: Mapping[str, int]) -> None:
        self._times.tick(message.clock.sec * 10 ** 9 + message.clock.nanosec, received_ns(info))

    def _keep(self, topic: Topic, time_ns: int, data: bytes) -> None:
        if self._first_ns is None:
            self._first_ns = self._last_ns = time_ns
        if time_ns < self._last_ns - 10 ** 9:
            self.get_logger().warning(
                f'time went back from {self._last_ns * 1e-9:.3f} s to {time_ns * 1e-9:.3f} s: '
                'was the simulator, or its clock, started again?', throttle_duration_sec=_LOG_S)
        self._last_ns = time_ns
        if self._duration_ns and time_ns - self._first_ns >= self._duration_ns:
            self._outcome.done.set()
            return
        self._counting.count(topic.name, len(data))
        self._bag.offer(topic, time_ns, data)

    def _look(self) -> None:
        """Look for publishers, and whether the bag is still written."""
        self._times.look()
        if self._bag.failure is not None:
            raise NodeEndsError(f'the bag ends here: {self._bag.failure}; '
                                f'{free_mb(self._bag.writer.folder):.0f} MB are free')
        try:
            self._topics.look()
        except ValueError as error:
            raise NodeEndsError(str(error)) from error
        waited_s = steady_s() - self._began_s
        if self._wait_s and waited_s >= self._wait_s and self._counting.silent():
            raise NodeEndsError(f'{self._lack()} after {self._wait_s:g} s')

    def _lack(self) -> str:
        """Return what is not there yet, in words; empty where all is."""
        missing = self._topics.missing
        silent = [name for name in self._counting.silent() if name not in missing]
        said = [f'nobody publishes {", ".join(missing)}'] if missing else []
        if silent and self._times.stands_still:
            said.append('there is no /clock, which use_sim_time needs')
        elif silent:
            said.append(f'no message of {", ".join(silent)} has come')
        return ', and '.join(said)

    def _figures(self) -> Figures:
        length_s = (self._last_ns - self._first_ns) * 1e-9 if self._first_ns is not None else 0.0
        return self._counting.figures(self._bag, self._topics.kinds(), self._lack(), length_s,
                                      steady_s())

    def _report(self) -> None:
        figures = self._figures()
        level = (DiagnosticStatus.WARN if figures.dropped or figures.lack
                 else DiagnosticStatus.OK)
        self._diagnostics.publish(messages.to_diagnostics(
            self.get_clock().now().to_msg(), messages.to_status(
                f'{messages.name_of(self)}: recorder', level, 'recording', '', figures.values())))
        if self._tell is not None:
            self._tell(figures)
            return
        if figures.dropped:
            self.get_logger().warning(
                f'{figures.dropped} messages dropped: the disk cannot keep up',
                throttle_duration_sec=_LOG_S)
        if figures.lack:
            self.get_logger().warning(f'waiting: {figures.lack}', throttle_duration_sec=_LACK_S)
        elif steady_s() - self._logged_s >= _LOG_S:
            self._logged_s = steady_s()
            self.get_logger().info(figures.summary())

    def close(self) -> None:
        """Complete the bag, and say what is in it."""
        self._times.end()
        folder = self._bag.writer.folder
        try:
            with signals.unhurried():       # a slow disk may have much to write yet
                self._bag.close()
        except OSError as error:
            self._outcome.code = 1
            self.get_logger().fatal(
                f'{folder} cannot be completed: {error}; {free_mb(folder):.0f} MB are free. '
                f'Make room, then: jepa record --recover {folder}')
            return
        figures, lost = self._figures(), self._bag.writer.lost
        if not self._bag.written:
            self._outcome.code = 1
            self.get_logger().error(f'nothing was recorded: {figures.lack or self._bag.failure}')
            return
        self.get_logger().info(f'{folder} is complete: {figures.summary()}')
        if figures.lack:
            self.get_logger().warning(f'not in it: {figures.lack}')
        if lost or self._bag.failure is not None:
            self._outcome.code = 1
            self.get_logger().error(f'{lost} messages could not be written: {self._bag.failure}')


def record(values: Mapping[str, Any] | None = None,
           tell: Callable[[Figures], None] | None = None) -> int:
    """Record until a signal, the length or an error; return the exit code."""
    outcome = Outcome()
    parameters = [Parameter(name, value=value) for name, value in (values or {}).items()]
    code = run(lambda: RecorderNode(outcome, parameters, tell), until=outcome.done)
    return max(code, outcome.code)


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return record()


if __name__ == '__main__':
    sys.exit(main())
