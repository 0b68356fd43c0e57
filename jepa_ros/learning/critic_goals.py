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

"""The goals that the critic learns from."""

import numpy as np
from torch import Tensor

from jepa_ros.learning.aside import goals_aside
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.latents import BLOCKS_AHEAD

# half of the goals of ``draw_pairs`` are so near in time
_NEAR_BLOCKS = 12


def draw(episodes: Episodes, rows: np.ndarray, block: int, config: CriticConfig, step: int,
         z: Tensor) -> dict[str, np.ndarray]:
    """
    Return rows, goals, bootstrap rows, lengths in blocks and hindsight costs of a batch.

    ``z`` (N, D) are the latents of all rows.
    """
    rng = np.random.default_rng([config.seed, 2, step])
    row = rng.choice(rows, config.batch)
    left = episodes.last[row] - row
    kind = rng.random(config.batch)
    near = row + rng.integers(1, np.minimum(left, 4 * block) + 1)
    future = row + rng.integers(1, left + 1)
    anywhere = rng.integers(episodes.first[row], episodes.last[row] + 1)
    goal = np.where(kind < config.near, near,
                    np.where(kind < config.near + config.future, future, anywhere))
    goal = np.where(rng.random(config.batch) < config.same, row, goal)
    length = rng.integers(1, np.minimum(left // block, config.most_blocks) + 1)
    variant = rng.integers(0, 2 + BLOCKS_AHEAD, config.batch)
    goal_variant = rng.integers(0, 2, config.batch)
    if config.alike:
        chosen = np.flatnonzero(rng.random(config.batch) < config.alike)
        goal[chosen] = look_alikes(episodes, row[chosen], z, 4 * block, config.alike_of, rng)
    _lay_some_aside(episodes, row, goal, config, rng)
    # a goal passed before the bootstrap is a cost that was really seen
    ahead = goal - row
    seen = (ahead >= 0) & (ahead <= length * block)
    return {'row': row, 'goal': goal, 'next': row + length * block, 'length': length,
            'seen': seen, 'seen_cost': ahead / block,
            'variant': variant, 'goal_variant': goal_variant}


def look_alikes(episodes: Episodes, rows: np.ndarray, z: Tensor, apart: int, among: int,
                rng: np.random.Generator) -> np.ndarray:
    """
    Return for each row (B,) another of its drive, the nearest in latents of some drawn at random.

    It is ``apart`` rows away or more; where none that was drawn is, the row itself stands.
    """
    begins, ends = episodes.drive_edges
    other = rng.integers(begins[rows], ends[rows] + 1, size=(among, len(rows))).T
    away = (z[other] - z[rows][:, None]).square().mean(dim=2).cpu().numpy()
    away[np.abs(other - rows[:, None]) < apart] = np.inf
    best = away.argmin(axis=1)
    found = np.take_along_axis(other, best[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(away.min(axis=1)), found, rows)


def draw_pairs(episodes: Episodes, rows: np.ndarray, block: int, config: CriticConfig,
               rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return rows, goals of their drives, before or after them, and variants, (B,) each."""
    count = config.batch
    row = rng.choice(rows, count)
    begins, ends = (edge[row] for edge in episodes.drive_edges)
    anywhere = rng.integers(begins, ends + 1)
    near = row + rng.integers(-_NEAR_BLOCKS * block, _NEAR_BLOCKS * block + 1, count)
    goal = np.where(rng.random(count) < 0.5, anywhere, np.clip(near, begins, ends))
    _lay_some_aside(episodes, row, goal, config, rng)
    return {'row': row, 'goal': goal, 'variant': rng.integers(0, 2 + BLOCKS_AHEAD, count),
            'goal_variant': rng.integers(0, 2, count)}


def _lay_some_aside(episodes: Episodes, row: np.ndarray, goal: np.ndarray, config: CriticConfig,
                    rng: np.random.Generator) -> None:
    """Put others that lie aside in the place of some goals (B,), as many as the config says."""
    if config.aside:
        chosen = np.flatnonzero(rng.random(len(row)) < config.aside)
        goal[chosen] = goals_aside(episodes, row[chosen], goal[chosen], config.aside_of, rng)
