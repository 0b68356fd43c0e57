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

"""Searches without a model: costs whose optimum is known, for tests of them."""

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.types import ActionSpec

BOX = ActionSpec(names=('a', 'b'), units=('1', '1'), low=(-1.0, -1.0), high=(1.0, 1.0), block=1,
                 period_s=0.1)
PATIENT = PlannerConfig(candidates=200, elites=20, iterations=30, min_std=0.001)


def minimise(search_class, cost, seed=0, config=PATIENT, horizon=3):
    """Search for the knots (H, 2) of least ``cost``; return the search."""
    search = search_class(BOX, config, np.zeros((horizon, 2), np.float32),
                          np.random.default_rng(seed))
    for i in range(config.iterations):
        knots = search.ask(last=i == config.iterations - 1)
        search.tell(knots, cost(knots))
    return search


def quadratic(target):
    """Return a cost (S,) of knots (S, H, 2) that is least at ``target`` (H, 2)."""
    return lambda knots: np.square(knots - np.asarray(target, np.float32)).sum(axis=(1, 2))
