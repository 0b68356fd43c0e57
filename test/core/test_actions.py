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

from jepa_ros.core.actions import bounds, clamp, command_at, knots_to_blocks
from jepa_ros.types import Plan


def test_each_knot_is_held_for_its_block():
    knots = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    blocks = knots_to_blocks(knots, 5)
    assert blocks.shape == (2, 3, 5, 2)
    assert (blocks == knots[:, :, None]).all()


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
