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

"""Actions that are positions: rest is the last of them, never zero."""

from dataclasses import replace

import numpy as np
from point_world import spec
import pytest

from jepa_ros.core.actions import command_at
from jepa_ros.core.context import Context
from jepa_ros.types import Plan

SPEC = spec()
UNITS = ('rad',) * SPEC.action.width
POSITIONS = replace(SPEC, action=replace(SPEC.action, units=UNITS))


def plan():
    """Return a plan of one block whose actions differ."""
    blocks = np.arange(SPEC.action.block * SPEC.action.width, dtype=np.float32).reshape(
        1, SPEC.action.block, SPEC.action.width)
    return Plan(blocks, np.zeros((1, SPEC.tokens, SPEC.width)), np.zeros(2), 0.0, 10.0,
                SPEC.action.period_s, 1, 0.0)


@pytest.mark.parametrize('units, holds', [
    (('m/s', 'rad/s'), False), (('rad', 'rad'), True), (('%', 'bar'), True),
    (('m/s', 'rad'), True)])
def test_what_holds_is_not_a_speed(units, holds):
    """A speed's unit ends in /s."""
    assert replace(SPEC.action, names=('a', 'b'), units=units, low=(-1.0, -1.0),
                   high=(1.0, 1.0)).holds is holds


def test_after_its_end_a_plan_of_positions_stays_at_the_last():
    """And one of speeds is zero."""
    past = plan()
    np.testing.assert_array_equal(command_at(past, 99.0), np.zeros(SPEC.action.width))
    np.testing.assert_array_equal(command_at(past, 99.0, holds=True), past.blocks[0, -1])


def test_the_context_of_positions_goes_on_with_the_last_command():
    """What a robot at rest executes is where it is."""
    context, period_s = Context(POSITIONS), POSITIONS.action.period_s
    commands = np.full((2, POSITIONS.action.width), 0.5, np.float32)
    context.schedule(commands, 0.0, 0.0)
    assert context.commands(50 * period_s, 1)[0] == pytest.approx(0.5)
    context.stand(3 * period_s)
    assert context.commands(50 * period_s, 1)[0] == pytest.approx(0.5)


def test_to_stand_takes_back_positions_that_were_to_come():
    """It rests at the one in force, not at the plan's last."""
    context, period_s = Context(POSITIONS), POSITIONS.action.period_s
    commands = np.array([[0.1 * (i + 1)] * POSITIONS.action.width for i in range(4)], np.float32)
    context.schedule(commands, 0.0, 0.0)
    context.stand(1.5 * period_s)
    assert context.commands(50 * period_s, 1)[0] == pytest.approx(0.2)


def test_before_the_first_command_the_context_is_zero():
    """Nothing is known of where it stood."""
    context = Context(POSITIONS)
    context.stand(1.0)
    assert not context.commands(2.0, 1).any()
