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

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Episodes:
    """
    Every step of every episode, one after another.

    ``frames`` (N, h, w, 3) uint8; ``actions`` (N, A) in physical units, the last of an episode
    a zero that fills the row; ``poses`` (N, 3) in m and rad, for probes only;
    ``first`` and ``last`` (N,) are the rows at which a row's episode begins and ends.
    """

    frames: np.ndarray
    actions: np.ndarray
    poses: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    def rows(self, before: int, after: int) -> np.ndarray:
        """Return the rows that have so many rows of their episode before and after them."""
        n = np.arange(len(self))
        return n[(n - self.first >= before) & (self.last - n >= after)]


def load_episodes(folder: Path) -> tuple[Episodes, Episodes]:
    """
    Read a data set; return (training, held-out): every tenth episode is held out.

    ValueError where the folder holds fewer than ten episodes.
    """
    paths = sorted(folder.glob('episode_*.npz'))
    if len(paths) < 10:
        raise ValueError(f'{folder} holds {len(paths)} episodes, at least 10 are needed; '
                         'make some with: jepa collect')
    held_out = [p for i, p in enumerate(paths) if i % 10 == 9]
    return _join([p for p in paths if p not in set(held_out)]), _join(held_out)


def _join(paths: list[Path]) -> Episodes:
    frames, actions, poses, first, last = [], [], [], [], []
    start = 0
    for path in paths:
        with np.load(path, allow_pickle=False) as episode:
            n = len(episode['frames'])
            frames.append(episode['frames'])
            a = episode['actions']
            actions.append(np.concatenate([a, np.zeros((1, a.shape[1]), a.dtype)]))
            poses.append(episode['poses'])
        first.append(np.full(n, start))
        last.append(np.full(n, start + n - 1))
        start += n
    return Episodes(np.concatenate(frames), np.concatenate(actions), np.concatenate(poses),
                    np.concatenate(first), np.concatenate(last))


def blocks_at(episodes: Episodes, rows: np.ndarray, block: int) -> Tensor:
    """Return the block of actions (B, K, A) that begins at each row."""
    return torch.from_numpy(episodes.actions[rows[:, None] + np.arange(block)])


def blocks_before(episodes: Episodes, rows: np.ndarray, block: int) -> Tensor:
    """Return the block (B, K, A) that ended at each row, zero before an episode began."""
    index = rows[:, None] + np.arange(-block, 0)
    known = index >= episodes.first[rows][:, None]
    actions = episodes.actions[np.maximum(index, 0)] * known[..., None]
    return torch.from_numpy(actions.astype(np.float32))


def jitter(images: Tensor, generator: torch.Generator) -> Tensor:
    """
    Change light and tint of each uint8 image (B, h, w, 3) by itself; return float 0 to 255.

    Light that changes from frame to frame cannot be predicted, so the latents leave it out.
    """
    count = images.shape[0]
    x = images.to(torch.float32)
    gain = torch.empty(count, 1, 1, 1).uniform_(0.75, 1.3, generator=generator)
    tint = torch.empty(count, 1, 1, 3).uniform_(0.92, 1.08, generator=generator)
    offset = torch.empty(count, 1, 1, 1).uniform_(-12.0, 12.0, generator=generator)
    noise = torch.randn(x.shape, generator=generator) * 2.0
    return (x * (gain * tint) + offset + noise).clamp_(0.0, 255.0)
