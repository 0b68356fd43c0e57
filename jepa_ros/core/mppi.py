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

"""MPPI, arXiv 1509.01149: the mean of all candidates, each weighted by how little it costs."""

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.actions import bounds
from jepa_ros.core.sampling import gaussian, obvious
from jepa_ros.core.search import beginning, ranked
from jepa_ros.types import ActionSpec, Array

# The paper keeps its std; with a few iterations a plan, each looks closer than the one before.
_ANNEAL = 0.7


def weights(costs: Array, temperature: float) -> Array:
    """
    Return the share (S,) that each candidate of finite costs (S,) has in the mean; they sum to 1.

    A cost of one standard deviation of these costs times ``temperature`` above the least divides
    a share by e, so that the unit of the costs does not matter.
    """
    spread = costs.std(dtype=np.float64)
    above = np.asarray(costs - costs.min(), np.float64)
    # equal costs, or costs that differ by less than can be divided by
    scale = max(temperature * spread, np.finfo(np.float64).tiny)
    shares = np.exp(-above / scale)
    return np.asarray(shares / shares.sum(), np.float32)


class PathIntegral:
    """
    A Search that moves its mean to the weighted mean of the candidates.

    The mean is a candidate of every iteration, so that the best told may be a mean; the first
    iteration holds the obvious plans too.
    """

    def __init__(self, action: ActionSpec, config: PlannerConfig, mean: Array,
                 rng: np.random.Generator) -> None:
        self._action, self._config, self._rng = action, config, rng
        self._bounds = bounds(action.low, action.high)
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
        count = self._config.candidates - sum(map(len, chosen))
        samples = gaussian(self._rng, max(count, 0), self._mean, self._std, self._action)
        return np.concatenate([*chosen, samples])[:self._config.candidates]

    def tell(self, knots: Array, costs: Array) -> int | None:
        """Move the mean, look closer; return the index of a new best, or None."""
        self._first = False
        order = ranked(costs)
        if not len(order):
            return None
        share = weights(costs[order], self._config.temperature)
        self._mean = np.clip(np.tensordot(share, knots[order], axes=1), *self._bounds)
        self._std = np.maximum(np.float32(_ANNEAL) * self._std, self._least_std)
        leader = int(order[0])
        if not costs[leader] < self.best_cost:
            return None
        self.best, self.best_cost = knots[leader], float(costs[leader])
        return leader
