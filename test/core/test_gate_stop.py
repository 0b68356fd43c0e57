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

"""How the gate comes to rest: in time, without a jerk, and with positions held."""

from itertools import pairwise

from gate_rig import CONFIG, feed, GO, moving, word
import numpy as np
import pytest

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.latch import Latch
from jepa_ros.core.monitor import Reason
from jepa_ros.core.obedience import PlannerWord


def speeds(gate, times_s):
    return [round(float(gate.tick(t).command[0]), 6) for t in times_s]


def test_a_refused_command_brings_it_to_rest_along_the_curve():
    gate, now_s = moving()
    gate.on_command(np.array([np.nan, 0.0]), now_s, now_s)
    assert speeds(gate, now_s + np.array([0.0, 0.025, 0.05, 0.075, 0.1, 0.2])) == pytest.approx(
        [0.5, 0.5 * 0.84375, 0.25, 0.5 * 0.15625, 0.0, 0.0])


def test_rest_has_no_sign():
    gate, now_s = moving(command=(-0.5, -1.0))
    gate.on_command(np.array([np.nan, 0.0]), now_s, now_s)
    gate.tick(now_s)
    assert str(gate.tick(now_s + 0.2).command.tolist()) == '[0.0, 0.0]'


def test_it_slows_as_the_frame_grows_old_and_rests_a_period_before_the_limit():
    gate, now_s = moving()
    frame_s = now_s
    for i in range(1, 8):
        at_s = now_s + 0.03 * i
        output = feed(gate, at_s, frame_s=frame_s)
        assert output.state is GateState.MOVING
        left = min(max((frame_s + 0.25 - at_s) / 0.1, 0.0), 1.0)
        assert output.command[0] == pytest.approx(0.5 * left * left * (3 - 2 * left), abs=1e-6)
    assert output.command[0] < 0.2
    # a fresh frame, and it drives on without a stop
    output = feed(gate, now_s + 0.22)
    assert (output.state, float(output.command[0])) == (GateState.MOVING, 0.5)
    feed(gate, now_s + 0.4, frame_s=now_s + 0.22)
    output = feed(gate, now_s + 0.48, frame_s=now_s + 0.22)
    assert output.number is Reason.AGE
    assert not output.command.any()


def test_a_check_that_comes_late_finds_the_robot_at_rest_already():
    gate, now_s = moving()
    output = gate.tick(now_s + 0.4)
    assert output.state is GateState.STOPPED
    assert not output.command.any()


def test_a_planner_that_asks_for_zero_gets_it_within_the_time_of_a_stop():
    gate, now_s = moving()
    outputs = [feed(gate, now_s + 0.02 * i, (0.0, 0.0)).command[0] for i in range(1, 7)]
    assert all(a >= b for a, b in pairwise(outputs))
    assert 0.3 < outputs[0] < 0.5
    assert outputs[-1] == 0.0


def test_it_stops_at_once_where_no_time_is_given():
    gate, now_s = moving(config=GateConfig(low=(-0.6, -1.5), high=(0.6, 1.5), stop_s=0.0))
    assert feed(gate, now_s + 0.01, (0.0, 0.0)).command.tolist() == [0.0, 0.0]
    gate.on_command(np.array([np.nan, 0.0]), now_s + 0.02, now_s + 0.02)
    assert gate.tick(now_s + 0.02).command.tolist() == [0.0, 0.0]


def test_a_command_grows_at_its_rate_and_none_is_needed_to_fall():
    config = GateConfig(low=(-0.6, -1.5), high=(0.6, 1.5), max_rate=(2.0, np.inf), stop_s=0.0)
    gate, now_s = moving(config=config, command=(0.1, 0.0))
    outputs = [feed(gate, now_s + 0.05 * i, (0.5, -1.5)).command for i in range(1, 6)]
    assert [round(float(o[0]), 6) for o in outputs] == [0.2, 0.3, 0.4, 0.5, 0.5]
    assert outputs[0][1] == -1.5
    assert feed(gate, now_s + 0.3, (0.1, 0.0)).command[0] == pytest.approx(0.1)


