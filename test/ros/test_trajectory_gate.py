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

"""The gate before joint_trajectory_controller: limits, faults, and what is left when it dies."""

from collections.abc import Callable
import math
import signal

from arm import Arm
from diagnostic_msgs.msg import DiagnosticStatus
from graph import Probe, Process, process, wait_for
import numpy as np
import pytest
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.core.monitor import Reason
from jepa_ros.ros import gate_commands, qos
from jepa_ros.ros.controllers.joint_trajectory import JointTrajectoryController
from jepa_ros.ros.messages import status_value, to_stamp

JOINTS = ('shoulder', 'elbow')
START = (0.2, -0.3)
PERIOD_S, STOP_S = 0.05, 0.1
# a plan's motion is back at its start after this long
TURN_S = 2.0
GATE = ('-p', 'command:=trajectory', '-p', f'joints:={list(JOINTS)}', '-p', 'low:=[-0.5, -0.5]',
        '-p', 'high:=[0.5, 0.5]', '-p', 'max_rate:=[1.0, 1.0]', '-p', 'watch_planner:=false')


class Source:
    """What a planner would say, as its adapter says it: round and round."""

    def __init__(self, probe: Probe, arm: Arm) -> None:
        self._arm = arm
        self._controller = JointTrajectoryController(JOINTS, PERIOD_S, STOP_S)
        self._commands = probe.publisher(JointTrajectory, 'joint_trajectory_nav', qos.COMMAND)
        self.speaking, self.bend, self.reach = True, None, 0.2
        self.state = probe.listen(DiagnosticStatus, 'command_gate/state', qos.LATCHED)
        probe.every(PERIOD_S, self._speak)

    def _speak(self) -> None:
        if not self.speaking:
            return
        now_s = self._arm.now_s()
        turn = 2 * math.pi * now_s / TURN_S
        message = self._controller.message(
            np.array(START) + self.reach * np.array([math.sin(turn), math.cos(turn)]),
            to_stamp(now_s), rest=False)
        if self.bend is not None:
            self.bend(message)
        self._commands.publish(message)

    def speak(self, speaking: bool) -> None:
        """Begin or stop sending commands."""
        self.speaking = speaking

    def provoke(self, fault: Callable[[bool], None], *numbers: int) -> None:
        """
        Begin a fault while the arm moves, and wait until it rests for a reason of these numbers.

        A machine that stands still for a moment is a fault of its own, and the gate tells of the
        first: then once more.
        """
        told = []
        for _ in range(3):
            fault(False)
            wait_moving(self._arm)
            since = len(self.state)
            fault(True)
            stopped = wait_for(lambda since=since: next(
                (s for s in self.state[since:] if s.message == 'stopped'), None), 'a stop')
            wait_for(self._arm.at_rest, 'rest')
            told.append(int(status_value(stopped, 'reason_number')))
            if told[-1] in numbers:
                return
        raise AssertionError(f'stopped for {told}, must be one of {numbers}')

    def wait_state(self, word: str, number: int) -> None:
        """Wait until the gate says a state, for a reason of that number."""
        wait_for(lambda: self.state and self.state[-1].message == word
                 and status_value(self.state[-1], 'reason_number') == number, f'{word} {number}')


@pytest.fixture
def arm(probe: Probe) -> Arm:
    """Hold the arm at its start."""
    return Arm(probe, JOINTS, START)


@pytest.fixture
def source(probe: Probe, arm: Arm) -> Source:
    """Hold what speaks to the gate."""
    return Source(probe, arm)


@pytest.fixture
def gate() -> Process:
    """Hold the gate's process."""
    with process('jepa_ros.ros.command_gate', *GATE) as gate:
        yield gate
    assert 'cannot' not in gate.output, gate.output


def wait_moving(arm: Arm) -> None:
    """Wait until the arm moves, whatever it did before."""
    since = len(arm.trace)
    wait_for(lambda: any(np.abs(s).max() > 0.2 for _, _, s in arm.trace[since:]), 'motion')


