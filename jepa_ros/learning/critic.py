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
from jepa_ros.learning.data import Episodes, rows_before
from jepa_ros.learning.imagined import imagine, Lookahead
from jepa_ros.learning.latents import BLOCKS_AHEAD, Latents
from jepa_ros.learning.machine import CPU, Machine
from jepa_ros.learning.run import Run


@dataclass(frozen=True)
class CriticConfig:
    """
    ``expectile`` leans towards the shortest way seen; costs are in blocks.

    Goals are drawn from the same episode: near in the future, anywhere in the future, or at
    any time (``near``, ``future`` and the rest of 1); ``same`` is how often a goal is the
    latent itself, and ``alike`` how often it is what looks most like it of ``alike_of`` moments of
    the same drive, four blocks or more away in time: another place, perhaps, that is easily taken
    for this one.  ``imagined`` is how often it is where the predictor expects the robot after up
    to ``imagined_blocks`` blocks, each of one command, of any share of its limits: that share of
    a block is what it costs, so that what takes a short turn is not far because no drive shows
    it.  Bootstraps look 1 to ``most_blocks`` blocks ahead of what was driven; ``lookahead`` of
    them also 1 block ahead of what could have been, by the best of ``lookahead_of`` blocks of one
    command that the predictor imagined, and take what is less.
    """

    steps: int = 8000
    batch: int = 1024
    learning_rate: float = 5e-4
    expectile: float = 0.9
    target_rate: float = 0.005
    near: float = 0.3
    future: float = 0.4
    same: float = 0.03
    alike: float = 0.0
    alike_of: int = 128
    imagined: float = 0.0
    imagined_blocks: int = 1
    lookahead: float = 0.0
    lookahead_of: int = 6
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
        if not 0.0 <= self.alike <= 1.0 or self.alike_of < 1:
            raise ValueError(f'alike is {self.alike}, must be in [0, 1], and alike_of is '
                             f'{self.alike_of}, must be at least 1')
        for name in ('imagined', 'lookahead'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be in [0, 1]')
        for name in ('imagined_blocks', 'lookahead_of'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 1')
        if self.steps < 1 or self.batch < 1 or self.most_blocks < 1:
            raise ValueError(f'steps {self.steps}, batch {self.batch} and most_blocks '
                             f'{self.most_blocks} must be at least 1')


def draw(episodes: Episodes, rows: np.ndarray, block: int, config: CriticConfig, step: int,
         z: Tensor) -> dict[str, np.ndarray]:
    """
    Return rows, goals, bootstrap rows, lengths in blocks and hindsight costs of a batch.

    ``z`` (N, D) are the latents of all rows.
    """
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
    variant = rng.integers(0, 2 + BLOCKS_AHEAD, config.batch)
    goal_variant = rng.integers(0, 2, config.batch)
    if config.alike:
        chosen = np.flatnonzero(rng.random(config.batch) < config.alike)
        goal[chosen] = look_alikes(episodes, row[chosen], z, 4 * block, config.alike_of, rng)
    # a goal passed before the bootstrap is a cost that was really seen
    ahead = goal - row
    seen = (ahead >= 0) & (ahead <= length * block)
    return {'row': row, 'goal': goal, 'next': row + length * block, 'length': length,
            'seen': seen, 'seen_cost': ahead / block,
            'variant': variant, 'goal_variant': goal_variant}


def look_alikes(episodes: Episodes, rows: np.ndarray, z: Tensor, apart: int, among: int,
                rng: np.random.Generator) -> np.ndarray:
    """
    Return for each row (B,) another of its drive, the nearest in latents of some drawn at random.

    It is ``apart`` rows away or more; where none that was drawn is, the row itself stands.
    """
    begins, ends = episodes.drive_edges
    other = rng.integers(begins[rows], ends[rows] + 1, size=(among, len(rows))).T
    away = (z[other] - z[rows][:, None]).square().mean(dim=2).cpu().numpy()
    away[np.abs(other - rows[:, None]) < apart] = np.inf
    best = away.argmin(axis=1)
    found = np.take_along_axis(other, best[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(away.min(axis=1)), found, rows)


def expectile_loss(value: Tensor, target: Tensor, expectile: float) -> Tensor:
    """Return the mean Huber error, weighted ``expectile`` where the value is above the target."""
    error = (target - value) / Critic.SCALE_BLOCKS
    weight = torch.where(error < 0, expectile, 1.0 - expectile)
    return (weight * torch.nn.functional.huber_loss(
        value / Critic.SCALE_BLOCKS, target / Critic.SCALE_BLOCKS, reduction='none')).mean()


class _Lesson:
    """What a step learns: losses of this rank's part of its batch."""

    def __init__(self, networks: Networks, target_critic: Critic, episodes: Episodes,
                 latents: Latents, config: CriticConfig, machine: Machine) -> None:
        self._networks, self._target_critic = networks, target_critic
        self._episodes, self._latents = episodes, latents
        self._config, self._device = config, machine.device
        self._mine = machine.ranks.part(config.batch, 'critic.batch')
        self._imagined = max(machine.ranks.count, int(config.imagined * config.batch))
        self._mine_imagined = machine.ranks.part(self._imagined, 'critic.imagined of critic.batch')
        block, history = networks.config.block, networks.config.history
        # a latent's past are T - 1 blocks
        self._rows = episodes.starts(block, history - 1, after=block)
        self._known = episodes.starts(block, history, after=0)  # what a prediction wants
        self._ahead = Lookahead(
            networks, episodes, latents, self._known, config.lookahead_of,
            np.random.default_rng([config.seed, 4])) if config.lookahead else None

    def _before(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows (B, T) that the critic sees at rows (B,)."""
        sizes = self._networks.config
        return rows_before(self._episodes, rows, sizes.block, sizes.history)

    def of_drives(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the loss over goals of the drives, and the costs (B,) that the critic tells."""
        config, latents = self._config, self._latents
        drawn = draw(self._episodes, self._rows, self._networks.config.block, config, step,
                     latents.clean)
        b = {k: v[self._mine] for k, v in drawn.items()}
        seen, seen_cost = (torch.from_numpy(b[k]).to(self._device)
                           for k in ('seen', 'seen_cost'))
        goal = self._networks.at_rest(
            latents.windows(b['goal'][:, None], b['goal_variant'])[:, 0])
        value = self._networks.critic(
            latents.windows(self._before(b['row']), b['variant']), goal)
        target = torch.where(seen, seen_cost.float(), self._bootstrap(step, b, goal)).clamp(
            max=config.largest_cost)
        return expectile_loss(value, target, config.expectile), value

    @torch.no_grad()
    def _bootstrap(self, step: int, b: dict[str, np.ndarray], goal: Tensor) -> Tensor:
        """Return the costs (B,) by way of where the drive went, or where it could have gone."""
        length = torch.from_numpy(b['length']).to(self._device)
        bootstrap: Tensor = length.float() + self._target_critic(
            self._latents.clean[self._before(b['next'])], goal)
        if self._ahead is not None:
            config = self._config
            rng = np.random.default_rng([config.seed, 5, step])
            # every rank draws for all, so that together they learn what one would
            some = np.flatnonzero((rng.random(config.batch) < config.lookahead)[self._mine]
                                  & self._ahead.known[b['row']])
            bootstrap[some] = torch.minimum(bootstrap[some], self._ahead.costs(
                self._target_critic, b['row'][some], goal[some]))
        return bootstrap

    def of_what_is_imagined(self, step: int) -> Tensor:
        """Return the loss over goals that the predictor imagined."""
        config = self._config
        rng = np.random.default_rng([config.seed, 3, step])
        chosen = rng.choice(self._known, config.batch)[:self._imagined]
        goal, cost = (x[self._mine_imagined] for x in imagine(
            self._networks, self._episodes, self._latents, chosen, config.imagined_blocks, rng))
        value = self._networks.critic(
            self._latents.clean[self._before(chosen[self._mine_imagined])], goal)
        return expectile_loss(value, cost, config.expectile)


def train_critic(networks: Networks, episodes: Episodes, latents: Latents, config: CriticConfig,
                 folder: Path, machine: Machine = CPU) -> Iterator[dict[str, float]]:
    """
    Train ``networks.critic`` in place, yielding a row of metrics a step; resumable.

    Networks and latents are on the machine's device; each rank takes its part of a batch.
    KeyboardInterrupt, with the state saved, comes where the machine was asked to stop.
    """
    critic = networks.critic
    target_critic = copy.deepcopy(critic)
    optimizer = torch.optim.AdamW(critic.parameters(), config.learning_rate, weight_decay=1e-4)
    run = Run(folder, 'critic', config.steps, config.save_every,
              {'critic': critic, 'target': target_critic, 'optimizer': optimizer}, machine)
    networks.eval()     # the predictor has dropout
    lesson = _Lesson(networks, target_critic, episodes, latents, config, machine)
    critic.train()
    for step in range(run.first, config.steps):
        for group in optimizer.param_groups:
            group['lr'] = config.learning_rate * min(1.0, 2.0 * (1 - step / config.steps) + 0.02)
        loss, value = lesson.of_drives(step)
        if config.imagined:
            loss = ((1.0 - config.imagined) * loss
                    + config.imagined * lesson.of_what_is_imagined(step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        machine.ranks.average_gradients(critic.parameters())
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(target_critic.parameters(), critic.parameters(), strict=True):
                slow.lerp_(fast, config.target_rate)
        joint = machine.ranks.mean(torch.stack([loss, value.mean()]).detach())
        row = {'step': step, 'critic_loss': joint[0].item(), 'cost_to_go': joint[1].item()}
        run.keep(step, row)
        yield row
    critic.eval()
