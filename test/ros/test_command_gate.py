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

"""The command gate in a process of its own: what passes, what is stopped, what it tells."""

from itertools import pairwise
import math
from pathlib import Path
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from gate_probe import GATE, PERIOD_S, Planner
from geometry_msgs.msg import Twist
from graph import Probe, process, wait_for
import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool, Trigger

from jepa_ros.core.monitor import Reason
from jepa_ros.ros import messages, qos
from jepa_ros.ros.messages import from_twist, status_value


@pytest.fixture
def planner(probe: Probe) -> Planner:
    """Hold the other end of the gate."""
    return Planner(probe)


def test_it_forwards_clamps_and_refuses_nan(planner, gate):
    """Within limits as it is, beyond them at the limit, NaN never."""
    planner.drive(0.25, -0.5)
    planner.command = np.array([5.0, -9.0])
    planner.wait_out(0.6, -1.0)
    assert from_twist(planner.out[-1])[0] <= 0.6
    planner.command = np.array([math.nan, 0.2])
    planner.wait_out(0.0, 0.0)
    assert all(np.isfinite(from_twist(m)).all() for m in planner.out)
    planner.command = np.array([0.1, 0.1])
    planner.wait_out(0.1, 0.1)


def test_silence_is_zero_and_then_nothing(probe, planner, gate):
    """Commands stop: zero is repeated for two seconds, then the topic is left to others."""
    heard: list[tuple[float, bool]] = []    # when, and whether it moves
    probe.node.create_subscription(
        Twist, 'cmd_vel',
        lambda m: heard.append((time.monotonic(), bool(from_twist(m).any()))), qos.COMMAND)
    planner.drive(0.3, 0.0)
    for _ in range(3):
        wait_for(lambda: heard and heard[-1][1], 'motion')
        silent = len(heard)
        planner.speaking = False
        wait_for(lambda: not heard[-1][1] and time.monotonic() - heard[-1][0] > 2.5,
                 'quiet after the zeros')
        stopped = [moves for _, moves in heard[silent:]].index(False) + silent
        assert not any(moves for _, moves in heard[stopped:])
        zeros_s = [at_s for at_s, _ in heard[stopped:]]
        planner.speaking = True
        planner.wait_out(0.3, 0.0)
        # else this machine stood still for a moment, and they came late: once more
        if np.diff(zeros_s).max() < 0.3:
            break
    assert zeros_s[-1] - zeros_s[0] > 1.5
    assert len(zeros_s) > 10


def test_an_old_frame_behind_a_fresh_command_stops_it(planner, gate):
    """The planner's status tells how old the frame is."""
    planner.drive(0.3, 0.0)
    planner.frame_age_s = 0.6
    planner.wait_out(0.0, 0.0)
    planner.frame_age_s = 0.0
    planner.wait_out(0.3, 0.0)


def test_stop_latches_until_reset(probe, planner, gate):
    """Fresh commands do not end an emergency stop; reset does."""
    planner.drive(0.3, 0.0)
    assert probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=True)).success
    planner.wait_out(0.0, 0.0)
    stopped = len(planner.out)
    latched = planner.wait_state('latched', Reason.STOP)
    assert latched.level == DiagnosticStatus.ERROR
    probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=False))
    time.sleep(5 * PERIOD_S)
    assert not any(from_twist(m).any() for m in planner.out[stopped:])
    assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
    planner.wait_out(0.3, 0.0)


def test_stamped_commands_are_judged_by_their_stamp(probe):
    """An old stamp stops it, though the message has just come."""
    planner = Planner(probe, stamped=True)
    with process(GATE, '-p', 'stamped:=true', '-p', 'frame_id:=base_footprint') as gate:
        planner.drive(0.2, 0.1)
        assert planner.out[-1].header.frame_id == 'base_footprint'
        planner.command_age_s = 1.0
        planner.wait_out(0.0, 0.0)
        assert gate.end() == 0, gate.output


def test_a_second_source_of_commands_stops_it_until_it_is_gone(probe, planner, gate):
    """Two that command one robot: neither does."""
    planner.drive(0.3, 0.0)
    rogue = probe.publisher(Twist, 'cmd_vel_nav', qos.COMMAND)
    stopped = planner.wait_refused(Reason.PUBLISHERS)
    assert messages.status_text(stopped, 'reason') == '2 nodes publish commands, limit 1'
    planner.wait_out(0.0, 0.0)
    probe.node.destroy_publisher(rogue)
    planner.wait_out(0.3, 0.0)


