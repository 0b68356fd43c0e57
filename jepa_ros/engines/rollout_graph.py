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
The rollout graph of our networks: candidates in, predicted latents and their costs out.

``PlainRollout`` is written as the papers write it, one step after the other; ``RolloutGraph``
gives the same numbers and does no work twice.  Bundles hold the second.
"""

import torch
from torch import nn, Tensor
from torch.nn import functional

from jepa_ros.engines.networks import Critic, Networks


class PlainRollout(nn.Module):
    """Predict and judge step by step: the reference for what ``RolloutGraph`` answers."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.predictor, self.critic = networks.predictor, networks.critic
        self.register_buffer('weights', _weights(networks), persistent=False)

    def forward(self, context: Tensor, executed: Tensor, candidates: Tensor, goal: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return latents (S, H, L, D), cost (S,) and cost-to-go (S, H + 1).

        Takes context (T, L, D), executed (T, K, A), candidates (S, H, K, A), goal (L, D).
        """
        count = candidates.shape[0]
        z = context[-1].expand(count, -1)  # (S, D)
        goals = goal.expand(count, -1)
        before = executed[-1:].expand(count, -1, -1)
        latents, values = [], [self.critic(z, goals)]
        for h in range(candidates.shape[1]):
            block = candidates[:, h]
            z = self.predictor(z, before, block)
            before = block
            latents.append(z)
            values.append(self.critic(z, goals))
        cost_to_go = torch.stack(values, dim=1)  # (S, H + 1)
        cost = (cost_to_go[:, 1:] * self.weights).sum(dim=1)
        return torch.stack(latents, dim=1).unsqueeze(2), cost, cost_to_go


class RolloutGraph(nn.Module):
    """
    The same as ``PlainRollout``, with no work done twice.

    What depends on actions alone is computed for all steps in one product, the present latent
    and the goal enter once for all candidates, and the critic judges all steps at once.
    Inside, the step comes first, (H, S, ...), so that one step is one piece of memory.
    """

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.predictor, self.critic = networks.predictor, networks.critic
        self.register_buffer('weights', _weights(networks), persistent=False)

    def forward(self, context: Tensor, executed: Tensor, candidates: Tensor, goal: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents (S, H, L, D), cost (S,) and cost-to-go (S, H + 1), as the plain one."""
        predictor = self.predictor
        modulation = self._modulation(executed, candidates)
        z = context[-1]  # (1, D)
        latents = []
        for h in range(candidates.shape[1]):
            x = predictor.enter(z)
            for (scale, shift), mix in zip(modulation, predictor.mix, strict=True):
                x = x + mix(predictor.norm(x) * scale[h] + shift[h])
            z = z + predictor.leave(x)  # (S, D)
            latents.append(z)
        future = torch.stack(latents)  # (H, S, D)
        values = judge(self.critic, future, goal)  # (H, S)
        now = judge(self.critic, context[-1], goal).expand(candidates.shape[0])
        cost = (values * self.weights[:, None]).sum(dim=0)
        cost_to_go = torch.cat([now[:, None], values.transpose(0, 1)], dim=1)
        return future.transpose(0, 1).unsqueeze(2), cost, cost_to_go

    def _modulation(self, executed: Tensor, candidates: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return (1 + scale, shift) of each layer for every step, (H, S, hidden) each."""
        predictor = self.predictor
        steps = (candidates.transpose(0, 1) - predictor.centre) / predictor.half_range
        steps = steps.flatten(2)  # (H, S, K * A)
        first = ((executed[-1] - predictor.centre) / predictor.half_range).flatten()
        before = torch.cat([first.expand(1, steps.shape[1], -1), steps[:-1]])
        action = predictor.act(torch.cat([before, steps], dim=-1))
        parts = []
        for layer in predictor.modulate:
            half = layer.out_features // 2
            parts.append((1 + functional.linear(action, layer.weight[:half], layer.bias[:half]),
                          functional.linear(action, layer.weight[half:], layer.bias[half:])))
        return parts


def judge(critic: Critic, latents: Tensor, goal: Tensor) -> Tensor:
    """
    Return the critic's cost-to-go (...,) of latents (..., D) to one goal (1, D).

    Its first layer sees [z, g, z - g]; what it makes of the goal is the same for all.
    """
    first, *rest = critic.layers
    of_latent, of_goal, of_difference = first.weight.chunk(3, dim=1)
    shared = functional.linear(goal[0], of_goal - of_difference, first.bias)
    x = functional.linear(latents, of_latent + of_difference) + shared
    for layer in rest:
        x = layer(x)
    return functional.softplus(x.squeeze(-1)) * critic.SCALE_BLOCKS


def _weights(networks: Networks) -> Tensor:
    """Return what each step's cost-to-go counts, (H,): the last in full, earlier ones less."""
    weights = torch.full((networks.config.horizon,), networks.config.early_weight)
    weights[-1] = 1.0
    return weights
