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


"""Faults of the gate itself, and its stop button."""

import signal
from typing import Any

from fault import Act, Ends, Fault, nothing
from live_graph import LiveGraph
from std_srvs.srv import SetBool

GATE = 'gate'


def fault(name: str, inject: Act, heal: Act = nothing, ends: Ends = Ends.AFTER_RESET,
          **more: Any) -> Fault:
    """Return a fault of the gate."""
    return Fault(name, GATE, inject, heal, ends, **more)


def press(pressed: bool) -> Act:
    """Return what presses or releases the stop."""
    def act(graph: LiveGraph) -> None:
        answer = graph.ask.call(SetBool, 'command_gate/stop', SetBool.Request(data=pressed))
        assert answer.success, answer.message
    return act


def reset_while_pressed(graph: LiveGraph) -> None:
    """Ask to go on though the stop is pressed; release it when all is over."""
    graph.ask.trigger('command_gate/reset')
    graph.at_end(lambda: press(False)(graph))


def sent(number: int) -> Act:
    """Return what sends the process a signal."""
    return lambda graph: graph.nodes['gate'].send(number)


def again(graph: LiveGraph) -> None:
    """Start the gate as a launch file does, in front of a planner that drives."""
    graph.respawn('gate')
    graph.wait_ready()


def transitions(*names: str) -> Act:
    """Return what asks the gate for transitions."""
    def act(graph: LiveGraph) -> None:
        for name in names:
            assert graph.ask.transition('command_gate', name), f'{name} was refused'
    return act


def set_limit(graph: LiveGraph) -> None:
    """Ask for a faster robot while it drives."""
    answer = graph.ask.set_parameter('command_gate', 'max_speed_m_s', 9.0)
    assert not answer.successful, 'a limit was changed in the drive'


FAULTS = (
    fault('gate_stop_pressed', press(True), press(False), hold_s=2.4, often=True),
    fault('gate_reset_while_pressed', press(True), reset_while_pressed, Ends.NEVER),
    fault('gate_deactivated', transitions('deactivate'), transitions('activate'),
          Ends.AFTER_RESET, often=True),
    fault('gate_cleaned_up', transitions('deactivate', 'cleanup'),
          transitions('configure', 'activate'), repeats=False),
    fault('gate_sigterm', sent(signal.SIGTERM), again, repeats=False, often=True),
    fault('gate_sigint', sent(signal.SIGINT), again, repeats=False),
    # nobody is left who could send zero
    fault('gate_killed', sent(signal.SIGKILL), again, zero=False, hold_s=1.5, often=True),
    fault('gate_hangs', sent(signal.SIGSTOP), sent(signal.SIGCONT), Ends.BY_ITSELF, zero=False,
          hold_s=1.5),
    fault('gate_limit_changed', set_limit, ends=Ends.DRIVES_ON),
)
