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
Train encoder and predictor end to end: next-latent MSE, a rollout term, SIGReg.

No decoder, no pixel loss, no stop-gradient.  LeWorldModel, arXiv 2603.19312.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn, Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import blocks_at, blocks_before, Episodes, jitter
from jepa_ros.learning.run import Run
from jepa_ros.learning.sigreg import sigreg, unit_directions


@dataclass(frozen=True)
class TrainConfig:
    """
    How to train encoder and predictor.

    ``batch`` counts sequences of ``rollout`` + 1 frames, a block apart, drawn from ``episodes``
    episodes in equal parts.  ``sigreg_weight`` and ``rollout_weight`` multiply their terms;
    steps are optimiser steps.
    """

    steps: int = 7000
    batch: int = 128
    episodes: int = 8
    rollout: int = 3
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warmup: int = 100
    sigreg_weight: float = 0.09
    rollout_weight: float = 0.5
    directions: int = 256
    clip: float = 1.0
    seed: int = 0
    save_every: int = 100
    bfloat16: bool = True

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        for name in ('steps', 'batch', 'rollout', 'directions', 'save_every'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 1')
        if self.episodes < 1 or self.batch % self.episodes or self.batch == self.episodes:
            raise ValueError(f'batch is {self.batch}, must be a multiple of episodes, '
                             f'{self.episodes}, and more: SIGReg needs a spread in each')
        if not 0.0 < self.learning_rate <= 1.0:
            raise ValueError(f'learning_rate is {self.learning_rate}, must be in (0, 1]')


def schedule(step: int, config: TrainConfig) -> float:
    """Return the learning rate of a step: linear warm-up, then a cosine down to 2 %."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def prediction_losses(networks: Networks, latents: Tensor, before: Tensor, blocks: Tensor
                      ) -> tuple[Tensor, Tensor]:
    """
    Return (next-latent MSE, rollout MSE) of latents (B, R + 1, D).

    ``before`` (B, K, A) ended at the first latent; ``blocks`` (B, R, K, A) lie between them.
    """
    length = blocks.shape[1]
    previous = torch.cat([before.unsqueeze(1), blocks[:, :-1]], dim=1)  # (B, R, K, A)
    predicted = networks.predictor(
        latents[:, :-1].flatten(0, 1), previous.flatten(0, 1), blocks.flatten(0, 1))
    one_step = nn.functional.mse_loss(predicted.view_as(latents[:, 1:]), latents[:, 1:])
    z = predicted.view_as(latents[:, 1:])[:, 0]
    errors = []
    for r in range(1, length):
        z = networks.predictor(z, blocks[:, r - 1], blocks[:, r])
        errors.append(nn.functional.mse_loss(z, latents[:, r + 1]))
    rollout = torch.stack(errors).mean() if errors else torch.zeros(())
    return one_step, rollout


def centred(latents: Tensor, episodes: int) -> Tensor:
    """
    Take from latents (B, R + 1, D) the mean of their episode; B holds the episodes in order.

    What never changes within an episode (where totes lie, what colour they have) is predicted
    for nothing.  Were SIGReg to see it, latents of such slow features alone would satisfy it and
    the robot would be left out; so it sees only what moves.
    """
    grouped = latents.view(episodes, -1, latents.shape[-1])
    return (grouped - grouped.mean(dim=1, keepdim=True)).view_as(latents)


def sequence_rows(episodes: Episodes, block: int, rollout: int) -> np.ndarray:
    """Return the rows at which a sequence of ``rollout`` blocks may begin."""
    return episodes.rows(before=0, after=block * rollout)


def draw(episodes: Episodes, rows: np.ndarray, config: TrainConfig, block: int, step: int
         ) -> tuple[np.ndarray, Tensor, Tensor, torch.Generator]:
    """
    Return the rows (B, R + 1) of a batch, the blocks before and between them, and a generator.

    All depend on (seed, step) alone: a resumed run sees what it would have seen.
    """
    rng = np.random.default_rng([config.seed, 1, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2 ** 62)))
    torch.manual_seed(int(rng.integers(2 ** 62)))  # dropout
    chosen = rng.choice(np.unique(episodes.first), config.episodes, replace=False)
    start = np.concatenate([rng.choice(rows[episodes.first[rows] == first],
                                       config.batch // config.episodes) for first in chosen])
    index = start[:, None] + block * np.arange(config.rollout + 1)
    blocks = torch.stack([blocks_at(episodes, start + block * r, block)
                          for r in range(config.rollout)], dim=1)
    return index, blocks_before(episodes, start, block), blocks, generator


@torch.no_grad()
def encode_frames(networks: Networks, episodes: Episodes, batch: int = 512) -> Tensor:
    """Encode every frame as it was recorded; return (N, D)."""
    networks.eval()
    return torch.cat([networks.encoder(torch.from_numpy(episodes.frames[i:i + batch]))[:, 0]
                      for i in range(0, len(episodes), batch)])


def train_world_model(networks: Networks, episodes: Episodes, config: TrainConfig, folder: Path
                      ) -> Iterator[dict[str, float]]:
    """
    Train in place, yielding a row of metrics a step; resumes from ``folder`` where it was.

    An encoder whose parameters want no gradient stays as it is: the random-encoder baseline.
    RuntimeError names the step where the loss is not finite.
    """
    parameters = [p for m in (networks.encoder, networks.predictor) for p in m.parameters()
                  if p.requires_grad]
    frozen = not any(p.requires_grad for p in networks.encoder.parameters())
    optimizer = torch.optim.AdamW(parameters, config.learning_rate,
                                  weight_decay=config.weight_decay)
    known = encode_frames(networks, episodes) if frozen else None
    run = Run(folder, 'world_model', config.steps, config.save_every,
              {'networks': networks, 'optimizer': optimizer})
    rows = sequence_rows(episodes, networks.config.block, config.rollout)
    networks.train()
    for step in range(run.first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = schedule(step, config)
        row = {'step': step, **_step(networks, episodes, rows, config, step, known, optimizer)}
        run.keep(step, row)
        yield row
    networks.eval()


def _step(networks: Networks, episodes: Episodes, rows: np.ndarray, config: TrainConfig,
          step: int, known: Tensor | None, optimizer: torch.optim.Optimizer) -> dict[str, float]:
    index, before, blocks, generator = draw(episodes, rows, config, networks.config.block, step)
    if known is None:
        images = jitter(torch.from_numpy(episodes.frames[index.ravel()]), generator)
        with torch.autocast('cpu', torch.bfloat16, enabled=config.bfloat16):
            z = networks.encoder(images).float()[:, 0]
    else:
        z = known[index.ravel()]
    latents = z.view(config.batch, config.rollout + 1, -1)  # (B, R + 1, D)
    one_step, rollout = prediction_losses(networks, latents, before, blocks)
    gaussian = torch.zeros(())
    if known is None:
        directions = unit_directions(latents.shape[-1], config.directions, generator)
        moving = centred(latents, config.episodes)
        gaussian = torch.stack([sigreg(moving[:, r], directions)
                                for r in range(moving.shape[1])]).mean()
    loss = one_step + config.rollout_weight * rollout + config.sigreg_weight * gaussian
    if not torch.isfinite(loss):
        raise RuntimeError(f'loss is {loss.item()} at step {step}; lower the learning rate '
                           f'(now {schedule(step, config):.2g})')
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    norm = nn.utils.clip_grad_norm_(parameters, config.clip)
    optimizer.step()
    z = latents.detach()
    return {'loss': loss.item(), 'next_latent': one_step.item(), 'rollout': rollout.item(),
            'sigreg': gaussian.item(),
            'copy_last': (z[:, 1:] - z[:, :-1]).square().mean().item(),
            'std_min': z.flatten(0, 1).std(0).min().item(), 'gradient_norm': norm.item()}
