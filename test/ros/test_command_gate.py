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

"""The command gate in a process of its own: what passes, what is stopped, how it ends."""

import math
import signal
import time

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, Process, process, wait_for
import numpy as np
import pytest
from std_srvs.srv import SetBool, Trigger

from jepa_ros.ros import qos
from jepa_ros.ros.messages import from_twist, to_command_message, to_status

GATE = 'jepa_ros.ros.command_gate'
PERIOD_S = 0.05


class Planner:
    """The other end of the gate: sends commands and status, hears what comes out."""

    def __init__(self, probe: Probe, stamped: bool = False) -> None:
        self.command = np.zeros(2)
        self.word = 'driving'
        self.speaking = True
        self.command_age_s = self.frame_age_s = 0.0
        self._probe, self._stamped = probe, stamped
        kind = TwistStamped if stamped else Twist
        self.out = probe.listen(kind, 'cmd_vel', qos.COMMAND)
        self.state = probe.listen(DiagnosticStatus, 'command_gate/state', qos.LATCHED)
        self._commands = probe.publisher(kind, 'cmd_vel_nav', qos.COMMAND)
        self._status = probe.publisher(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
        probe.every(PERIOD_S, self._speak)

    def _speak(self) -> None:
        if not self.speaking:
            return
        now = self._probe.node.get_clock().now().nanoseconds * 1e-9
        self._status.publish(to_status('planner', DiagnosticStatus.OK, self.word, '',
                                       {'frame_stamp': now - self.frame_age_s}))
        stamp = self._probe.node.get_clock().now()
        stamp = type(stamp)(nanoseconds=stamp.nanoseconds - int(self.command_age_s * 1e9),
                            clock_type=stamp.clock_type)
        self._commands.publish(to_command_message(
            self.command, stamp.to_msg(), 'base_link', self._stamped))

    def wait_out(self, speed: float, turn: float) -> None:
        """Wait until a command comes out."""
        wait_for(lambda: self.out and np.allclose(from_twist(self.out[-1]), (speed, turn)),
                 f'command ({speed}, {turn})')


@pytest.fixture
def planner(probe: Probe) -> Planner:
    """Hold the other end of the gate."""
    return Planner(probe)


@pytest.fixture
def gate() -> Process:
    """Hold the gate's process."""
    with process(GATE, '-p', 'max_speed_m_s:=0.6', '-p', 'max_turn_rad_s:=1.0') as gate:
        yield gate
    assert 'Traceback' not in gate.output, gate.output


def test_it_forwards_clamps_and_refuses_nan(planner, gate):
    """Within limits as it is, beyond them at the limit, NaN never."""
    planner.command = np.array([0.25, -0.5])
    planner.wait_out(0.25, -0.5)
    planner.command = np.array([5.0, -9.0])
    planner.wait_out(0.6, -1.0)
    assert from_twist(planner.out[-1])[0] <= 0.6
    planner.command = np.array([math.nan, 0.2])
    planner.wait_out(0.0, 0.0)
    assert all(np.isfinite(from_twist(m)).all() for m in planner.out)
    planner.command = np.array([0.1, 0.1])
    planner.wait_out(0.1, 0.1)


def test_silence_is_zero_and_then_nothing(planner, gate):
    """Commands stop: zero is repeated for two seconds, then the topic is left to others."""
    planner.command = np.array([0.3, 0.0])
    planner.wait_out(0.3, 0.0)
    planner.speaking = False
    planner.wait_out(0.0, 0.0)
    first, began = len(planner.out), time.monotonic()

    def quiet() -> bool:
        count = len(planner.out)
        time.sleep(0.5)
        return len(planner.out) == count

    wait_for(quiet, 'quiet after the zeros')
    assert time.monotonic() - began > 1.5
    assert len(planner.out) - first > 10
    assert not any(from_twist(m).any() for m in planner.out[first:])
    planner.speaking = True
    planner.wait_out(0.3, 0.0)


def test_an_old_frame_behind_a_fresh_command_stops_it(planner, gate):
    """The planner's status tells how old the frame is."""
    planner.command = np.array([0.3, 0.0])
    planner.wait_out(0.3, 0.0)
    planner.frame_age_s = 0.6
    planner.wait_out(0.0, 0.0)
    planner.frame_age_s = 0.0
    planner.wait_out(0.3, 0.0)


def test_stop_latches_until_reset(probe, planner, gate):
    """Fresh commands do not end an emergency stop; reset does."""
    planner.command = np.array([0.3, 0.0])
    planner.wait_out(0.3, 0.0)
    assert probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=True)).success
    planner.wait_out(0.0, 0.0)
    stopped = len(planner.out)
    assert planner.state[-1].message != 'moving'
    probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=False))
    time.sleep(5 * PERIOD_S)
    assert not any(from_twist(m).any() for m in planner.out[stopped:])
    assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
    planner.wait_out(0.3, 0.0)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_last_command_is_zero(planner, gate, number):
    """Ended while it forwards motion, the gate leaves a zero behind."""
    planner.command = np.array([0.3, 0.0])
    planner.wait_out(0.3, 0.0)
    assert gate.end(number) == 0, gate.output
    planner.wait_out(0.0, 0.0)


def test_stamped_commands_are_judged_by_their_stamp(probe):
    """An old stamp stops it, though the message has just come."""
    planner = Planner(probe, stamped=True)
    planner.command = np.array([0.2, 0.1])
    with process(GATE, '-p', 'stamped:=true', '-p', 'frame_id:=base_footprint') as gate:
        planner.wait_out(0.2, 0.1)
        assert planner.out[-1].header.frame_id == 'base_footprint'
        planner.command_age_s = 1.0
        planner.wait_out(0.0, 0.0)
        assert gate.end() == 0, gate.output


def test_it_is_light():
    """The gate outlives a planner; it loads neither engines nor pictures."""
    import subprocess
    import sys
    heavy = ('torch', 'mujoco', 'cv2', 'onnxruntime', 'jepa_ros.engines')
    code = ('import sys, jepa_ros.ros.command_gate; '
            f'print([m for m in {heavy!r} if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          timeout=60, check=True)
    assert done.stdout.strip() == '[]'
