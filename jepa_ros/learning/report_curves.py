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


"""The critic's cost-to-go against the way that was really gone."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes, known_poses, rows_before

_BINS = 12
_PAIRS = 6000


@dataclass(frozen=True)
class Curve:
    """Quantiles of the critic's cost-to-go (blocks) over ``x``, which is in ``unit``."""

    unit: str
    x: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray

    @property
    def order(self) -> float:
        """Return how well the medians keep the order of x: Spearman's rank correlation."""
        if len(self.x) < 3:
            return float('nan')
        ranks = [np.argsort(np.argsort(v)).astype(float) for v in (self.x, self.middle)]
        return float(np.corrcoef(*ranks)[0, 1])


def costs(networks: Networks, episodes: Episodes, z: Tensor, rows: np.ndarray, goals: np.ndarray
          ) -> np.ndarray:
    """Return the critic's cost-to-go (B,) from rows to goals (B,)."""
    window = rows_before(episodes, rows, networks.config.block, networks.config.history)
    return np.asarray(networks.critic(z[window], networks.at_rest(z[goals])).numpy())


@torch.no_grad()
def by_steps(networks: Networks, episodes: Episodes, z: Tensor) -> Curve:
    """Return the cost of what really came so many blocks later."""
    block, history, points = networks.config.block, networks.config.history, []
    longest = int((episodes.last - episodes.first).max()) // block
    rng = np.random.default_rng(3)
    for ahead in np.unique(np.linspace(1, max(1, min(longest, 24)), _BINS).astype(int)):
        rows = episodes.starts(block, history - 1, after=int(ahead) * block)
        if len(rows):
            rows = rng.choice(rows, min(len(rows), 500), replace=False)
            cost = costs(networks, episodes, z, rows, rows + ahead * block)
            points.append((ahead, *np.percentile(cost, [10, 50, 90])))
    return _curve('blocks ahead', points)


@torch.no_grad()
def by_distance(networks: Networks, episodes: Episodes, z: Tensor) -> Curve:
    """Return the cost of goals of the same episode, by how far away they are."""
    rng = np.random.default_rng(0)
    begun = episodes.starts(networks.config.block, networks.config.history - 1, after=0)
    rows = rng.choice(np.intersect1d(begun, known_poses(episodes)), _PAIRS)
    goals = rng.integers(episodes.first[rows], episodes.last[rows] + 1)
    distance = np.hypot(*(episodes.poses[rows, :2] - episodes.poses[goals, :2]).T)
    rows, goals, distance = (v[np.isfinite(distance)] for v in (rows, goals, distance))
    cost = costs(networks, episodes, z, rows, goals)
    edges = np.linspace(0.0, np.quantile(distance, 0.98) + 1e-9, _BINS + 1)
    points = []
    for low, high in pairwise(edges):
        inside = cost[(distance >= low) & (distance < high)]
        if len(inside) > 20:
            points.append(((low + high) / 2, *np.percentile(inside, [10, 50, 90])))
    return _curve('m', points)


def _curve(unit: str, points: list[tuple[float, ...]]) -> Curve:
    return Curve(unit, *np.array(points, dtype=float).reshape(-1, 4).T)