POSITIONS = GateConfig(low=(0.2, -3.0), high=(1.0, 3.0), max_rate=(1.0, 2.0), hold=True,
                       watch_planner=False)


def at_positions(command=(0.5, 1.0)):
    gate = Gate(POSITIONS)
    for i in range(3):
        gate.on_command(np.array(command), 0.1 * i, 0.1 * i)
    assert gate.tick(0.2).command.tolist() == pytest.approx(list(command))
    return gate


def test_positions_move_at_their_rate_within_their_limits():
    gate = at_positions()
    gate.on_command(np.array([9.0, -9.0]), 0.25, 0.25)
    output = gate.tick(0.25)
    assert output.command.tolist() == pytest.approx([0.55, 0.9])
    assert output.number is Reason.LIMIT


@pytest.mark.parametrize('fault', ['nan', 'silence', 'pressed'])
def test_a_stop_holds_the_position_and_never_sends_zero(fault):
    gate = at_positions()
    if fault == 'nan':
        gate.on_command(np.array([np.nan, 0.0]), 0.25, 0.25)
    elif fault == 'pressed':
        gate.stop(True)
    outputs = [gate.tick(t) for t in (0.46, 0.6, 1.0, 1.9)]
    assert {o.state for o in outputs} == {
        GateState.LATCHED if fault == 'pressed' else GateState.STOPPED}
    assert all(o.command.tolist() == pytest.approx([0.5, 1.0]) for o in outputs)


def test_where_no_position_is_known_nothing_is_sent():
    gate = Gate(POSITIONS)
    gate.stop(True)
    assert gate.tick(0.0).command is None
    assert gate.rest(1.0) is None


def test_a_new_beginning_forgets_the_drive_but_not_the_pressed_stop():
    gate, now_s = moving()
    gate.begin()
    assert feed(gate, now_s + 0.1).command is None
    gate.stop(True)
    gate.begin()
    assert gate.tick(now_s + 0.2).state is GateState.LATCHED


def test_a_pressed_stop_outlives_the_gate_that_it_stopped():
    latch = Latch()
    Gate(CONFIG, latch).stop(True)
    after = Gate(CONFIG, latch)
    assert after.tick(0.0).state is GateState.LATCHED
    after.stop(False)
    after.reset(0.1)
    assert Gate(CONFIG, latch).tick(0.2).state is GateState.WAITING


def test_a_halt_is_at_once_and_repeated_after_a_new_beginning():
    gate, now_s = moving()
    assert not gate.halt(now_s).any()
    gate.begin()
    assert not gate.tick(now_s + 1.9).command.any()
    assert gate.tick(now_s + 2.1).command is None


def test_one_frame_told_again_and_again_grows_old_though_its_time_stands_still():
    """Simulated time stands: each time it is told, the frame seems as young as before."""
    gate, now_s = moving()
    frame = now_s
    for i in range(1, 9):
        at_s = now_s + 0.05 * i
        gate.on_status(PlannerWord(True, at_s, run='one', frame=frame), at_s)
        gate.on_command(np.array(GO), at_s, at_s)
        output = gate.tick(at_s)
    assert output.number is Reason.AGE
    assert not output.command.any()


def test_a_position_sent_long_ago_is_not_held():
    """Somebody else may have moved the arm since."""
    gate = at_positions()
    assert gate.tick(0.5).command is not None
    assert gate.tick(5.0).command is None
    gate.stop(True)
    assert gate.tick(5.1).command is None
    assert gate.halt(5.2) is None


def test_what_was_sent_before_a_stop_is_not_sent_after_it():
    gate, now_s = moving(command=GO)
    gate.on_status(word(False, now_s), now_s)
    gate.tick(now_s)
    gate.tick(now_s + 3.0)
    states = [feed(gate, now_s + 3.1 + 0.1 * i, (0.1, 0.0)) for i in range(3)]
    assert [o.command is None for o in states] == [True, True, False]
    assert states[-1].command.tolist() == pytest.approx([0.1, 0.0])
    assert CONFIG.stop_s == 0.1
