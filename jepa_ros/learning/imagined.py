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

"""What the predictor knows of moves that no drive shows, for the critic to learn from."""

import numpy as np
import torch
from torch import nn, Tensor

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.data import blocks_before, Episodes, rows_before
from jepa_ros.learning.latents import Latents

# of the limits of actions
_LEAST_SHARE = 0.1
# rows at a time
_CHUNK = 2048


def steady_blocks(config: ModelConfig, count: int, rng: np.random.Generator
                  ) -> tuple[Tensor, Tensor]:
    """
    Return blocks (N, K, A) of one command throughout, and what share (N,) of its limits each is.

    Half of them are of one action alone.
    """
    low, high = (np.asarray(limit, np.float32) for limit in (config.low, config.high))
    share = rng.uniform(_LEAST_SHARE, 1.0, count).astype(np.float32)
    command = rng.uniform(-1.0, 1.0, (count, len(low))).astype(np.float32)
    alone = rng.random(count) < 0.5
    only = np.eye(len(low), dtype=bool)[rng.integers(len(low), size=count)]
    command[alone[:, None] & ~only] = 0.0
    command /= np.maximum(np.abs(command).max(axis=1, keepdims=True), 1e-6)     # of the limits
    block = share[:, None] * np.where(command > 0.0, command * high, -command * low)
    return torch.from_numpy(block)[:, None].expand(-1, config.block, -1), torch.from_numpy(share)


@torch.no_grad()
def imagine(networks: Networks, episodes: Episodes, latents: Latents, rows: np.ndarray,
            most_blocks: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """
    Return goals (B, D) that one to ``most_blocks`` blocks from each row lead to, and costs (B,).

    Each block is of one command; the predictor says where they lead.  A command of a share of the
    limits costs that share of a block, for at full speed it would take so long.
    """
    config, device = networks.config, latents.clean.device
    window = latents.clean[rows_before(episodes, rows, config.block, config.history)]
    before = blocks_before(episodes, rows, config.block, config.history).to(device)
    last = torch.from_numpy(rng.integers(1, most_blocks + 1, len(rows))).to(device)
    goal, cost = window[:, -1], torch.zeros(len(rows), device=device)
    for count in range(1, most_blocks + 1):
        block, share = (x.to(device) for x in steady_blocks(config, len(rows), rng))
        led = networks.predictor(window, before, block)
        window = torch.cat([window[:, 1:], led[:, None]], dim=1)
        before = torch.cat([before[:, 1:], block[:, None]], dim=1)
        goal = torch.where((count <= last)[:, None], led, goal)
        cost = torch.where(count <= last, cost + share, cost)
    return networks.at_rest(goal), cost


class Lookahead:
    """
    What a goal costs by way of where some blocks of one command lead from each row.

    Where they lead is worked out once, by the predictor: ``count`` latents a row.
    """

    @torch.no_grad()
    def __init__(self, networks: Networks, episodes: Episodes, latents: Latents,
                 known: np.ndarray, count: int, rng: np.random.Generator) -> None:
        """Imagine ``count`` blocks from each of the rows ``known``, after T blocks each."""
        self._episodes, self._latents = episodes, latents
        self._block, self._history = networks.config.block, networks.config.history
        self._led = latents.clean.new_full((len(episodes), count, networks.config.width),
                                           float('nan'))
        for i in range(0, len(known), _CHUNK):
            rows = known[i:i + _CHUNK]
            blocks, _ = steady_blocks(networks.config, len(rows) * count, rng)
            window = latents.clean[rows_before(episodes, rows, self._block, self._history)]
            before = blocks_before(episodes, rows, self._block, self._history)
            self._led[rows] = networks.predictor(
                window.repeat_interleave(count, dim=0),
                before.repeat_interleave(count, dim=0).to(window.device),
                blocks.to(window.device)).view(len(rows), count, -1)
        self.known = np.zeros(len(episodes), bool)
        self.known[known] = True

    @torch.no_grad()
    def costs(self, critic: nn.Module, rows: np.ndarray, goals: Tensor) -> Tensor:
        """
        Return the blocks (B,) from known rows (B,) to goals (B, D): one, and what is left then.

        That is what ``critic`` says of the best of the places that were imagined.
        """
        count = self._led.shape[1]
        window = self._latents.clean[rows_before(self._episodes, rows, self._block,
                                                 self._history)]
        after = torch.cat([window[:, None, 1:].expand(-1, count, -1, -1),
                           self._led[rows][:, :, None]], dim=2)     # (B, count, T, D)
        left: Tensor = critic(after.flatten(0, 1), goals.repeat_interleave(count, dim=0))
        return 1.0 + left.view(-1, count).amin(dim=1)
