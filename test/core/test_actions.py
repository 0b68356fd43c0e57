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

"""Knots, blocks and commands."""

import numpy as np
from point_world import ACTION, SPEED
import pytest

from jepa_ros.core.actions import bounds, clamp, command_at, knots_to_blocks, moving, pin
from jepa_ros.types import Plan


def test_each_knot_is_held_for_its_block():
    knots = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    blocks = knots_to_blocks(knots, 5)
    assert blocks.shape == (2, 3, 5, 2)
    assert (blocks == knots[:, :, None]).all()


@pytest.mark.parametrize('count', [0, 1, 5, 7, 14])
def test_pin_replaces_the_first_actions_of_a_copy(count):
    blocks = np.arange(60, dtype=np.float32).reshape(2, 3, 5, 2)
    committed = -1 - np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    pinned = pin(blocks, committed)
    actions = pinned.reshape(2, 15, 2)
    assert (actions[:, :count] == committed).all()
    assert np.array_equal(actions[:, count:], blocks.reshape(2, 15, 2)[:, count:])
    assert np.array_equal(blocks.ravel(), np.arange(60))
    assert np.array_equal(pin(blocks[1], committed), pinned[1])
    # whatever the order in memory
    turned = np.ascontiguousarray(blocks.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    assert np.array_equal(pin(turned, committed), pinned)


@pytest.mark.parametrize('shape', [(15, 2), (16, 2), (2, 3), (2,), (1, 1, 2)])
def test_pin_refuses_what_leaves_nothing_free_or_is_of_another_width(shape):
    with pytest.raises(ValueError, match='must be at most 14 actions of width 2'):
        pin(np.zeros((4, 3, 5, 2), np.float32), np.zeros(shape, np.float32))


@pytest.mark.parametrize('time_s, expected', [
    (9.0, 0), (10.0, 0), (10.05, 0), (10.1, 1), (10.55, 5), (10.99, 9), (11.0, None),
    (99.0, None)])
def test_the_command_of_a_plan_at_a_time(time_s, expected):
    blocks = np.arange(1, 21, dtype=np.float32).reshape(2, 5, 2)
    plan = Plan(blocks, np.zeros((2, 1, 2), np.float32), np.zeros(3, np.float32), 0.0,
                start_s=10.0, period_s=0.1, iterations=1, planning_s=0.0)
    command = command_at(plan, time_s)
    if expected is None:
        assert command.tolist() == [0.0, 0.0]
    else:
        assert command.tolist() == blocks.reshape(-1, 2)[expected].tolist()


def test_clamp_keeps_within_and_never_clips_nan():
    assert clamp(np.array([0.1, -0.2], np.float32), ACTION) == pytest.approx([0.1, -0.2])
    out = clamp(np.array([9.0, -9.0], np.float32), ACTION)
    assert out == pytest.approx([SPEED, -SPEED])
    assert (np.abs(out.astype(np.float64)) <= SPEED).all()
    with pytest.raises(ValueError, match='nan'):
        clamp(np.array([np.nan, 0.0], np.float32), ACTION)


def test_bounds_are_never_a_hair_beyond():
    low, high = (-0.6, -0.1, -1.5), (0.6, 0.7, 1.5)
    least, most = bounds(low, high)
    assert least.dtype == most.dtype == np.float32
    assert (least.astype(np.float64) >= low).all()
    assert (most.astype(np.float64) <= high).all()
    assert most == pytest.approx(high, rel=1e-6)


def test_a_position_moves_the_robot_by_its_change_and_a_speed_by_itself():
    actions = np.array([[1.0, 0.5], [1.0, 0.5], [1.25, 0.0], [9.0, 0.1], [9.0, 0.1]])
    moves = moving(actions, ('rad', 'rad/s'), np.array([True, False, False, True, False]))
    np.testing.assert_allclose(moves[:, 0], [0.0, 0.0, 0.25, 0.0, 0.0])
    np.testing.assert_array_equal(moves[:, 1], actions[:, 1])
