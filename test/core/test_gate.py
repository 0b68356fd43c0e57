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

"""The command gate: what passes, and that nothing else ever does."""

import math

from gate_rig import at_rest, CONFIG, feed, GO, moving, word
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.monitor import Reason, Verdict
from jepa_ros.core.obedience import PlannerWord


def test_nothing_is_published_before_the_first_command():
    output = Gate(CONFIG).tick(1.0)
    assert output.command is None
    assert output.state is GateState.WAITING
    assert output.reason == 'no command yet'


def test_motion_starts_after_fresh_commands():
    gate = at_rest()
    first, second, third = (feed(gate, i * 0.1) for i in range(3))
    assert (first.state, first.command) == (GateState.ARMED, None)
    assert first.reason == '1 fresh commands, 3 wanted'
    assert second.state is GateState.ARMED
    assert third.state is GateState.MOVING
    assert third.command.tolist() == [0.5, -1.0]
    assert third.reason == ''


def test_commands_count_only_while_the_planner_says_that_it_drives():
    gate = Gate(CONFIG)
    for i in range(9):
        gate.on_command(np.array(GO), i * 0.1, i * 0.1)
        output = gate.tick(i * 0.1)
    assert output.state is GateState.WAITING
    assert (output.reason, output.number) == ('the planner has not been heard', Reason.UNHEARD)
    gate.on_status(word(False), 0.8)
    assert gate.tick(0.8).reason == 'the planner does not say that it drives'


def test_what_is_beyond_the_limits_is_clamped_and_said():
    gate, now_s = moving()
    output = feed(gate, now_s + 0.1, (0.9, -9.0))
    assert output.state is GateState.MOVING
    assert output.command == pytest.approx([0.6, -1.5])
    assert output.reason == 'clamped: command[0] is 0.900, limits -0.600 to 0.600'
    assert feed(gate, now_s + 0.2, (0.6, 1.5)).reason == ''


def at_silence(gate, now_s):
    gate.on_status(word(True, now_s + 0.25), now_s + 0.25)
    gate.tick(now_s + 0.25)
    gate.tick(now_s + 0.26)
    return 'no command for 0.31 s, limit 0.30 s', Reason.SILENCE


def at_an_old_frame(gate, now_s):
    feed(gate, now_s + 0.24, frame_s=now_s - 0.05)
    return 'frame is 0.34 s old, limit 0.30 s', Reason.AGE


def at_a_frame_ahead(gate, now_s):
    feed(gate, now_s + 0.1, frame_s=now_s + 0.4)
    return 'frame is stamped 0.30 s ahead, limit 0.10 s', Reason.FUTURE


def at_an_old_stamp(gate, now_s):
    feed(gate, now_s + 0.2, stamp_s=now_s - 0.2)
    return 'command is 0.40 s old, limit 0.30 s', Reason.AGE


def at_a_stamp_ahead(gate, now_s):
    feed(gate, now_s + 0.1, stamp_s=now_s + 5.1)
    return 'command is stamped 5.00 s ahead, limit 0.10 s', Reason.FUTURE


def at_nan(gate, now_s):
    feed(gate, now_s + 0.1, (math.nan, 0.0))
    return 'command has 1 non-finite of 2 values', Reason.NOT_FINITE


def at_what_float32_cannot_hold(gate, now_s):
    feed(gate, now_s + 0.1, (1e300, 0.0))
    return 'command has 1 non-finite of 2 values', Reason.NOT_FINITE


def at_another_shape(gate, now_s):
    feed(gate, now_s + 0.1, (0.1, 0.1, 0.1))
    return 'command has shape (3,), must have (2,)', Reason.SHAPE


def at_an_older_command(gate, now_s):
    feed(gate, now_s + 0.1, stamp_s=now_s - 0.1)
    return (f'command is out of order: stamp {now_s - 0.1:.3f} s, '
            f'the one before had {now_s:.3f} s', Reason.ORDER)


def at_a_planner_that_stops(gate, now_s):
    gate.on_status(word(False, now_s), now_s)
    gate.tick(now_s)
    return 'the planner does not say that it drives', Reason.PLANNER


def at_a_second_publisher(gate, now_s):
    gate.on_publishers(2)
    gate.tick(now_s)
    return '2 nodes publish commands, limit 1', Reason.PUBLISHERS


def at_a_jump_of_time(gate, now_s):
    gate.on_jump(Verdict(False, 'time went back', Reason.CLOCK), now_s)
    return 'time went back', Reason.CLOCK


def at_another_planner(gate, now_s):
    gate.on_status(PlannerWord(True, now_s, run='two', frame=now_s), now_s)
    gate.tick(now_s)
    return 'the planner has been restarted: call its start, or reset the gate', Reason.OBEDIENCE


@pytest.mark.parametrize('fault', [
    at_silence, at_an_old_frame, at_a_frame_ahead, at_an_old_stamp, at_a_stamp_ahead, at_nan,
    at_what_float32_cannot_hold, at_another_shape, at_an_older_command, at_a_planner_that_stops,
    at_a_second_publisher, at_a_jump_of_time, at_another_planner])
def test_a_fault_stops_zero_repeats_then_silence(fault):
    gate, now_s = moving(start_s=10.0)
    reason, number = fault(gate, now_s)
    stopped = gate.tick(now_s + 0.35)
    assert stopped.state is GateState.STOPPED
    assert stopped.command.tolist() == [0.0, 0.0]
    assert (stopped.reason, stopped.number) == (reason, number)
    later = gate.tick(now_s + 1.9)
    assert (later.state, later.reason) == (GateState.STOPPED, reason)
    assert later.command.tolist() == [0.0, 0.0]
    assert gate.tick(now_s + 2.5).command is None
    assert gate.tick(now_s + 2.5).state is GateState.WAITING


