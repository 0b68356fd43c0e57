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

"""Bags as a data set to train on."""

from collections.abc import Sequence
import math
from pathlib import Path

import numpy as np

from jepa_ros.bags.arrays import bags_to_arrays
from jepa_ros.bags.settings import BagSettings
from jepa_ros.learning.data import Actions, DataSet, Episodes

# a robot that is told to stand has come to rest by then
AT_REST_S = 0.5


def bag_data_set(bags: Sequence[Path], settings: BagSettings,
                 cache_folder: Path | None = None) -> DataSet:
    """
    Return the episodes of bags; frames are memory-mapped from the user's cache.

    An action is the mean of what was commanded from its frame to the next, so it has no delay.
    Episodes are cut out of drives: one begins at rest only where it begins with half a second
    of zero commands.
    ValueError says in one line what is wrong with a bag.
    """
    folder, table = bags_to_arrays(bags, settings, cache_folder)
    action = {key: tuple(value) if isinstance(value, list) else value
              for key, value in table['action'].items()}
    rows = math.ceil(AT_REST_S / action['period_s'])
    return DataSet(_episodes(folder, 'training', rows), _episodes(folder, 'held_out', rows),
                   Actions(**action), tuple(table['proprioception']), table)


def _episodes(folder: Path, part: str, still_rows: int) -> Episodes:
    frames = np.load(folder / f'{part}_frames.npy', mmap_mode='r', allow_pickle=False)
    with np.load(folder / f'{part}.npz', allow_pickle=False) as columns:
        found = {name: columns[name] for name in columns.files}
    return Episodes(frames=frames, **found, at_rest=begins_at_rest(
        found['actions'], found['first'], still_rows))


def begins_at_rest(actions: np.ndarray, first: np.ndarray, rows: int) -> np.ndarray:
    """Return, for each row, whether the first so many actions of its episode are zero: (N,)."""
    at = np.arange(len(actions))
    moved = actions.any(axis=1) & (at - first < rows)
    return np.bincount(first, moved, minlength=len(actions))[first] == 0
