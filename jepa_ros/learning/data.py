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

"""Episodes in memory, and the batches drawn from them."""

from dataclasses import dataclass, field
from functools import cached_property
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jepa_ros.types import ActionSpec


@dataclass(frozen=True)
class Episodes:
    """
    Every step of every episode, one after another.

    ``frames`` (N, h, w, 3) uint8; ``actions`` (N, A) in physical units, the last of an episode
    a zero that fills the row; ``poses`` (N, 3), x, y and yaw in m and rad on a plane that is one
    throughout a drive, NaN where they are not known; ``first`` and ``last`` (N,) are the rows at
    which a row's episode begins and ends; ``proprioception`` (N, P) float32, none by default;
    ``at_rest`` (N,) says whether the robot stood when a row's episode began, true by default;
    ``drive`` (N,) numbers the drives, of one place in one light, that episodes were cut out of,
    each its own by default.  Frames may lie on disk, memory-mapped.
    """

    frames: np.ndarray
    actions: np.ndarray
    poses: np.ndarray
    first: np.ndarray
    last: np.ndarray
    proprioception: np.ndarray = None  # type: ignore[assignment]  # made below
    at_rest: np.ndarray = None  # type: ignore[assignment]  # made below
    drive: np.ndarray = None  # type: ignore[assignment]  # made below

    def __post_init__(self) -> None:
        """Give every row its proprioception, of width 0 where there is none."""
        if self.proprioception is None:
            object.__setattr__(self, 'proprioception', np.zeros((len(self), 0), np.float32))
        if self.at_rest is None:
            object.__setattr__(self, 'at_rest', np.ones(len(self), bool))
        if self.drive is None:
            object.__setattr__(self, 'drive', self.first)

    def __len__(self) -> int:
        return len(self.frames)

    def rows(self, before: int, after: int) -> np.ndarray:
        """Return the rows that have so many rows of their episode before and after them."""
        n = np.arange(len(self))
        return n[(n - self.first >= before) & (self.last - n >= after)]

    def starts(self, block: int, history: int, after: int) -> np.ndarray:
        """
        Return the rows before which T blocks are known, with so many rows after them.

        They lie in the row's episode, or that began at rest: then the robot had stood before it.
        """
        n = np.arange(len(self))
        known = self.at_rest | (n - self.first >= block * history)
        return n[known & (self.last - n >= after)]

    @cached_property
    def drive_edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last row of each row's drive, (N,) each; they lie together."""
        edges = np.flatnonzero(np.diff(self.drive)) + 1
        begins, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(self)]]) - 1
        counts = ends - begins + 1
        return np.repeat(begins, counts), np.repeat(ends, counts)

    def images(self, rows: np.ndarray | slice) -> Tensor:
        """Return frames (B, h, w, 3) uint8, copied out of what may be read-only."""
        return torch.from_numpy(np.array(self.frames[rows]))


@dataclass(frozen=True)
class Actions:
    """
    What an action of a data set is: A components by name and unit, their limits, their timing.

    Each lasts ``period_s``; it took effect ``delay_s`` after the frame of its row.
    """

    names: tuple[str, ...] = ('linear_x', 'angular_z')
    units: tuple[str, ...] = ('m/s', 'rad/s')
    low: tuple[float, ...] = (-0.6, -1.5)
    high: tuple[float, ...] = (0.6, 1.5)
    period_s: float = 0.1
    delay_s: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what does not fit together; ValueError names it."""
        ActionSpec(self.names, self.units, self.low, self.high, 1, self.period_s)
        if not 0.0 <= self.delay_s <= 10.0:
            raise ValueError(f'delay_s is {self.delay_s}, must be in [0, 10]')


@dataclass(frozen=True)
class DataSet:
    """
    Episodes to train on, others held out, and what their numbers mean.

    ``proprioception`` names its P components; ``about``, JSON-able, goes into the manifest.
    """

    training: Episodes
    held_out: Episodes
    actions: Actions = field(default_factory=Actions)
    proprioception: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)


def load_data_set(folder: Path) -> DataSet:
    """
    Read a folder that ``jepa collect`` made.

    ValueError where it holds fewer than ten episodes, or where collect.json says something odd.
    """
    training, held_out = load_episodes(folder)
    path = folder / 'collect.json'
    about: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    table = {k: tuple(v) if isinstance(v, list) else v
             for k, v in about.get('action', {}).items()}
    try:
        return DataSet(training, held_out, Actions(**table),
                       tuple(about.get('proprioception', ())), about)
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: action: {error}') from error


def load_episodes(folder: Path) -> tuple[Episodes, Episodes]:
    """
    Read a folder of episodes; return (training, held-out): every tenth episode is held out.

    ValueError where the folder holds fewer than ten episodes.
    """
    paths = sorted(folder.glob('episode_*.npz'))
    if len(paths) < 10:
        raise ValueError(f'{folder} holds {len(paths)} episodes, at least 10 are needed; '
                         'make some with: jepa collect')
    held_out = [p for i, p in enumerate(paths) if i % 10 == 9]
    return _join([p for p in paths if p not in set(held_out)]), _join(held_out)


def _join(paths: list[Path]) -> Episodes:
    frames, actions, poses, first, last, felt = [], [], [], [], [], []
    start = 0
    for path in paths:
        with np.load(path, allow_pickle=False) as episode:
            n = len(episode['frames'])
            frames.append(episode['frames'])
            a = episode['actions']
            actions.append(np.concatenate([a, np.zeros((1, a.shape[1]), a.dtype)]))
            poses.append(episode['poses'] if 'poses' in episode
                         else np.full((n, 3), np.nan, np.float32))
            felt.append(episode['proprioception'] if 'proprioception' in episode
                        else np.zeros((n, 0), np.float32))
        first.append(np.full(n, start))
        last.append(np.full(n, start + n - 1))
        start += n
    return Episodes(np.concatenate(frames), np.concatenate(actions), np.concatenate(poses),
                    np.concatenate(first), np.concatenate(last), np.concatenate(felt))


def known_poses(episodes: Episodes) -> np.ndarray:
    """Return the rows whose pose is known."""
    return np.flatnonzero(np.isfinite(episodes.poses).all(axis=1))


def rows_before(episodes: Episodes, rows: np.ndarray, block: int, history: int) -> np.ndarray:
    """
    Return the rows (B, T) a block apart that end at each row, the oldest first.

    Before an episode began its first row stands, as if the robot had stood there.
    """
    back = block * np.arange(history - 1, -1, -1)
    return np.maximum(rows[:, None] - back, episodes.first[rows][:, None])


def blocks_at(episodes: Episodes, rows: np.ndarray, block: int) -> Tensor:
    """Return the block of actions (B, K, A) that begins at each row."""
    return torch.from_numpy(episodes.actions[rows[:, None] + np.arange(block)])


def blocks_before(episodes: Episodes, rows: np.ndarray, block: int, history: int = 1) -> Tensor:
    """Return the T blocks (B, T, K, A) that ended at each row, zero before an episode began."""
    index = rows[:, None] + np.arange(-block * history, 0)  # (B, T * K)
    known = index >= episodes.first[rows][:, None]
    actions = episodes.actions[np.maximum(index, 0)] * known[..., None]
    return torch.from_numpy(actions.astype(np.float32)).unflatten(1, (history, block))
