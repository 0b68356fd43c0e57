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

"""What a way costs where nothing stands in it, from odometry alone."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from jepa_ros.learning.data import Episodes, known_poses
from jepa_ros.learning.whereabouts import seen_from

# of a block, how long moves last: short ones for what is near
_PARTS = (0.2, 0.4, 1.0)
# moves are told apart by so many levels of each of ahead, left and turn
_LEVELS = 5
_LEAST_SHARE = 1 / 2000     # of the moves of a drive, or it is a slip
_CELLS_A_BLOCK = 5          # at full speed
_REACH_CELLS, _HEADINGS = 48, 48
_UNKNOWN = 60.0
_CHANGE, _SWEEPS = 0.05, 200


class OpenFloor:
    """
    Cost-to-go, in blocks, between poses on a plane, by the moves that a robot was seen to make.

    Value iteration over a grid around a goal pose: what each move leads to is its duration and
    the cost that is left there, the least counts.  A fifth of the way of a block at full speed is
    a cell, about as exact as it is.  It knows nothing of obstacles, so a real way costs as much
    or more; beyond its grid of nearly ten blocks at full speed it says what its edge costs.
    """

    def __init__(self, episodes: Episodes, block: int,
                 swept: Callable[[], object] = lambda: None) -> None:
        """
        Learn from drives with odometry; ValueError where there is none, or nothing moves.

        ``swept`` is called after each sweep of the value iteration, a second or so.
        """
        durations, moves = _moves(episodes, block)
        whole = np.hypot(*moves[durations == durations.max(), :2].T).max()
        self._cell_m = max(float(whole), 1e-6) / _CELLS_A_BLOCK
        self._cost = _iterate(durations, moves / np.array([self._cell_m, self._cell_m, 1.0]),
                              swept)

    def costs(self, episodes: Episodes, rows: np.ndarray, goals: np.ndarray) -> Tensor:
        """Return blocks (B,) from rows to goals (B,) of their drives, 0 where not known."""
        place = torch.from_numpy(seen_from(episodes.poses[goals], episodes.poses[rows])).float()
        place[:, :2] /= self._cell_m
        return torch.where(torch.isfinite(place).all(dim=1),
                           _look_up(self._cost, place.nan_to_num()), 0.0)


def _moves(episodes: Episodes, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Return durations (K,) in blocks and moves (K, 3): ahead, left, turn, in m and rad."""
    known = np.zeros(len(episodes), bool)
    known[known_poses(episodes)] = True
    durations, moves = [], []
    for steps in sorted({max(1, round(part * block)) for part in _PARTS}):
        rows = episodes.rows(before=0, after=steps)
        rows = rows[known[rows] & known[rows + steps]]
        if not len(rows):
            raise ValueError('no drive has odometry: the way over open floor is not known')
        went = seen_from(episodes.poses[rows], episodes.poses[rows + steps])
        scale = np.maximum(np.quantile(np.abs(went), 0.99, axis=0), 1e-6)
        level = np.round(np.clip(went / scale, -1.0, 1.0) * (_LEVELS // 2)).astype(int)
        _, kind, counts = np.unique(level, axis=0, return_inverse=True, return_counts=True)
        for i in np.flatnonzero(counts >= max(3, _LEAST_SHARE * len(rows))):
            moves.append(np.median(went[kind.ravel() == i], axis=0))
            durations.append(steps / block)
    return np.array(durations), np.array(moves)


def _iterate(durations: np.ndarray, moves: np.ndarray, swept: Callable[[], object]) -> Tensor:
    """
    Return the cost (X, Y, A + 1) of poses around a goal; ``moves`` (K, 3) in cells and rad.

    The last heading is the first once more.
    """
    cells = torch.arange(-_REACH_CELLS, _REACH_CELLS + 1, dtype=torch.float32)
    turns = torch.arange(_HEADINGS) * (2 * np.pi / _HEADINGS)
    x, y, heading = torch.meshgrid(cells, cells, turns, indexing='ij')
    cost = torch.full(x.shape, _UNKNOWN)
    cost[_REACH_CELLS, _REACH_CELLS, 0] = 0.0
    cosine, sine = torch.cos(heading), torch.sin(heading)
    for _ in range(_SWEEPS):
        best, known = cost, _closed(cost)
        for duration, (ahead, left, turn) in zip(durations, moves, strict=True):
            led = torch.stack([x + cosine * ahead - sine * left, y + sine * ahead + cosine * left,
                               heading + turn], dim=-1)
            best = torch.minimum(best, duration + _look_up(known, led))
        change, cost = float((cost - best).max()), best
        swept()
        if change < _CHANGE:
            break
    if float(cost.max()) >= _UNKNOWN:
        raise ValueError('by its odometry the robot does not get about: it hardly moves, or never '
                         'turns')
    return _closed(cost)


def _closed(cost: Tensor) -> Tensor:
    return torch.cat([cost, cost[:, :, :1]], dim=2)


def _look_up(closed: Tensor, places: Tensor) -> Tensor:
    """Return what it costs from places (..., 3), x and y in cells and heading in rad."""
    x, y, heading = (places / places.new_tensor([_REACH_CELLS, _REACH_CELLS, np.pi])).unbind(-1)
    at = torch.stack([heading % 2.0 - 1.0, y, x], dim=-1)    # grid_sample counts axes backwards
    out: Tensor = functional.grid_sample(
        closed[None, None], at.view(1, 1, 1, -1, 3), align_corners=True,
        padding_mode='border').view(places.shape[:-1])
    return out
