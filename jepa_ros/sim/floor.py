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

"""
The floor as a map: what is free, what is in sight, how long the shortest way is.

Privileged knowledge: it lays episodes out, scores them and drives the data collection;
no planner sees it.
"""

from dataclasses import dataclass
from functools import lru_cache
import heapq
import math

import numpy as np

from jepa_ros.sim import warehouse as cell

CELL_M = 0.05
SIZE = round(2 * cell.HALF_CELL_M / CELL_M)
CENTRES_M = (np.arange(SIZE) + 0.5) * CELL_M - cell.HALF_CELL_M

_NEIGHBOURS = tuple((i, j, math.hypot(i, j) * CELL_M)
                    for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)


def _box_distance(x, y, box: cell.Box):
    """Distance in metres from points to a box, 0 inside."""
    return np.hypot(np.maximum(np.abs(x - box.x) - box.half_x, 0.0),
                    np.maximum(np.abs(y - box.y) - box.half_y, 0.0))


@lru_cache(maxsize=1)
def _fixed_clearance() -> np.ndarray:
    """Return (SIZE, SIZE) metres to the nearest fixed thing, indexed [ix, iy]."""
    x, y = np.meshgrid(CENTRES_M, CENTRES_M, indexing='ij')
    walls = cell.HALF_CELL_M - np.maximum(np.abs(x), np.abs(y))
    return np.minimum(walls, np.min([_box_distance(x, y, b) for b in cell.OBSTACLES], axis=0))


def _index(x: float, y: float) -> tuple[int, int]:
    i, j = (int((c + cell.HALF_CELL_M) / CELL_M) for c in (x, y))
    return min(max(i, 0), SIZE - 1), min(max(j, 0), SIZE - 1)


@dataclass(frozen=True)
class Floor:
    """The clearance map (SIZE, SIZE) of one layout, in metres."""

    clearance: np.ndarray

    @staticmethod
    def without_totes() -> 'Floor':
        """Return the map of walls, racks and pallets."""
        return Floor(_fixed_clearance())

    @staticmethod
    def with_totes(totes: tuple[tuple[float, float], ...]) -> 'Floor':
        """Return the map with totes at centres (x, y), each counted as the circle around it."""
        x, y = np.meshgrid(CENTRES_M, CENTRES_M, indexing='ij')
        radius = math.hypot(*cell.TOTE_HALF_M[:2])
        clearance = _fixed_clearance()
        for tx, ty in totes:
            clearance = np.minimum(clearance, np.hypot(x - tx, y - ty) - radius)
        return Floor(clearance)

    def _sample(self, rng: np.random.Generator, allowed: np.ndarray) -> tuple[float, float]:
        cells = np.argwhere(allowed)
        i, j = cells[rng.integers(len(cells))]
        x, y = CENTRES_M[i] + rng.uniform(-0.5, 0.5) * CELL_M, CENTRES_M[j] + rng.uniform(
            -0.5, 0.5) * CELL_M
        return float(x), float(y)

    def sample_pose(self, rng: np.random.Generator, margin_m: float = 0.08
                    ) -> tuple[float, float, float]:
        """Return a random free pose (x, y, yaw) whose footprint circle keeps a margin."""
        x, y = self._sample(rng, self.clearance > cell.ROBOT_RADIUS_M + margin_m)
        return x, y, float(rng.uniform(-math.pi, math.pi))

    def fits(self, x: float, y: float) -> bool:
        """Tell whether the robot's footprint circle is free at a place, in metres."""
        return bool(self.clearance[_index(x, y)] > cell.ROBOT_RADIUS_M)

    def sample_tote(self, rng: np.random.Generator, others: list[tuple[float, float]]
                    ) -> tuple[float, float]:
        """Return a place for a tote: along racks and walls, never in the passages."""
        x, y = np.meshgrid(CENTRES_M, CENTRES_M, indexing='ij')
        passage = (np.abs(np.abs(y) - 0.75) < 0.55) & ((np.abs(x) < 0.6) | (np.abs(x) > 1.2))
        allowed = (self.clearance > 0.19) & (self.clearance < 0.34) & ~passage
        for ox, oy in others:
            allowed &= np.hypot(x - ox, y - oy) > 0.9
        return self._sample(rng, allowed)

    def sees(self, a: tuple[float, float], b: tuple[float, float]) -> bool:
        """Tell whether the robot could drive the straight line from a to b past the racks."""
        steps = max(2, int(math.dist(a, b) / 0.02))
        t = np.linspace(0.0, 1.0, steps)
        x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
        return all(float(_box_distance(x, y, rack).min()) > cell.ROBOT_WIDTH_M / 2
                   for rack in cell.RACKS)

    def distances(self, goal: tuple[float, float], margin_m: float = 0.0) -> np.ndarray:
        """
        Return (SIZE, SIZE) metres of the shortest way to a goal, inf where there is none.

        Half the robot's width must fit.  With ``margin_m`` the way keeps that much more from
        things where it can: a cell closer than that counts up to five times its length.
        """
        need = cell.ROBOT_WIDTH_M / 2
        free = self.clearance > (0.06 if margin_m else need)
        lack = np.clip((need + margin_m - self.clearance) / max(margin_m, 1e-9), 0.0, 2.0)
        weight = 1.0 + (4.0 * lack if margin_m else 0.0 * lack)
        best = np.full((SIZE, SIZE), np.inf)
        start = _index(*goal)
        best[start] = 0.0
        queue = [(0.0, start)]
        while queue:
            d, (i, j) = heapq.heappop(queue)
            if d > best[i, j]:
                continue
            for di, dj, length in _NEIGHBOURS:
                n = (i + di, j + dj)
                if not (0 <= n[0] < SIZE and 0 <= n[1] < SIZE and free[n]):
                    continue
                further = d + length * weight[n]
                if further < best[n]:
                    best[n] = further
                    heapq.heappush(queue, (further, n))
        return best

    def path_length(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Return the length of the shortest way in metres; inf where there is none."""
        return max(float(self.distances(b)[_index(*a)]), math.dist(a, b))


def descend(distances: np.ndarray, x: float, y: float, ahead_m: float = 0.35
            ) -> tuple[float, float]:
    """Follow a distance map downhill for a while; return the point (x, y) reached, in metres."""
    i, j = _index(x, y)
    for _ in range(max(1, round(ahead_m / CELL_M))):
        options = [(distances[i + di, j + dj], (i + di, j + dj)) for di, dj, _ in _NEIGHBOURS
                   if 0 <= i + di < SIZE and 0 <= j + dj < SIZE]
        d, n = min(options)
        if not d < distances[i, j]:
            break
        i, j = n
    return float(CENTRES_M[i]), float(CENTRES_M[j])
