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


"""The batches that the world model is trained with."""

import numpy as np
import torch
from torch import Tensor

from jepa_ros.learning.aside import aside
from jepa_ros.learning.data import blocks_at, blocks_before, Episodes, rows_before
from jepa_ros.learning.machine import CPU, Machine
from jepa_ros.learning.train_config import TrainConfig

# moments of a drive out of which one that lies aside is chosen
_AMONG = 256


def sequence_rows(episodes: Episodes, block: int, history: int, rollout: int) -> np.ndarray:
    """Return the rows at which a sequence of ``rollout`` blocks may begin."""
    return episodes.starts(block, history, after=block * rollout)


def check_episodes(episodes: Episodes, rows: np.ndarray, wanted: int, block: int, history: int,
                   rollout: int) -> None:
    """Refuse data with too few episodes to draw from; ValueError names the numbers."""
    there = len(np.unique(episodes.first[rows]))
    # what is before a sequence has to be seen where the robot was on its way already
    frames = block * (rollout + (0 if episodes.at_rest.all() else history)) + 1
    if there < wanted:
        raise ValueError(f'{there} training episodes have {frames} frames or more, '
                         f'train.episodes wants {wanted} in a batch; record more, or set '
                         'train.episodes lower')


def draw(episodes: Episodes, rows: np.ndarray, config: TrainConfig, block: int, history: int,
         step: int, machine: Machine = CPU
         ) -> tuple[np.ndarray, Tensor, Tensor, torch.Generator]:
    """
    Return the rows (B, T + R) of a batch, the blocks before and between them, and a generator.

    All depend on (seed, step) alone: a resumed run sees what it would have seen, and every rank
    the same batch.  Only what dropout draws differs from rank to rank.  Where ``still`` of the
    index says so, a sequence is one frame throughout, and nothing is done.
    """
    rng = np.random.default_rng([config.seed, 1, step])
    generator = machine.generator(int(rng.integers(2 ** 62)))
    torch.manual_seed(int(rng.integers(2 ** 62)) + machine.ranks.rank)  # dropout
    chosen = rng.choice(np.unique(episodes.first[rows]), config.episodes, replace=False)
    start = np.concatenate([rng.choice(rows[episodes.first[rows] == first],
                                       config.batch // config.episodes) for first in chosen])
    if config.aside:
        start = _with_some_aside(episodes, rows, start, config.aside, rng)
    index = np.concatenate([rows_before(episodes, start, block, history),
                            start[:, None] + block * np.arange(1, config.rollout + 1)], axis=1)
    blocks = torch.stack([blocks_at(episodes, start + block * r, block)
                          for r in range(config.rollout)], dim=1)
    before = blocks_before(episodes, start, block, history)
    resting = np.random.default_rng([config.seed, 6, step]).random(len(index)) < config.rest
    index[resting] = start[resting, None]
    before[resting], blocks[resting] = 0.0, 0.0
    return index, before, blocks, generator


def _with_some_aside(episodes: Episodes, rows: np.ndarray, start: np.ndarray,
                     share: float, rng: np.random.Generator) -> np.ndarray:
    """Return rows (B,) of which a share of each second one lies aside of that before it."""
    start = start.copy()
    firsts = np.flatnonzero(rng.random(len(start) // 2) < share) * 2
    drives = episodes.drive[rows]
    for drive in np.unique(episodes.drive[start[firsts]]):
        these = firsts[episodes.drive[start[firsts]] == drive]
        others = rng.choice(rows[drives == drive], (len(these), _AMONG))
        which = aside(episodes, start[these], others)
        found = which >= 0
        start[these[found] + 1] = others[found, which[found]]
    return start


def still(index: np.ndarray) -> np.ndarray:
    """Return which sequences (B,) of rows (B, N) show one frame throughout."""
    same: np.ndarray = (index == index[:, :1]).all(axis=1)
    return same
