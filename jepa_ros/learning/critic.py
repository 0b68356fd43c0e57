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
Train the critic offline: cost-to-go in blocks between any two latents of the data.

Expectile temporal differences with hindsight and random goals, on frozen latents: the value
half of GC-IVL (implicit value learning), arXiv 2307.11949, turned from value to cost.
"""

from collections.abc import Iterator
import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Critic, Networks
from jepa_ros.learning.data import blocks_at, blocks_before, Episodes, jitter
from jepa_ros.learning.run import Run
from jepa_ros.learning.train import encode_frames


@dataclass(frozen=True)
class CriticConfig:
    """
    ``expectile`` leans towards the shortest way seen; costs are in blocks.

    Goals are drawn from the same episode: near in the future, anywhere in the future, or at
    any time (``near``, ``future`` and the rest of 1); ``same`` is how often a goal is the
    latent itself.  Bootstraps look 1 to ``most_blocks`` blocks ahead.
    """

    steps: int = 8000
    batch: int = 1024
    learning_rate: float = 5e-4
    expectile: float = 0.9
    target_rate: float = 0.005
    near: float = 0.3
    future: float = 0.4
    same: float = 0.03
    most_blocks: int = 4
    largest_cost: float = 60.0
    seed: int = 0
    save_every: int = 500

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if not 0.5 <= self.expectile < 1.0:
            raise ValueError(f'expectile is {self.expectile}, must be in [0.5, 1)')
        if self.near < 0 or self.future < 0 or self.near + self.future > 1:
            raise ValueError(f'near {self.near} and future {self.future} must be shares of 1')
        if self.steps < 1 or self.batch < 1 or self.most_blocks < 1:
            raise ValueError(f'steps {self.steps}, batch {self.batch} and most_blocks '
                             f'{self.most_blocks} must be at least 1')


@dataclass(frozen=True)
class Latents:
    """
    Every frame of a data set as the encoder sees it.

    ``clean`` and ``jittered`` (N, D): as recorded, and under changed light.  ``predicted``
    (N, P, D): what the predictor expected at the frame 1 to P blocks before it.
    """

    clean: Tensor
    jittered: Tensor
    predicted: Tensor


@torch.no_grad()
def encode_all(networks: Networks, episodes: Episodes, seed: int = 0, blocks: int = 3,
               batch: int = 512) -> Latents:
    """Encode a data set once; predictions that would cross an episode's start repeat ``clean``."""
    z = encode_frames(networks, episodes, batch)
    generator = torch.Generator().manual_seed(seed)
    jittered = torch.cat([
        networks.encoder(jitter(torch.from_numpy(episodes.frames[i:i + batch]), generator))[:, 0]
        for i in range(0, len(episodes), batch)])
    size = networks.config.block
    now = episodes.rows(before=0, after=size)
    before, block = blocks_before(episodes, now, size), blocks_at(episodes, now, size)
    predicted, ahead = [], z
    for _ in range(blocks):
        out = z.clone()
        out[now + size] = networks.predictor(ahead[now], before, block)
        predicted.append(out)
        ahead = out
    return Latents(z, jittered, torch.stack(predicted, dim=1))


def draw(episodes: Episodes, rows: np.ndarray, block: int, config: CriticConfig, step: int
         ) -> dict[str, np.ndarray]:
    """Return rows, goals, bootstrap rows, lengths in blocks and hindsight costs of a batch."""
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
    # a goal passed before the bootstrap is a cost that was really seen
    ahead = goal - row
    seen = (ahead >= 0) & (ahead <= length * block)
    return {'row': row, 'goal': goal, 'next': row + length * block, 'length': length,
            'seen': seen, 'seen_cost': ahead / block,
            'variant': rng.integers(0, 5, config.batch),
            'goal_variant': rng.integers(0, 2, config.batch)}


def _pick(latents: Latents, rows: np.ndarray, variant: np.ndarray) -> Tensor:
    """Return latents (B, D): variant 0 clean, 1 jittered, 2 and up predicted."""
    out = latents.clean[rows].clone()
    for v in range(1, int(variant.max(initial=0)) + 1):
        chosen = np.flatnonzero(variant == v)
        source = latents.jittered if v == 1 else latents.predicted[:, v - 2]
        out[chosen] = source[rows[chosen]]
    return out


def expectile_loss(value: Tensor, target: Tensor, expectile: float) -> Tensor:
    """Return the mean Huber error, weighted ``expectile`` where the value is above the target."""
    error = (target - value) / Critic.SCALE_BLOCKS
    weight = torch.where(error < 0, expectile, 1.0 - expectile)
    return (weight * torch.nn.functional.huber_loss(
        value / Critic.SCALE_BLOCKS, target / Critic.SCALE_BLOCKS, reduction='none')).mean()


def train_critic(networks: Networks, episodes: Episodes, latents: Latents, config: CriticConfig,
                 folder: Path) -> Iterator[dict[str, float]]:
    """Train ``networks.critic`` in place, yielding a row of metrics a step; resumable."""
    critic, block = networks.critic, networks.config.block
    target_critic = copy.deepcopy(critic)
    optimizer = torch.optim.AdamW(critic.parameters(), config.learning_rate, weight_decay=1e-4)
    run = Run(folder, 'critic', config.steps, config.save_every,
              {'critic': critic, 'target': target_critic, 'optimizer': optimizer})
    rows = episodes.rows(before=0, after=block)
    critic.train()
    for step in range(run.first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = config.learning_rate * min(1.0, 2.0 * (1 - step / config.steps) + 0.02)
        b = draw(episodes, rows, block, config, step)
        goal = _pick(latents, b['goal'], b['goal_variant'])
        value = critic(_pick(latents, b['row'], b['variant']), goal)
        with torch.no_grad():
            bootstrap = torch.from_numpy(b['length']).float() + target_critic(
                latents.clean[b['next']], goal)
            target = torch.where(torch.from_numpy(b['seen']),
                                 torch.from_numpy(b['seen_cost']).float(),
                                 bootstrap).clamp(max=config.largest_cost)
        loss = expectile_loss(value, target, config.expectile)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(target_critic.parameters(), critic.parameters(), strict=True):
                slow.lerp_(fast, config.target_rate)
        row = {'step': step, 'critic_loss': loss.item(), 'cost_to_go': value.mean().item()}
        run.keep(step, row)
        yield row
    critic.eval()
