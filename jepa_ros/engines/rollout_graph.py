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

from jepa_ros.engines.networks import Critic, Networks, Whereabouts


class PlainRollout(nn.Module):
    """Predict and judge step by step: the reference for what ``RolloutGraph`` answers."""

    def __init__(self, networks: Networks) -> None:
        super().__init__()
        self.predictor, self.critic = networks.predictor, networks.critic
        self.register_buffer('weights', _weights(networks), persistent=False)

    def forward(self, context: Tensor, executed: Tensor, candidates: Tensor, goal: Tensor
                ) -> tuple[Tensor, ...]:
        """
        Return latents (S, H, L, D), cost (S,) and cost-to-go (S, H + 1).

        Takes context (T, L, D), executed (T, K, A), candidates (S, H, K, A), goal (L, D).  Where
        the critic has whereabouts, the goal's pose (6,) too, as seen from the present.
        """
        count, history = candidates.shape[0], context.shape[0]
        goals = goal.expand(count, -1)
        seen = list(context[:, 0].expand(count, -1, -1).unbind(1))  # T of (S, D)
        ended = list(executed.expand(count, -1, -1, -1).unbind(1))  # T of (S, K, A)
        now, told = self.critic.judge(torch.stack(seen, dim=1), goals)
        values = [now]
        for h in range(candidates.shape[1]):
            seen.append(self.predictor(torch.stack(seen[h:], dim=1), torch.stack(ended[h:], dim=1),
                                       candidates[:, h]))
            ended.append(candidates[:, h])
            values.append(self.critic(torch.stack(seen[h + 1:], dim=1), goals))
        cost_to_go = torch.stack(values, dim=1)  # (S, H + 1)
        cost = (cost_to_go[:, 1:] * self.weights).sum(dim=1)
        future = torch.stack(seen[history:], dim=1).unsqueeze(2)
        return future, cost, cost_to_go, *_poses(told)


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
                ) -> tuple[Tensor, ...]:
        """Return latents (S, H, L, D), cost (S,), cost-to-go (S, H + 1), as the plain one."""
        predictor, history = self.predictor, context.shape[0]
        modulation = self._modulation(executed, candidates)
        columns = predictor.enter.weight.chunk(history, dim=1)  # T of (hidden, D)
        seen = list(context)  # T of (1, D), then (S, D)
        for h in range(candidates.shape[1]):
            x = functional.linear(seen[-1], columns[-1], predictor.enter.bias)
            for z, part in zip(seen[h:-1], columns[:-1], strict=True):
                x = x + functional.linear(z, part)
            for (scale, shift), mix in zip(modulation, predictor.mix, strict=True):
                x = x + mix(predictor.norm(x) * scale[h] + shift[h])
            seen.append(seen[-1] + predictor.leave(x))  # (S, D)
        future = torch.stack(seen[history:])  # (H, S, D)
        values = judge(self.critic, context, future, goal)  # (H, S)
        present, told = self.critic.judge(context[:, 0].unsqueeze(0), goal)
        now = present.expand(candidates.shape[0])
        cost = (values * self.weights[:, None]).sum(dim=0)
        cost_to_go = torch.cat([now[:, None], values.transpose(0, 1)], dim=1)
        return future.transpose(0, 1).unsqueeze(2), cost, cost_to_go, *_poses(told)

    def _modulation(self, executed: Tensor, candidates: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return (1 + scale, shift) of each layer for every step, (H, S, hidden) each."""
        predictor, history = self.predictor, executed.shape[0]
        horizon, count = candidates.shape[1], candidates.shape[0]
        steps = (candidates.transpose(0, 1) - predictor.centre) / predictor.half_range
        past = ((executed - predictor.centre) / predictor.half_range).flatten(1)
        # the blocks that ended at each latent of the first window, then the candidates' own
        ended = torch.cat([past.unsqueeze(1).expand(-1, count, -1), steps.flatten(2)])
        action = predictor.act(torch.cat(
            [ended[j:j + horizon] for j in range(history + 1)], dim=-1))
        parts = []
        for layer in predictor.modulate:
            half = layer.out_features // 2
            parts.append((1 + functional.linear(action, layer.weight[:half], layer.bias[:half]),
                          functional.linear(action, layer.weight[half:], layer.bias[half:])))
        return parts


def judge(critic: Critic, context: Tensor, future: Tensor, goal: Tensor) -> Tensor:
    """Return the critic's cost-to-go (H, S) of a future (H, S, D) after a context (T, 1, D)."""
    first, *rest = critic.layers
    x = _enter(first, context, future, goal)
    if critic.whereabouts is not None:
        layer, *others = critic.whereabouts.layers
        told = _enter(layer, context, future, goal)
        for layer in others:
            told = layer(told)
        features = critic.whereabouts.features(critic.whereabouts.bounded(told))
        x = x + functional.linear(features, first.weight[:, -features.shape[-1]:])
    for layer in rest:
        x = layer(x)
    return functional.softplus(x.squeeze(-1)) * critic.SCALE_BLOCKS


def _enter(first: nn.Linear, context: Tensor, future: Tensor, goal: Tensor) -> Tensor:
    """
    Return what a first layer makes (H, S, hidden) of each latent of a future.

    It sees the last T latents, the goal (1, D), and the difference of the newest and the goal;
    what it makes of the goal and the past is the same for all candidates.
    """
    history, horizon = context.shape[0], future.shape[0]
    seen = first.weight[:, :(history + 2) * goal.shape[-1]]
    *of_latents, of_goal, of_difference = seen.chunk(history + 2, dim=1)
    of_latents[-1] = of_latents[-1] + of_difference
    x = functional.linear(goal[0], of_goal - of_difference, first.bias)
    for j, part in enumerate(of_latents):
        back = history - 1 - j  # how many steps before the one that is judged
        past = functional.linear(context[history - back:, 0], part)[:horizon, None]
        ahead = functional.linear(future[:max(horizon - back, 0)], part)
        x = x + (torch.cat([past.expand(-1, future.shape[1], -1), ahead]) if back else ahead)
    return x


def _poses(told: Tensor | None) -> tuple[Tensor, ...]:
    """Return the goal's pose (6,) of what was told (B, 6) of the present, alike for all."""
    return () if told is None else (Whereabouts.goal_pose(told[0]),)


def _weights(networks: Networks) -> Tensor:
    """Return what each step's cost-to-go counts, (H,): the last in full, earlier ones less."""
    weights = torch.full((networks.config.horizon,), networks.config.early_weight)
    weights[-1] = 1.0
    return weights
