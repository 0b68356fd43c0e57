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

"""Joints whose positions are measured: where motion begins, and where it rests."""

import math

import numpy as np
import pytest

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.monitor import judge_joints, Reason

CONFIG = GateConfig(low=(-1.0, -2.0), high=(1.0, 2.0), max_rate=(0.5, 1.0), hold=True,
                    measured=True, watch_planner=False)
PERIOD_S = 0.05
HERE = np.array([0.2, -0.3])
GOAL = np.array([0.9, 1.0])


def drive(gate, steps, start_s=0.0, joints=HERE, command=GOAL):
    """Feed the gate for some periods; return its outputs."""
    outputs = []
    for i in range(steps):
        now_s = start_s + i * PERIOD_S
        if joints is not None:
            gate.on_joints(joints, now_s)
        gate.on_command(command, now_s, now_s)
        outputs.append(gate.tick(now_s))
    return outputs


def test_motion_begins_from_where_the_joints_are_and_grows_at_the_rate():
    """The first command may be anywhere: what leaves is a step from where the arm is."""
    sent = [o.command for o in drive(Gate(CONFIG), 8) if o.command is not None]
    np.testing.assert_allclose(sent[0], HERE + 2 * PERIOD_S * np.array([0.5, 1.0]), atol=1e-6)
    steps = np.diff(sent, axis=0)
    np.testing.assert_allclose(steps, [[0.025, 0.05]] * len(steps), atol=1e-6)


@pytest.mark.parametrize('joints, said', [
    (None, "the joints' positions are not told"),
    (np.array([math.nan, 0.0]), "the joints' positions are not told"),
    (np.array([0.1]), "the joints' positions are not told"),
    (np.array([0.1, 2.5]), 'joint[1] is 2.500, limits -2.100 to 2.100'),
])
def test_nothing_moves_without_positions_within_the_limits(joints, said):
    """Unknown, no number, of another arm, or where only a person may judge."""
    outputs = drive(Gate(CONFIG), 8, joints=joints)
    assert all(o.command is None for o in outputs)
    assert outputs[-1].reason == said
    assert outputs[-1].number in (Reason.JOINTS, Reason.LIMIT)


def test_positions_that_grow_old_stop_it_where_it_was_last_sent():
    """The controller tracks what was sent: to hold where the arm lags would turn it back."""
    gate = Gate(CONFIG)
    moving = drive(gate, 8)[-1]
    assert moving.state is GateState.MOVING
    outputs = drive(gate, 10, 8 * PERIOD_S, joints=None)
    index, stopped = next((i, o) for i, o in enumerate(outputs) if o.state is GateState.STOPPED)
    assert stopped.number is Reason.JOINTS
    np.testing.assert_array_equal(outputs[-1].command, stopped.command)
    assert (index + 1) * PERIOD_S == pytest.approx(CONFIG.max_frame_age_s)


def test_a_stop_of_an_arm_that_somebody_else_moves_holds_it_where_it_is():
    """Nothing of ours is in force: rest is where the joints are, and stays there."""
    gate = Gate(CONFIG)
    gate.on_joints(HERE, 5.0)
    gate.stop(True)
    first = gate.tick(5.0).command
    np.testing.assert_allclose(first, HERE, atol=1e-6)
    gate.on_joints(HERE - 0.1, 5.05)
    np.testing.assert_array_equal(gate.tick(5.05).command, first)


def test_a_joint_a_little_beyond_its_limit_is_led_back():
    """By the step that its rate allows, no more."""
    edge = np.array([1.04, 0.0])
    sent = [o.command for o in drive(Gate(CONFIG), 6, joints=edge) if o.command is not None]
    assert sent[0][0] == pytest.approx(1.04 - 2 * PERIOD_S * 0.5)


def test_measured_speeds_make_no_sense():
    """Positions do not tell a speed where it is."""
    with pytest.raises(ValueError, match='measured'):
        GateConfig(low=(-1.0,), high=(1.0,), measured=True)


def test_the_age_of_positions_is_told_with_its_limit():
    """In words."""
    assert judge_joints(0.3, 0.3).ok
    assert judge_joints(0.5, 0.3).reason == "the joints' positions are 0.50 s old, limit 0.30 s"


def test_after_a_halt_without_joints_motion_begins_from_where_they_are():
    """Nothing was sent at the halt, so nothing that was sent may be gone on from."""
    gate = Gate(CONFIG)
    drive(gate, 1, joints=None)
    assert gate.halt(0.1) is None
    for i in range(10):
        assert gate.rest(0.1 + i * PERIOD_S) is None
    gate.begin()
    moving = [o for o in drive(gate, 8, start_s=0.7) if o.state is GateState.MOVING]
    np.testing.assert_allclose(moving[0].command, HERE + PERIOD_S * np.array([0.5, 1.0]),
                               atol=1e-6)
