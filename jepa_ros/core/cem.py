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

"""The cross-entropy method over knots: bounded, seeded, never worse than the best so far."""

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.sampling import gaussian, obvious
from jepa_ros.core.search import beginning, ranked, refit
from jepa_ros.types import ActionSpec, Array


class CrossEntropy:
    """
    A Search that draws the next candidates around the elites of the iteration before.

    The first iteration holds the mean and the obvious plans, later ones the best so far and the
    mean, beside samples around the elites.
    """

    def __init__(self, action: ActionSpec, config: PlannerConfig, mean: Array,
                 rng: np.random.Generator) -> None:
        self._action, self._config, self._rng = action, config, rng
        self._mean, self._std, self._least_std = beginning(mean, action, config)
        self.best, self.best_cost = self._mean, np.inf
        self._first = True

    @property
    def kept(self) -> Array:
        """Return the best knots, (1, H, A)."""
        return self.best[None]

    def ask(self, last: bool = False) -> Array:
        """Return the next knots (S, H, A), all within limits; the last are as the others."""
        chosen = [self._mean[None]]
        if self._first:
            # at most half, so that a search with few candidates still searches
            chosen.append(obvious(len(self._mean), self._action)[:self._config.candidates // 2])
        else:
            chosen.append(self.best[None])
        count = self._config.candidates - sum(map(len, chosen))
        samples = gaussian(self._rng, max(count, 0), self._mean, self._std, self._action)
        return np.concatenate([*chosen, samples])[:self._config.candidates]

    def tell(self, knots: Array, costs: Array) -> int | None:
        """Draw the next around the elites; return the index of a new best, or None."""
        self._first = False
        order = ranked(costs)
        if not len(order):
            return None
        elites = knots[order[:self._config.elites]]
        self._mean, std = refit(elites, self._mean, self._std, self._config.momentum)
        self._std = np.maximum(std, self._least_std)
        leader = int(order[0])
        if not costs[leader] < self.best_cost:
            return None
        self.best, self.best_cost = knots[leader], float(costs[leader])
        return leader
