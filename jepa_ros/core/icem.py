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

"""iCEM, arXiv 2008.06389: smooth noise, elites that stay, and a population that shrinks."""

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.actions import bounds
from jepa_ros.core.sampling import coloured, obvious
from jepa_ros.core.search import beginning, ranked, refit
from jepa_ros.types import ActionSpec, Array


class ImprovedCrossEntropy:
    """
    A Search like CrossEntropy that makes do with fewer candidates.

    Its noise is coloured over the horizon.  A share of the elites stays: from one iteration to
    the next with the costs that they were told with, from one plan to the next as candidates
    ``kept`` (N, H, A).  Each iteration that learned something makes the next one smaller.
    """

    def __init__(self, action: ActionSpec, config: PlannerConfig, mean: Array,
                 rng: np.random.Generator, kept: Array | None = None) -> None:
        self._action, self._config, self._rng = action, config, rng
        self._bounds = bounds(action.low, action.high)
        self._mean, self._std, self._least_std = beginning(mean, action, config)
        self.best, self.best_cost = self._mean, np.inf
        none = np.zeros((0, *mean.shape), np.float32)
        self._from_last_plan = none if kept is None else np.clip(kept, *self._bounds)
        self._kept = none
        self._kept_costs: Array = np.zeros(0, np.float32)
        self._first, self._learned = True, 0

    @property
    def kept(self) -> Array:
        """Return the elites that stay, (N, H, A), the best of all first."""
        return self._kept if len(self._kept) else self.best[None]

    def ask(self, last: bool = False) -> Array:
        """Return the next knots (S, H, A), all within limits; the mean is among the last."""
        count = self._population()
        chosen: list[Array] = []
        if self._first:
            # at most half, so that a search with few candidates still searches
            chosen = [self._mean[None], obvious(len(self._mean), self._action)[:count // 2],
                      self._from_last_plan]
        elif last:
            chosen = [self._mean[None]]
        noise = coloured(self._rng, max(count - sum(map(len, chosen)), 0), len(self._mean),
                         self._action.width, self._config.noise_beta)
        chosen.append(np.clip(self._mean + self._std * noise, *self._bounds))
        return np.concatenate(chosen)[:count]

    def tell(self, knots: Array, costs: Array) -> int | None:
        """Draw the next around elites, new and kept; return the index of a new best, or None."""
        self._first = False
        order = ranked(costs)
        if not len(order):
            return None
        self._learned += 1
        pool = np.concatenate([self._kept, knots[order]])
        pool_costs = np.concatenate([self._kept_costs, costs[order]])
        elite = ranked(pool_costs)[:self._config.elites]
        self._mean, std = refit(pool[elite], self._mean, self._std, self._config.momentum)
        self._mean = np.clip(self._mean, *self._bounds)
        self._std = np.maximum(std, self._least_std)
        stay = elite[:round(self._config.keep_elites * self._config.elites)]
        self._kept, self._kept_costs = pool[stay], pool_costs[stay]
        leader = int(order[0])
        if not costs[leader] < self.best_cost:
            return None
        self.best, self.best_cost = knots[leader], float(costs[leader])
        return leader

    def _population(self) -> int:
        """Return how many to ask for: fewer each time, but two for each elite."""
        config = self._config
        fewer = int(config.candidates * config.shrink ** self._learned)
        return min(config.candidates, max(fewer, 2 * config.elites))
