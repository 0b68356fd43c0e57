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

"""What a step of the critic's training learns: costs, and where goals lie."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Critic, Networks
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.critic_goals import draw, draw_pairs
from jepa_ros.learning.data import Episodes, rows_before
from jepa_ros.learning.imagined import imagine, Lookahead
from jepa_ros.learning.latents import Latents
from jepa_ros.learning.machine import Machine
from jepa_ros.learning.open_floor import OpenFloor
from jepa_ros.learning.whereabouts import told_loss, where_it_lies


def expectile_loss(value: Tensor, target: Tensor, expectile: float, relative: float = 0.0
                   ) -> Tensor:
    """
    Return the mean Huber error, weighted ``expectile`` where the value is above the target.

    With ``relative`` above 0 the error is that of the logarithms of both and so many blocks.
    """
    if relative:
        value, target = (torch.log(x + relative) * Critic.SCALE_BLOCKS for x in (value, target))
    error = (target - value) / Critic.SCALE_BLOCKS
    weight = torch.where(error < 0, expectile, 1.0 - expectile)
    return (weight * torch.nn.functional.huber_loss(
        value / Critic.SCALE_BLOCKS, target / Critic.SCALE_BLOCKS, reduction='none')).mean()


class Pairs(NamedTuple):
    """Rows and goals (B,) of the same drives; what is seen there, (B, T, D) and (B, D)."""

    rows: np.ndarray
    goals: np.ndarray
    window: Tensor
    goal: Tensor


class Lesson:
    """What a step learns: losses of this rank's part of its batch."""

    def __init__(self, networks: Networks, target_critic: Critic, episodes: Episodes,
                 latents: Latents, config: CriticConfig, machine: Machine,
                 floor: OpenFloor | None) -> None:
        """Learn with the critic of ``networks``; ``floor`` tells what a way costs at least."""
        self._floor = floor
        self._networks, self._target_critic = networks, target_critic
        self._episodes, self._latents = episodes, latents
        self._config, self._device = config, machine.device
        self._rank, ranks = machine.ranks.rank, machine.ranks.count
        self._mine = machine.ranks.part(config.batch, 'critic.batch')
        self._imagined = max(1, int(config.imagined * config.batch) // ranks) * ranks
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
        window, goal = self._latents_of(b)
        target = torch.where(seen, seen_cost.float(), self._bootstrap(step, b, goal))
        if self._floor is not None:
            target = torch.maximum(target, self._floor.costs(
                self._episodes, b['row'], b['goal']).to(self._device))
        value = self._networks.critic(*self._noisy(window, goal, step, 8))
        return self._loss(value, target.clamp(max=config.largest_cost)), value

    def pairs(self, step: int) -> Pairs:
        """Return frames of a step's drives, windows and goals, this rank's part."""
        rng = np.random.default_rng([self._config.seed, 6, step])
        drawn = draw_pairs(self._episodes, self._rows, self._networks.config.block,
                           self._config, rng)
        b = {k: v[self._mine] for k, v in drawn.items()}
        return Pairs(b['row'], b['goal'], *self._noisy(*self._latents_of(b), step, 9))

    def of_open_floor(self, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Return the loss over goals to which the way is open, and the costs (B,) told."""
        cost = self._floor.costs(self._episodes, pairs.rows, pairs.goals).to(self._device)
        value = self._networks.critic(pairs.window, pairs.goal)
        return self._loss(value, cost.clamp(max=self._config.largest_cost)), value

    def of_where_goals_lie(self, pairs: Pairs, step: int) -> Tensor:
        """Return the loss of where goals of the drives are told to lie."""
        where = self._networks.critic.whereabouts
        seed = int(np.random.default_rng([self._config.seed, 10, step]).integers(2 ** 62))
        torch.manual_seed(seed + self._rank)    # of dropout: a run that goes on draws the same
        where.train()   # with dropout here, without where the critic is told
        told = where(pairs.window, pairs.goal)
        where.eval()
        return told_loss(told, where_it_lies(self._episodes, pairs.rows,
                                             pairs.goals).to(self._device))

    def _latents_of(self, b: dict[str, np.ndarray]) -> tuple[Tensor, Tensor]:
        """Return windows (B, T, D) and goals (B, D) of what was drawn."""
        goal = self._latents.windows(b['goal'][:, None], b['goal_variant'])[:, 0]
        return (self._latents.windows(self._before(b['row']), b['variant']),
                self._networks.at_rest(goal))

    def _noisy(self, window: Tensor, goal: Tensor, step: int, kind: int
               ) -> tuple[Tensor, Tensor]:
        """Return both with noise, of which this rank has its part."""
        config = self._config
        if not config.noise:
            return window, goal
        seed = int(np.random.default_rng([config.seed, kind, step]).integers(2 ** 62))
        noise = torch.randn((config.batch, window.shape[1] + 1, window.shape[2]),
                            generator=torch.Generator().manual_seed(seed))[self._mine]
        noise = config.noise * noise.to(self._device)
        return window + noise[:, 1:], goal + noise[:, 0]

    def _loss(self, value: Tensor, target: Tensor) -> Tensor:
        return expectile_loss(value, target, self._config.expectile, self._config.relative)

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
        return self._loss(value, cost)
