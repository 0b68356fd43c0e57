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

"""Latent distance as cost."""

import numpy as np
from point_world import PointModel
import pytest

from jepa_ros.core.ablation import LatentDistance


def test_costs_are_distances_of_latents():
    model = LatentDistance(PointModel(horizon=2), arrival_cost=0.05)
    candidates = np.zeros((2, 2, 5, 2), np.float32)
    candidates[1, 0, :, 0] = 0.2    # one block of 0.5 s: 0.1 to the right
    out = model.rollout(np.array([[[0.5, 0.5]]], np.float32), np.zeros((1, 5, 2), np.float32),
                        candidates, np.array([[0.6, 0.5]], np.float32))
    still, there = 0.1**2 / 2, 0.0
    assert out.cost_to_go == pytest.approx(
        np.array([[still, still, still], [still, there, there]]), abs=1e-7)
    assert out.cost == pytest.approx([1.3 * still, there], abs=1e-7)
    assert out.cost.dtype == out.cost_to_go.dtype == np.float32
    assert out.latents[1, -1, 0] == pytest.approx([0.6, 0.5])


def test_only_the_arrival_cost_of_the_spec_changes():
    inner = PointModel()
    model = LatentDistance(inner, arrival_cost=0.05)
    assert model.spec.arrival_cost == 0.05
    assert model.spec.action == inner.spec.action
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    assert np.array_equal(model.encode(image), inner.encode(image))