def test_it_tells_diagnostics_of_itself(probe, planner, gate):
    """Once a second: state, reason, rates, who else commands; stale without a planner."""
    diagnostics = probe.listen(DiagnosticArray, '/diagnostics')
    planner.drive(0.3, 0.0)

    def last(wanted):
        found = [s for d in list(diagnostics) for s in d.status if wanted(s)]
        return found[-1] if found else None

    moving = wait_for(lambda: last(lambda s: s.message == 'moving'
                                   and status_value(s, 'commands_in_hz') > 5), 'diagnostics')
    assert moving.level == DiagnosticStatus.OK
    assert {v.key for v in moving.values} == {
        'reason', 'reason_number', 'commands_in_hz', 'commands_out_hz', 'stops',
        'planner_silent_s', 'publishers', 'others_on_output', 'controllers'}
    assert status_value(moving, 'publishers') == 1
    other = probe.publisher(Twist, 'cmd_vel', qos.COMMAND)
    wait_for(lambda: last(lambda s: status_value(s, 'others_on_output') == 1
                          and s.level == DiagnosticStatus.WARN), 'a warning of another source')
    probe.node.destroy_publisher(other)
    planner.speaking = False
    stale = wait_for(lambda: last(lambda s: s.level == DiagnosticStatus.STALE), 'stale')
    words = [s.message for s in planner.state]
    # one, where this machine did not stand still
    assert status_value(stale, 'stops') == sum(
        word == 'stopped' != before for before, word in pairwise(words)) >= 1


def test_a_simulated_clock_that_jumps_stops_it_and_it_goes_on(probe):
    """Simulated time is set back and ahead, as at a reset; stamps count from then on."""
    clock = probe.publisher(Clock, '/clock', qos.SENSOR)
    shift_s = [1000.0]

    def now_s() -> float:
        return probe.node.get_clock().now().nanoseconds * 1e-9 % 1000 + shift_s[0]

    probe.every(0.02, lambda: clock.publish(Clock(clock=messages.to_stamp(now_s()))))
    planner = Planner(probe, stamped=True, now_s=now_s)
    with process(GATE, '-p', 'stamped:=true', '-p', 'use_sim_time:=true') as gate:
        planner.drive(0.2, 0.0)
        for jump_s in (-500.0, 100.0):
            heard = len(planner.state)
            shift_s[0] += jump_s
            wait_for(lambda before=heard: any(
                status_value(s, 'reason_number') in (
                    Reason.CLOCK, Reason.ORDER, Reason.AGE, Reason.FUTURE)
                for s in planner.state[before:]), 'a stop because of the jump')
            planner.wait_state('moving')
        gate.wait_said('stopping: time went')
        assert gate.end() == 0, gate.output


@pytest.mark.parametrize('kind, rest', [('position', [0.4, -0.2]), ('velocity', [0.0, 0.0])])
def test_joints_rest_where_they_are_or_at_speed_zero(probe, kind, rest):
    """Numbers for joints: a position is held, a speed becomes zero."""
    out = probe.listen(Float64MultiArray, 'commands', qos.COMMAND)
    commands = probe.publisher(Float64MultiArray, 'commands_nav', qos.COMMAND)
    numbers = [0.4, -0.2]
    probe.every(PERIOD_S, lambda: commands.publish(Float64MultiArray(data=numbers)))
    with process(GATE, '-p', f'command:={kind}', '-p', 'low:=[-0.5, -0.5]', '-p',
                 'high:=[0.5, 0.5]', '-p', 'max_rate:=[10.0, 10.0]', '-p',
                 'watch_planner:=false') as gate:
        wait_for(lambda: out and np.allclose(out[-1].data, numbers), 'the command')
        numbers[0] = math.nan
        # well after the ramp
        before = len(out)
        wait_for(lambda: len(out) > before + 10, 'what it sends at rest')
        assert all(np.allclose(m.data, rest) for m in out[before + 8:])
        assert gate.end() == 0, gate.output


def test_it_is_small(planner, gate):
    """Resident memory, with everything that it will ever hold, in MiB (Linux)."""
    planner.drive(0.3, 0.0)
    status = Path(f'/proc/{gate.child.pid}/status').read_text()
    resident_kib = next(int(line.split()[1]) for line in status.splitlines()
                        if line.startswith('VmRSS:'))
    assert resident_kib / 1024 < 100


def test_it_shares_no_memory(planner, gate):
    """What another process held when it was killed cannot keep the gate waiting (Linux)."""
    planner.drive(0.3, 0.0)
    maps = Path(f'/proc/{gate.child.pid}/maps').read_text()
    assert '/dev/shm/fast' not in maps


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