def test_motion_resumes_only_after_fresh_commands():
    gate, now_s = moving()
    at_nan(gate, now_s)
    outputs = [feed(gate, now_s + 0.3 + 0.1 * i) for i in range(3)]
    assert [o.state for o in outputs] == [GateState.ARMED, GateState.ARMED, GateState.MOVING]
    assert not outputs[0].command.any()
    assert not outputs[1].command.any()
    assert outputs[2].command.tolist() == [0.5, -1.0]


def test_a_silence_between_two_ticks_counts():
    gate, now_s = moving()
    assert feed(gate, now_s + 1.0).state is not GateState.MOVING


def test_a_frame_stamped_a_little_ahead_ages_from_now():
    gate, now_s = moving(config=CONFIG)
    assert feed(gate, now_s + 0.1, frame_s=now_s + 0.19).state is GateState.MOVING
    gate.on_command(np.array(GO), now_s + 0.34, now_s + 0.34)
    assert gate.tick(now_s + 0.34).state is GateState.MOVING
    assert gate.tick(now_s + 0.36).reason == 'frame is 0.31 s old, limit 0.30 s'


def test_stop_latches_until_reset_and_release():
    gate, now_s = moving()
    gate.stop(True)
    pressed = gate.tick(now_s + 0.01)
    assert (pressed.state, pressed.number) == (GateState.LATCHED, Reason.STOP)
    assert not pressed.command.any(), 'at once, without a ramp'
    gate.reset(now_s + 0.05)
    output = feed(gate, now_s + 0.1)
    assert (output.state, output.reason) == (GateState.LATCHED, 'stop is pressed')
    gate.stop(False)
    for i in range(50):
        output = feed(gate, now_s + 0.2 + 0.1 * i)
        assert output.state is GateState.LATCHED
        assert not output.command.any()
    gate.reset(now_s + 5.2)
    assert gate.tick(now_s + 5.2).state is GateState.STOPPED
    states = [feed(gate, now_s + 5.3 + 0.1 * i).state for i in range(3)]
    assert states == [GateState.ARMED, GateState.ARMED, GateState.MOVING]


def test_a_reset_in_the_middle_of_a_drive_stops_and_says_so():
    gate, now_s = moving()
    gate.reset(now_s)
    assert gate.tick(now_s + 0.1).state is GateState.STOPPED
    assert not gate.tick(now_s + 0.1).command.any()


def test_behind_any_other_source_only_commands_count():
    config = GateConfig(low=(-0.6, -1.5), high=(0.6, 1.5), watch_planner=False)
    gate = Gate(config)
    for i in range(3):
        gate.on_command(np.array(GO), i * 0.1, i * 0.1)
    assert gate.tick(0.2).state is GateState.MOVING
    assert gate.tick(0.46).number is Reason.SILENCE


ANY = st.floats(width=64)
TIMES = st.one_of(st.floats(-5, 5), ANY)
EVENTS = st.one_of(
    st.tuples(st.just('command'), st.lists(st.one_of(st.floats(-2, 2), ANY), max_size=3), TIMES),
    st.tuples(st.just('good'), st.floats(-1, 1), st.floats(-1, 1)),
    st.tuples(st.just('status'), st.booleans(), TIMES, st.sampled_from(['one', 'two']), ANY),
    st.tuples(st.just('publishers'), st.integers(0, 3)), st.tuples(st.just('jump')),
    st.tuples(st.just('stop'), st.booleans()), st.tuples(st.just('reset')))


@given(st.lists(st.tuples(st.floats(-0.2, 0.5), EVENTS), max_size=40))
def test_whatever_comes_nothing_leaves_that_is_not_finite_or_beyond_a_limit(events):
    gate, now_s = at_rest(now_s=100.0), 100.0
    for step_s, (kind, *values) in events:
        now_s += step_s
        if kind == 'command':
            gate.on_command(np.array(values[0]), now_s + values[1], now_s)
        elif kind == 'good':
            feed(gate, now_s, values)
        elif kind == 'status':
            gate.on_status(PlannerWord(values[0], now_s + values[1], values[2],
                                       surprise=values[3], surprise_limit=1.0), now_s)
        elif kind == 'stop':
            gate.stop(values[0])
        elif kind == 'publishers':
            gate.on_publishers(values[0])
        elif kind == 'jump':
            gate.on_jump(Verdict(False, 'jump', Reason.CLOCK), now_s)
        else:
            gate.reset(now_s)
        output = gate.tick(now_s)
        if output.command is not None:
            assert output.command.shape == (2,)
            assert np.isfinite(output.command).all()
            assert (np.abs(output.command.astype(np.float64)) <= CONFIG.high).all()
        if output.state in (GateState.WAITING, GateState.LATCHED):
            assert output.command is None or not output.command.any()
        if output.state is not GateState.MOVING:
            for later_s in (0.1, 0.15):
                rest = gate.tick(now_s + later_s)
                assert rest.command is None or not rest.command.any()


@given(st.lists(st.tuples(st.floats(0.01, 0.4), st.floats(0, 0.5)), min_size=1, max_size=30))
def test_what_moves_has_a_fresh_frame_and_a_fresh_command(steps):
    gate, now_s = at_rest(now_s=100.0), 100.0
    for step_s, age_s in steps:
        now_s += step_s
        if feed(gate, now_s, frame_s=now_s - age_s).state is GateState.MOVING:
            assert age_s <= CONFIG.max_frame_age_s + 1e-5
        # zero is there before it is too late, not after
        assert gate.tick(now_s + 0.26).state is not GateState.MOVING