def check(arm: Arm) -> None:
    """Nothing was refused, nothing left the limits, nothing was too fast for the gate."""
    assert arm.heard
    assert arm.refused == []
    ends = np.array([m.points[-1].positions for m in arm.heard])
    assert (np.abs(ends) <= 0.5 + 1e-9).all()
    assert np.isfinite(ends).all()
    assert all(np.abs(p.velocities).max() <= 1.0 + 1e-6 for m in arm.heard for p in m.points)


def nan(message: JointTrajectory) -> None:
    """Spoil the command: the controller itself would take it."""
    message.points[-1].positions = [math.nan, 0.0]


def partial(message: JointTrajectory) -> None:
    """Name one joint only."""
    message.joint_names = ['elbow']
    for point in message.points:
        point.positions, point.velocities = point.positions[1:], point.velocities[1:]


def late(message: JointTrajectory) -> None:
    """Stamp it a second ago."""
    message.header.stamp.sec -= 1


def test_a_spoilt_command_stops_it_at_a_hold_point(arm, source, gate):
    """One point, where the last command was, at speed zero; it goes on when they are good."""
    for bend, number in ((nan, Reason.NOT_FINITE), (partial, Reason.SHAPE), (late, Reason.AGE)):
        source.provoke(lambda wrong, bend=bend: setattr(source, 'bend', bend if wrong else None),
                       number)
        (hold,) = arm.heard[-1].points
        assert not any(hold.velocities), number
        np.testing.assert_allclose(arm.positions, hold.positions, atol=1e-9)
    check(arm)


def test_commands_and_positions_that_stop_hold_it(arm, source, gate):
    """Silence of the planner, then of the joints."""
    # the last command's stamp is older than its arrival, and both have the same limit
    source.provoke(lambda silent: source.speak(not silent), Reason.SILENCE, Reason.AGE)
    source.speak(True)
    source.provoke(lambda silent: arm.speak(not silent), Reason.JOINTS)
    check(arm)


def test_it_clamps_and_a_first_command_far_away_is_approached_at_the_rate(arm, source, gate):
    """Limits of positions and of speeds hold for what the source asks."""
    source.reach = 0.6
    wait_moving(arm)
    wait_for(lambda: any(m.points[-1].positions[0] >= 0.5 - 1e-6 for m in arm.heard),
             'a command at its limit')
    first = next(m for m in arm.heard)
    assert np.abs(np.array(first.points[-1].positions) - START).max() <= 2 * PERIOD_S + 1e-6
    check(arm)


def test_a_pressed_stop_holds_an_arm_that_was_never_commanded(probe, arm, source, gate):
    """Where the joints are."""
    source.speaking = False
    source.wait_state('waiting', Reason.NO_COMMAND)
    wait_for(lambda: probe.node.count_subscribers('joint_states'), 'the gate at the joints')
    assert probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=True)).success
    wait_for(lambda: arm.heard, 'a hold point')
    (hold,) = arm.heard[-1].points
    np.testing.assert_allclose(hold.positions, START, atol=1e-6)
    check(arm)


def test_a_gate_that_is_killed_leaves_an_arm_that_stops_by_itself(arm, source, gate):
    """Nobody sends a hold point: the trajectory in force ends in one."""
    wait_moving(arm)
    gate.child.send_signal(signal.SIGKILL)
    gate.wait()
    wait_for(arm.at_rest, 'rest')
    last = arm.heard[-1]
    np.testing.assert_allclose(arm.positions, last.points[-1].positions, atol=1e-9)
    check(arm)


def test_a_gate_without_its_joints_says_what_is_missing():
    """It stays unconfigured."""
    said = "joints are [''], must be the names of the joints, each once"
    with process('jepa_ros.ros.command_gate', '-p', 'command:=trajectory') as gate:
        gate.wait_said(said)
        assert gate.end() == 0, gate.output
    assert 'Traceback' not in gate.output


@pytest.mark.parametrize('changes, said', [
    ({'joints': ['a', 'b']}, 'joints has 2 entries, low has 1'),
    ({'joints': ['a'], 'stamped': True}, 'it is for Twist only')])
def test_what_does_not_fit_together_is_refused(changes, said):
    """With the numbers."""
    values = {entry.name: entry.default for entry in gate_commands.TABLE}
    with pytest.raises(ValueError, match=said):
        gate_commands.limits(values | {'command': 'trajectory'} | changes)
