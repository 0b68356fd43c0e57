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

"""What the planner says to the gate: whose drive is obeyed, and frames that surprise it."""


from gate_rig import CONFIG, feed, GO, moving, word
import numpy as np
import pytest

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.monitor import Reason
from jepa_ros.core.obedience import PlannerWord


def test_a_planner_that_drove_before_it_was_heard_moves_nothing_until_it_rested():
    gate = Gate(CONFIG)
    for i in range(9):
        output = feed(gate, i * 0.1)
        assert output.command is None
    assert output.number is Reason.OBEDIENCE
    gate.on_status(word(False), 0.9)
    states = [feed(gate, 1.0 + i * 0.1).state for i in range(3)]
    assert states[-1] is GateState.MOVING


@pytest.mark.parametrize('heard_first', [True, False])
def test_a_halt_in_the_middle_of_a_drive_is_no_rest(heard_first):
    """Stale for a moment, then driving again: the drive is the one from before the gate."""
    gate = Gate(CONFIG)
    if not heard_first:
        feed(gate, 0.0)
    gate.on_status(word(False, halted=True), 0.1)
    assert all(feed(gate, 0.2 + i * 0.1).command is None for i in range(9))
    gate.on_status(word(False), 1.2)
    states = [feed(gate, 1.3 + i * 0.1).state for i in range(3)]
    assert states[-1] is GateState.MOVING


@pytest.mark.parametrize('by', ['start', 'reset'])
def test_a_restarted_planner_moves_nothing_before_a_person_says_so(by):
    gate, now_s = moving()

    def drive(begin_s, **more):
        for i in range(9):
            at_s = begin_s + 0.1 * i
            gate.on_status(PlannerWord(True, at_s, run='two', frame=at_s, **more), at_s)
            gate.on_command(np.array(GO), at_s, at_s)
            output = gate.tick(at_s)
        return output

    gate.on_status(PlannerWord(False, now_s, run='two'), now_s + 3.0)
    assert drive(now_s + 3.1).state is not GateState.MOVING
    if by == 'reset':
        gate.reset(now_s + 4.0)
        assert drive(now_s + 4.1).state is GateState.MOVING
    else:
        assert drive(now_s + 4.1, by_hand=True).state is GateState.MOVING
        # and what it is sent afterwards is a goal like any other
        assert drive(now_s + 5.0).state is GateState.MOVING


def test_frames_that_surprise_in_a_row_stop_and_one_that_does_not_lets_go():
    config = GateConfig(low=(-0.6, -1.5), high=(0.6, 1.5), surprise_frames=3)
    gate, now_s = moving(config=config)
    rare, usual = ({'surprise': s, 'surprise_limit': 0.5} for s in (0.9, 0.1))
    times = iter(np.arange(now_s + 0.1, now_s + 9.0, 0.1).tolist())
    outputs = [feed(gate, next(times), **more) for more in (rare, rare, usual, rare, rare)]
    assert all(o.state is GateState.MOVING for o in outputs)
    output = feed(gate, next(times), **rare)
    assert output.reason == '3 frames in a row were surprising, limit 3'
    assert output.number is Reason.SURPRISE
    assert feed(gate, next(times), **rare).state is GateState.STOPPED
    states = [feed(gate, next(times), **usual).state for _ in range(3)]
    assert states == [GateState.ARMED, GateState.ARMED, GateState.MOVING]
    # the same frame, told again, counts once
    at_s = next(times)
    for _ in range(9):
        assert feed(gate, at_s, **rare).state is GateState.MOVING
