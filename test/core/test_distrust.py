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

"""Distrust: commands that moved nothing cost more for a while, everything else does not."""

import numpy as np
from point_world import ACTION, PointModel, SPEED
import pytest

from jepa_ros.core.distrust import Distrust, Distrusted

STILL = np.zeros((1, 2), np.float32)
AHEAD = np.full((1, 2), 0.4, np.float32)
FAR = 1e6    # blocks to go: distrust is not held back by the goal


def block(x, y):
    """Hold one velocity, in shares of full speed: (K, A) actions."""
    return np.tile(np.array([x, y], np.float32) * SPEED, (ACTION.block, 1))


def plans(*velocities):
    """Return candidates (S, 4, K, A) that begin with a velocity each and then stand."""
    out = np.zeros((len(velocities), 4, ACTION.block, 2), np.float32)
    for plan, velocity in zip(out, velocities, strict=True):
        plan[0] = block(*velocity)
    return out


@pytest.mark.parametrize('expected, now, held_up', [
    (AHEAD, STILL, True),               # nothing moved
    (AHEAD, AHEAD, False),              # as expected
    (AHEAD, AHEAD * 0.5, True),         # a quarter of the square of the change
    (AHEAD, AHEAD * 0.6, False),
    (AHEAD * 0.1, STILL, False),        # hardly anything was expected: noise tells nothing
    (AHEAD, -AHEAD, False),             # another way, but it moved
])
def test_what_counts_as_held_up(expected, now, held_up):
    distrust = Distrust(ACTION)
    assert distrust.note(STILL, expected, now, block(1, 0), 5.0) is held_up
    assert distrust.cost(plans((1, 0)), 5.0, FAR)[0] == pytest.approx(2.0 if held_up else 0.0)


def test_it_is_for_commands_alike_and_fades():
    distrust = Distrust(ACTION, weight=2.0, width=0.5, fade_s=3.0)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0)
    cost = distrust.cost(plans((1, 0), (0.5, 0), (-1, 0), (1, 0.5)), 5.0, FAR)
    assert cost == pytest.approx([2.0, 2 * np.exp(-0.5), 2 * np.exp(-8.0), 2 * np.exp(-0.5)],
                                 rel=1e-5)
    assert distrust.cost(plans((1, 0)), 8.0, FAR)[0] == pytest.approx(2 / np.e, rel=1e-5)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 8.0)
    assert distrust.cost(plans((1, 0)), 8.0, FAR)[0] == pytest.approx(2 + 2 / np.e, rel=1e-5)
    distrust.clear()
    assert not distrust.cost(plans((1, 0)), 8.0, FAR).any()


def test_however_often_it_was_held_up_the_goal_still_counts():
    distrust = Distrust(ACTION, most=2.0)
    for i in range(100):
        distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0 + 0.1 * i)
    cost = distrust.cost(plans((1, 0), (-1, 0)), 15.0, 2.0)
    assert 3.9 < cost[0] <= 4.0
    assert distrust.cost(plans((1, 0)), 15.0, 20.0)[0] > 3 * cost[0]
    assert not distrust.cost(plans((1, 0)), 15.0, 0.0)[0] > 1e-5


def test_a_model_under_distrust_changes_costs_and_nothing_else():
    model, distrust = PointModel(), Distrust(ACTION)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0)
    inputs = (STILL[None], np.zeros((1, ACTION.block, 2), np.float32), plans((1, 0), (-1, 0)),
              AHEAD)
    plain, wary = model.rollout(*inputs), Distrusted(model, distrust, 5.0).rollout(*inputs)
    assert np.array_equal(wary.latents, plain.latents)
    assert np.array_equal(wary.cost_to_go, plain.cost_to_go)
    # two blocks for the same command, held back by twice the cost-to-go
    most = 2.0 * plain.cost_to_go[0, 0]
    assert wary.cost - plain.cost == pytest.approx(
        most * (1 - np.exp(-np.array([2.0, 2 * np.exp(-3.125)]) / most)), abs=1e-3)
    assert Distrusted(model, distrust, 5.0).spec is model.spec


def test_a_copy_remembers_and_learns_nothing_more():
    distrust = Distrust(ACTION, weight=3.0)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0)
    twin = distrust.copy()
    distrust.note(STILL, AHEAD, STILL, block(0, 1), 5.0)
    assert twin.cost(plans((1, 0)), 5.0, FAR) == pytest.approx([3.0])
    assert twin.cost(plans((0, 1)), 5.0, FAR)[0] < 1.0 < 3.0 <= distrust.cost(
        plans((0, 1)), 5.0, FAR)[0]
    distrust.clear()
    assert twin.cost(plans((1, 0)), 5.0, FAR) == pytest.approx([3.0])
    twin.clear()
    assert not twin.cost(plans((1, 0)), 5.0, FAR).any()


def test_what_is_committed_is_not_judged():
    distrust = Distrust(ACTION, weight=2.0, width=0.5)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0)
    candidates = plans((1, 0), (-1, 0))
    candidates[:, 1] = block(-1, 0), block(1, 0)
    far = 2.0 * np.exp(-8.0)
    assert distrust.cost(candidates, 5.0, FAR, 0) == pytest.approx([2.0, far], rel=1e-4)
    assert distrust.cost(candidates, 5.0, FAR, 5) == pytest.approx([far, 2.0], rel=1e-4)
    # a block's worth from there on: two actions of the first, three of the second
    off = [(1 - (2 - 3) / 5) ** 2, (1 - (3 - 2) / 5) ** 2]
    assert distrust.cost(candidates, 5.0, FAR, 3) == pytest.approx(
        2.0 * np.exp(-np.array(off) / (2 * 0.5 ** 2)), rel=1e-4)
    # the last action is all that is left
    assert distrust.cost(candidates, 5.0, FAR, 19) == pytest.approx(
        [2.0 * np.exp(-2.0)] * 2, rel=1e-4)


def test_a_model_under_distrust_is_told_what_is_committed():
    model, distrust = PointModel(), Distrust(ACTION, most=1e6)
    distrust.note(STILL, AHEAD, STILL, block(1, 0), 5.0)
    candidates = plans((1, 0), (1, 0))
    candidates[1, 1] = block(1, 0)
    inputs = (STILL[None], np.zeros((1, ACTION.block, 2), np.float32), candidates, AHEAD)
    plain = model.rollout(*inputs).cost
    extra = Distrusted(model, distrust, 5.0, committed=5).rollout(*inputs).cost - plain
    assert extra == pytest.approx([2.0 * np.exp(-1 / (2 * 0.8 ** 2)), 2.0], abs=1e-3)
