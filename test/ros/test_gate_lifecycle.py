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

"""How the command gate begins and ends, and what outlives that: stops, and who is obeyed."""

import signal
import time

from gate_probe import GATE, PERIOD_S, Planner
from graph import PATIENCE_S, Probe, process, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import SetParameters
from std_srvs.srv import SetBool, Trigger

from jepa_ros.core.monitor import Reason
from jepa_ros.ros.messages import from_twist


@pytest.fixture
def planner(probe: Probe) -> Planner:
    """Hold the other end of the gate."""
    return Planner(probe)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_last_command_is_zero(planner, gate, number):
    """Ended while it forwards motion, the gate leaves a zero behind."""
    planner.drive(0.3, 0.0)
    assert gate.end(number) == 0, gate.output
    planner.wait_out(0.0, 0.0)


def transition(probe, number):
    """Ask the gate for a lifecycle transition."""
    return probe.call(ChangeState, 'command_gate/change_state', ChangeState.Request(
        transition=Transition(id=number))).success


def test_a_restarted_planner_drives_after_a_reset_only(probe, planner, gate):
    """Another process of the planner that drives at once moves nothing by itself."""
    planner.drive(0.3, 0.0)
    planner.run = 'two'
    planner.wait_refused(Reason.OBEDIENCE)
    planner.wait_out(0.0, 0.0)
    stopped = len(planner.out)
    time.sleep(10 * PERIOD_S)
    assert not any(from_twist(m).any() for m in planner.out[stopped:])
    assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
    planner.wait_out(0.3, 0.0)


def test_a_gate_that_comes_in_the_middle_of_a_drive_waits_for_its_end(planner):
    """Nobody asked this gate to begin."""
    planner.word, planner.command = 'driving', np.array([0.3, 0.0])
    with process(GATE) as gate:
        planner.wait_state('waiting', Reason.OBEDIENCE)
        assert not planner.out
        planner.word = 'idle'
        planner.drive(0.2, 0.0)
        assert gate.end() == 0, gate.output


def test_an_inactive_gate_repeats_zero_and_forgets_the_drive(probe, planner, gate):
    """Deactivated while it moves: zero for two seconds; active again it waits."""
    planner.drive(0.3, 0.0)
    assert transition(probe, Transition.TRANSITION_DEACTIVATE)
    planner.wait_state('inactive')
    planner.wait_out(0.0, 0.0)
    first = len(planner.out)
    wait_for(lambda: len(planner.out) > first + 20, 'zeros')
    assert transition(probe, Transition.TRANSITION_ACTIVATE)
    planner.wait_state('waiting', Reason.OBEDIENCE)
    assert not any(from_twist(m).any() for m in planner.out[first:])
    for number in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP,
                   Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert transition(probe, number)
    planner.word = 'idle'
    planner.drive(0.1, 0.0)


def test_a_pressed_stop_is_heard_and_kept_in_any_state(probe, planner, gate):
    """Pressed while the node is inactive, it holds over cleanup and configure, until a reset."""
    def press(data):
        return probe.call(SetBool, 'command_gate/stop', SetBool.Request(data=data))

    planner.drive(0.3, 0.0)
    assert transition(probe, Transition.TRANSITION_DEACTIVATE)
    planner.word = 'idle'
    assert press(True).success
    for number in (Transition.TRANSITION_CLEANUP, Transition.TRANSITION_CONFIGURE,
                   Transition.TRANSITION_ACTIVATE):
        assert transition(probe, number)
    planner.wait_state('latched', Reason.STOP)
    assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).message == 'latched'
    assert press(False).message == 'latched'
    assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
    planner.drive(0.1, 0.0)


def test_a_wrong_request_does_not_end_it(probe, planner, gate):
    """A transition that is none now, a parameter of no type: it says so, and goes on driving."""
    planner.drive(0.3, 0.0)
    changes = probe.node.create_client(ChangeState, 'command_gate/change_state')
    settings = probe.node.create_client(SetParameters, 'command_gate/set_parameters')
    odd = ParameterMsg(name='rate_hz', value=ParameterValue(type=77))
    for client, request in (
            (changes, ChangeState.Request(
                transition=Transition(id=Transition.TRANSITION_CONFIGURE))),
            (settings, SetParameters.Request(parameters=[odd]))):
        assert client.wait_for_service(PATIENCE_S)
        client.call_async(request)
    # Kilted's rclpy digests the first; Jazzy's raises errors for both
    for words in ('No transition matching 1 found', 'error in a callback',
                  '77 is not a valid Parameter.Type'):
        wait_for(lambda words=words: words in gate.output, f'{words} in the log')
    heard = len(planner.out)
    wait_for(lambda: len(planner.out) > heard + 10, 'commands')
    planner.wait_out(0.3, 0.0)
    assert gate.end() == 0, gate.output


@pytest.mark.parametrize('setting, said', [
    ('stop_s:=1.0', 'timeout_s is 0.3, must be at least 1.100: stop_s 1.0 and two periods'),
    ('command:=legs', "command is 'legs', must be one of twist, velocity, position")])
def test_nonsense_is_refused_with_the_numbers(probe, setting, said):
    """It stays unconfigured, alive, and says why."""
    with process(GATE, '-p', setting) as gate:
        gate.wait_said(said)
        assert gate.end() == 0, gate.output
