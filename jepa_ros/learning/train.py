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
from pathlib import Path

import numpy as np
import torch
from torch import nn, Tensor

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.batches import check_episodes, draw, sequence_rows, still
from jepa_ros.learning.data import Episodes, known_poses
from jepa_ros.learning.generalisation import due, known_and_new
from jepa_ros.learning.health import joint_std, spread
from jepa_ros.learning.joint_norm import join_batch_norms
from jepa_ros.learning.latents import encode_frames
from jepa_ros.learning.light import jitter
from jepa_ros.learning.losses import centred, prediction_losses
from jepa_ros.learning.machine import CPU, Machine
from jepa_ros.learning.run import Run
from jepa_ros.learning.sigreg import sigreg, unit_directions
from jepa_ros.learning.train_config import schedule, TrainConfig
from jepa_ros.learning.whereabouts import draw_lesson, whereabouts_loss


def train_world_model(networks: Networks, episodes: Episodes, config: TrainConfig, folder: Path,
                      machine: Machine = CPU, held_out: Episodes | None = None
                      ) -> Iterator[dict[str, float]]:
    """
    Train in place, yielding a row of metrics a step; resumes from ``folder`` where it was.

    With ``held_out`` a row now and then has what ``known_and_new`` tells, too.

    An encoder whose parameters want no gradient stays as it is: the random-encoder baseline.
    The networks are on the machine's device; its ranks each take their part of the episodes of a
    batch.  RuntimeError names the step where the loss is not finite; KeyboardInterrupt, with the
    state saved, comes where the machine was asked to stop.
    """
    sizes = networks.config
    rows = check_world_model(sizes, episodes, config, machine)
    join_batch_norms(networks.encoder, machine.ranks)
    taught = [networks.encoder, networks.predictor]
    if networks.critic.whereabouts is not None:
        taught.append(networks.critic.whereabouts)
    parameters = [p for m in taught for p in m.parameters() if p.requires_grad]
    frozen = not any(p.requires_grad for p in networks.encoder.parameters())
    optimizer = torch.optim.AdamW(parameters, config.learning_rate,
                                  weight_decay=config.weight_decay)
    known = encode_frames(networks, episodes) if frozen else None
    run = Run(folder, 'world_model', config.steps, config.save_every,
              {'networks': networks, 'optimizer': optimizer}, machine)
    networks.train()
    for step in range(run.first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = schedule(step, config)
        row = {'step': step, **_step(networks, episodes, rows, config, step, known, optimizer,
                                     machine)}
        if held_out is not None and machine.ranks.first and due(step, config.steps):
            row.update(known_and_new(networks, episodes, held_out))
        run.keep(step, row)
        yield row
    networks.eval()


def check_world_model(sizes: ModelConfig, episodes: Episodes, config: TrainConfig,
                      machine: Machine = CPU) -> np.ndarray:
    """
    Return the rows where sequences begin.

    ValueError where the episodes are too few, too short, or lack what the settings want of them.
    """
    if config.rest and not all(a <= 0.0 <= b for a, b in zip(sizes.low, sizes.high, strict=True)):
        raise ValueError(f'train.rest is {config.rest}, and no action of 0 is within the limits '
                         f'{list(sizes.low)} to {list(sizes.high)}: nothing says that it stands')
    if sizes.whereabouts_hidden and not len(known_poses(episodes)):
        raise ValueError(f'model.whereabouts_hidden is {sizes.whereabouts_hidden}, and no drive '
                         'has odometry: give its topic, or 0')
    machine.ranks.part(config.batch, 'train.batch')
    machine.ranks.part(config.episodes, 'train.episodes')   # whole episodes, for `centred`
    block, history = sizes.block, sizes.history
    rows = sequence_rows(episodes, block, history, config.rollout)
    check_episodes(episodes, rows, config.episodes, block, history, config.rollout)
    return rows


def _step(networks: Networks, episodes: Episodes, rows: np.ndarray, config: TrainConfig,
          step: int, known: Tensor | None, optimizer: torch.optim.Optimizer, machine: Machine
          ) -> dict[str, float]:
    sizes, ranks = networks.config, machine.ranks
    index, before, blocks, generator = draw(episodes, rows, config, sizes.block, sizes.history,
                                            step, machine)
    mine = ranks.part(config.batch, 'train.batch')
    if known is None:
        latents = _encode(networks, episodes, index, mine, generator, config, machine)
    else:
        latents = known[index[mine].ravel()].view(*index[mine].shape, -1)
    stands = torch.from_numpy(still(index[mine])).to(machine.device)
    latents = torch.where(stands[:, None, None], networks.at_rest(latents), latents)
    one_step, rollout, predicted = prediction_losses(
        networks, latents, before[mine].to(machine.device), blocks[mine].to(machine.device))
    where = None
    if networks.critic.whereabouts is not None:
        lesson = draw_lesson(episodes, index, sizes.history, config.episodes,
                             np.random.default_rng([config.seed, 7, step]), config.aside > 0.0)
        where = whereabouts_loss(networks, latents, predicted, lesson, mine)
    pictured = latents[..., :sizes.encoded_width]
    moving = centred(pictured, config.episodes // ranks.count)
    gaussian = latents.new_zeros(())
    if known is None:
        directions = unit_directions(sizes.encoded_width, config.directions, generator)
        gaussian = torch.stack([sigreg(moving[:, r], directions, ranks)
                                for r in range(moving.shape[1])]).mean()
    loss = one_step + config.rollout_weight * rollout + config.sigreg_weight * gaussian
    copied = (latents[:, 1:] - latents[:, :-1]).square().mean()
    parts = {'loss': loss, 'next_latent': one_step, 'rollout': rollout, 'sigreg': gaussian,
             'copy_last': copied}
    if where is not None:
        parts['loss'] = loss = loss + config.whereabouts_weight * where
        parts['whereabouts'] = where
    joint = ranks.mean(torch.stack(list(parts.values())).detach())
    if not torch.isfinite(joint[0]):
        raise RuntimeError(f'loss is {joint[0].item()} at step {step}; lower the learning rate '
                           f'(now {schedule(step, config):.2g})')
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    ranks.average_gradients(parameters)
    norm = nn.utils.clip_grad_norm_(parameters, config.clip)
    optimizer.step()
    row = dict(zip(parts, joint.tolist(), strict=True))
    row['std_min'] = joint_std(pictured.detach().flatten(0, 1), ranks).min().item()
    row['gradient_norm'] = norm.item()
    return row if known is not None else {**row, **spread(moving.detach().flatten(0, 1), ranks)}


def _encode(networks: Networks, episodes: Episodes, index: np.ndarray, mine: slice,
            generator: torch.Generator, config: TrainConfig, machine: Machine) -> Tensor:
    """Return the latents (B, T + R, D) of this rank's part of the rows, under changed light."""
    # in the light of the whole batch, so that all ranks together see what one alone would
    length = index.shape[1]
    images = jitter(episodes.images(index[mine].ravel()).to(machine.device), generator,
                    config.frame_light, config.episode_light, config.episodes,
                    mine.start * length, index.size)
    with machine.autocast(config.bfloat16):
        z = networks.encoder(images).float()[:, 0]
    felt = torch.from_numpy(episodes.proprioception[index[mine].ravel()]).to(machine.device)
    return networks.with_proprioception(z, felt).view(*index[mine].shape, -1)
