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

"""A published LeWorldModel becomes networks of ours, arXiv 2603.19312."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.lewm_networks import LewmNetworks
from jepa_ros.engines.manifest import sha256
from jepa_ros.learning.data import Actions, blocks_at, blocks_before, Episodes, rows_before
from jepa_ros.learning.lewm_config import LewmSizes, read_sizes
from jepa_ros.learning.lewm_weights import filled, read_weights
from jepa_ros.learning.metrics import ARRIVAL_STEPS, Calibration, MOVES

# latents are trained towards unit variance: two that have nothing to do with each other are a
# mean squared distance of 2 apart
ASSUMED = Calibration(arrival_cost=0.1, arrival_distance=0.1, surprise=(0.1, 0.5, 1.0))


@dataclass(frozen=True)
class LewmFiles:
    """Where a checkpoint's config and weights are, and the sizes that the config gives."""

    config: Path
    weights: Path
    sizes: LewmSizes


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation (A,) of the actions that a checkpoint was trained on."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str


def find_lewm(path: Path) -> LewmFiles:
    """
    Return what a folder, or a file of weights in one, holds; the config is read as data.

    ValueError where there is no config.json, or not one file of weights.
    """
    folder = path.parent if path.is_file() else path
    weights = [path] if path.is_file() else sorted(folder.glob('*.pt'))
    if len(weights) != 1:
        names = ', '.join(p.name for p in weights[:5])
        raise ValueError(f'{folder} holds {len(weights)} files *.pt ({names}), must hold 1; '
                         'name the file itself where there are several')
    config = folder / 'config.json'
    if not config.is_file():
        raise ValueError(f'{folder} has no config.json; it is written beside the weights')
    return LewmFiles(config, weights[0], read_sizes(config))


def import_lewm(files: LewmFiles, actions: Actions, statistics: Statistics, horizon: int
                ) -> tuple[LewmNetworks, dict[str, Any]]:
    """
    Return the networks of a checkpoint, and what a manifest says of where they are from.

    ValueError where the actions do not fit, or a tensor is missing, unknown or ill-shaped.
    """
    if any(len(part) != len(actions.names) for part in (statistics.mean, statistics.std)):
        raise ValueError(f'action mean {statistics.mean} and std {statistics.std} must have an '
                         f'entry for each of {len(actions.names)} actions: '
                         f'{", ".join(actions.names)}')
    config = files.sizes.config({'low': actions.low, 'high': actions.high,
                                 'action_mean': statistics.mean, 'action_std': statistics.std},
                                horizon)
    networks = filled(config, read_weights(files.weights), files.weights)
    return networks, {
        'imported': 'lewm', 'weights_sha256': sha256(files.weights),
        'actions': {'mean': list(statistics.mean), 'std': list(statistics.std),
                    'from': statistics.source},
        'cost': 'squared latent distance to the goal after the last block, as published'}


def statistics_of(episodes: Episodes, source: str) -> Statistics:
    """Return mean and standard deviation of the actions of episodes, rows that fill left out."""
    actions = episodes.actions[episodes.rows(before=0, after=1)]
    mean, std = actions.mean(axis=0), actions.std(axis=0)
    if not (std > 0.0).all():
        raise ValueError(f'actions of {source} have a standard deviation of {std.tolist()}, must '
                         'be above 0: one of them is always the same')
    return Statistics(tuple(map(float, mean)), tuple(map(float, std)), source)


@torch.no_grad()
def encode_all(networks: LewmNetworks, episodes: Episodes, batch: int = 32) -> Tensor:
    """Encode every frame, which must be of the encoder's size; return (N, D)."""
    side = networks.config.image_px
    if episodes.frames.shape[1:3] != (side, side):
        raise ValueError(f'frames are {episodes.frames.shape[2]} x {episodes.frames.shape[1]}, '
                         f'the checkpoint takes {side} x {side}')
    return torch.cat([networks.encoder(episodes.images(slice(i, i + batch)))[:, 0]
                      for i in range(0, len(episodes), batch)])


@torch.no_grad()
def calibrate_lewm(networks: LewmNetworks, episodes: Episodes) -> Calibration:
    """Measure on episodes what is near and what surprises; ValueError where nothing moves."""
    z, config = encode_all(networks, episodes), networks.config
    rows = episodes.rows(before=0, after=ARRIVAL_STEPS)
    span = np.array(config.high) - np.array(config.low)
    rows = rows[np.abs(episodes.actions[rows] / span).max(axis=1, initial=0.0) > MOVES]
    if not len(rows):
        raise ValueError(f'no action of {len(episodes)} held-out frames is above {MOVES:.0%} of '
                         'its range; nothing tells what is near')
    distance = (z[rows] - z[rows + ARRIVAL_STEPS]).square().mean(dim=1).median()
    rows = episodes.starts(config.block, config.history - 1, after=config.block)
    if not len(rows):
        raise ValueError(f'no episode is longer than the block of {config.block} actions that is '
                         f'expected, and the {config.history - 1} before it')
    seen = z[rows_before(episodes, rows, config.block, config.history)]  # (N, T, D)
    # a latent's own block is the one that leaves it
    leaving = torch.cat([blocks_before(episodes, rows, config.block, config.history)[:, 1:],
                         blocks_at(episodes, rows, config.block)[:, None]], dim=1)
    predicted = networks.predictor(seen, networks.predictor.embed(leaving))[:, -1]
    error = (predicted - z[rows + config.block]).square().mean(dim=1).numpy()
    p50, p95, p99 = (float(v) for v in np.quantile(error, [0.5, 0.95, 0.99]))
    return Calibration(float(distance), float(distance), (p50, p95, p99))
