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

"""What shows early whether latents are alive: rank, spread, probes, error against copy-last."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from jepa_ros.core.actions import moving
from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.data import blocks_at, blocks_before, Episodes, rows_before
from jepa_ros.learning.latents import Latents
from jepa_ros.types import POSITION_UNITS


def effective_rank(z: np.ndarray) -> float:
    """Return exp(entropy) of the normalised singular values of centred z (N, D): 1 to D."""
    values = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    p = values / values.sum()
    return float(np.exp(-(p * np.log(p + 1e-12)).sum()))


def probe_r2(z: np.ndarray, y: np.ndarray, z_test: np.ndarray, y_test: np.ndarray,
             ridge: float = 1.0) -> np.ndarray:
    """Fit y (N, M) linearly from z (N, D); return R^2 (M,) on held-out data."""
    mean_z, mean_y = z.mean(axis=0), y.mean(axis=0)
    a = z - mean_z
    weights = np.linalg.solve(a.T @ a + ridge * np.eye(z.shape[1]), a.T @ (y - mean_y))
    error = (z_test - mean_z) @ weights + mean_y - y_test
    return np.asarray(1.0 - (error ** 2).mean(axis=0) / y_test.var(axis=0))


def pose_targets(poses: np.ndarray) -> np.ndarray:
    """Return x, y, cos(yaw), sin(yaw) (N, 4) of poses (N, 3)."""
    return np.stack([poses[:, 0], poses[:, 1], np.cos(poses[:, 2]), np.sin(poses[:, 2])], axis=1)


def moments(episodes: Episodes, config: ModelConfig, horizon: int, most: int = 0) -> np.ndarray:
    """
    Return the rows after which ``horizon`` blocks are known.

    ``most`` above 0 is about how many are wanted, evenly apart, of all that there are.
    """
    rows = episodes.starts(config.block, config.history, after=config.block * horizon)
    return rows[::max(1, len(rows) // most)] if most else rows


@torch.no_grad()
def errors_by_horizon(networks: Networks, episodes: Episodes, z: torch.Tensor, horizon: int,
                      most: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """
    Return mean squared error per dimension after 1 to ``horizon`` blocks: predicted, copy-last.

    Both are divided by the variance of the latents z (N, D), so that models can be compared; of
    ``moments``.
    """
    predicted, copied = errors_at(networks, episodes, z,
                                  moments(episodes, networks.config, horizon, most), horizon)
    scale = z.var(dim=0).mean().item()
    return predicted / scale, copied / scale


@torch.no_grad()
def errors_at(networks: Networks, episodes: Episodes, z: torch.Tensor, rows: np.ndarray,
              horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same (H,), undivided, of the moments at rows (B,) and latents z (N, D)."""
    size, history, device = networks.config.block, networks.config.history, z.device
    seen = list(z[rows_before(episodes, rows, size, history)].unbind(1))
    before = blocks_before(episodes, rows, size, history).to(device)
    predicted, copied = [], []
    for h in range(horizon):
        block = blocks_at(episodes, rows + h * size, size).to(device)
        seen.append(networks.predictor(torch.stack(seen[h:], dim=1), before, block))
        before = torch.cat([before[:, 1:], block[:, None]], dim=1)
        truth = z[rows + (h + 1) * size]
        predicted.append((seen[-1] - truth).square().mean().item())
        copied.append((z[rows] - truth).square().mean().item())
    return np.array(predicted), np.array(copied)


@dataclass(frozen=True)
class Calibration:
    """
    Limits measured on held-out data.

    ``arrival_cost`` (blocks): what the critic says of goals ``ARRIVAL_STEPS`` actions ahead;
    ``arrival_distance``: the squared latent distance there; ``surprise``: p50, p95, p99 of the
    one-block squared error, averaged over dimensions.
    """

    arrival_cost: float
    arrival_distance: float
    surprise: tuple[float, float, float]


ARRIVAL_STEPS = 3
# An action above this part of its range moves the robot.
MOVES = 0.08


def motion(episodes: Episodes, low: Sequence[float], high: Sequence[float],
           units: Sequence[str]) -> np.ndarray:
    """
    Return how much each action (N, A) moves the robot, at least 0.

    As a part of its range; a position by its change, as a part of the largest one.
    """
    rows = np.arange(len(episodes))
    # the last row of an episode fills it: nothing changes there
    parts = np.abs(moving(episodes.actions, units, episodes.first == rows))
    parts[episodes.last == rows] = 0.0
    positions = [unit in POSITION_UNITS for unit in units]
    largest = np.where(positions, parts.max(axis=0), np.subtract(high, low))
    return np.asarray(parts / np.maximum(largest, 1e-9))


def calibration_rows(episodes: Episodes, config: ModelConfig, units: Sequence[str]
                     ) -> tuple[np.ndarray, np.ndarray]:
    """
    Return held-out rows that move, and those a block after which another has been seen.

    ValueError where there are none: then no bundle can be made of what is trained.
    """
    block, history = config.block, config.history
    rows = episodes.starts(block, history - 1, after=ARRIVAL_STEPS)
    moves = motion(episodes, config.low, config.high, units)[rows]
    rows = rows[moves.max(axis=1, initial=0.0) > MOVES]
    if not len(rows):
        raise ValueError(f'the robot moves in none of {len(moves)} held-out frames: no action is '
                         f'above {MOVES:.0%} of its range')
    later = episodes.starts(block, history, after=block) + block
    if not len(later):
        raise ValueError(f'no held-out episode has {block * (history + 1) + 1} frames, as many as '
                         f'{history + 1} blocks of {block} actions need')
    return rows, later


@torch.no_grad()
def calibrate(networks: Networks, episodes: Episodes, latents: Latents,
              units: Sequence[str] = ('m/s', 'rad/s')) -> Calibration:
    """Measure the limits that go into a manifest, of actions in ``units``; needs no pose."""
    z, block, history = latents.clean, networks.config.block, networks.config.history
    rows, later = calibration_rows(episodes, networks.config, units)
    window = rows_before(episodes, rows, block, history)
    goals = networks.at_rest(z[rows + ARRIVAL_STEPS])
    cost = networks.critic(z[window], goals)
    distance = (z[rows] - goals).square().mean(dim=1)
    error = (latents.predicted[later, 0] - z[later]).square().mean(dim=1).numpy()
    p50, p95, p99 = (float(v) for v in np.quantile(error, [0.5, 0.95, 0.99]))
    return Calibration(float(cost.median()), float(distance.median()), (p50, p95, p99))
