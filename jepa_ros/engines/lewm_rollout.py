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
The rollout graph of LeWorldModel's predictor: candidates in, latents and their costs out.

``PlainLewmRollout`` is written as published: at every step the last T latents go through the whole
predictor, and the last of what comes out is the next.  ``LewmRollout`` gives the same numbers and
does no work twice:

- what the actions say to each layer (AdaLN) is computed once for each block, not once a window;
- latents of the past are the same for all candidates, so their keys and values are computed once.
  They cannot be kept from one step to the next: a latent's position changes as the window slides;
- the oldest in a window sees itself only: what it attends to is its own value;
- only the newest is carried through the last layer, for the others give it keys and values alone;
- only the newest is projected.

Inside, the position comes first, (P, S, D), so that a position is one piece of memory.
"""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import nn, Tensor
from torch.nn import functional

from jepa_ros.engines.lewm_networks import Attention, Layer, LewmNetworks, LewmPredictor


class PlainLewmRollout(nn.Module):
    """Predict window after window: the reference for what ``LewmRollout`` answers."""

    def __init__(self, networks: LewmNetworks) -> None:
        super().__init__()
        self.predictor, self.history = networks.predictor, networks.config.history

    def forward(self, context: Tensor, executed: Tensor, candidates: Tensor, goal: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return latents (S, H, L, D), cost (S,) and cost-to-go (S, H + 1).

        Takes context (T, L, D), executed (T, K, A), candidates (S, H, K, A), goal (L, D), L is 1.
        Costs are squared distances to the goal, their mean over D; a plan costs what its end does.
        """
        count = candidates.shape[0]
        seen = list(context[:, 0].expand(count, -1, -1).unbind(1))
        # the block that leaves each latent: what was executed between them, then the candidate
        leaving = torch.cat([executed[1:].expand(count, -1, -1, -1), candidates], dim=1)
        actions = self.predictor.embed(leaving)  # (S, T - 1 + H, D)
        for h in range(candidates.shape[1]):
            window = torch.stack(seen[h:], dim=1)  # (S, T, D)
            seen.append(self.predictor(window, actions[:, h:h + self.history])[:, -1])
        return judged(torch.stack(seen[self.history:]), context[-1], goal)


class LewmRollout(nn.Module):
    """The same as ``PlainLewmRollout``, with no work done twice."""

    def __init__(self, networks: LewmNetworks) -> None:
        super().__init__()
        self.predictor, self.history = networks.predictor, networks.config.history

    def forward(self, context: Tensor, executed: Tensor, candidates: Tensor, goal: Tensor
                ) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents (S, H, L, D), cost (S,) and cost-to-go (S, H + 1), as the plain one."""
        predictor, history, position = self.predictor, self.history, self.predictor.position
        horizon = candidates.shape[1]
        past = _modulations(predictor, executed[1:, None])  # (T - 1, 1, D) each
        future = _modulations(predictor, candidates.transpose(0, 1))  # (H, S, D) each
        z = [context[-1].expand(candidates.shape[0], -1)]
        for h in range(horizon):
            own = min(h + 1, history)     # latents of the window that differ between candidates
            shared = history - own
            before = _shared_keys(predictor, context[history - 1 - shared:-1]
                                  + position[:shared, None], [
                                      m.of(history - 1 - shared, history - 1) for m in past])
            first = h + 1 - own
            x = torch.stack(z[first:]) + position[shared:, None]  # (P, S, D)
            x = _newest(predictor, x, [m.of(first, h + 1) for m in future], before)
            z.append(predictor.project(predictor.norm(x)))
        return judged(torch.stack(z[1:]), context[-1], goal)


@dataclass(frozen=True)
class _Modulation:
    """What actions say to one layer, (N, S, D) each: N blocks, S candidates or 1."""

    parts: tuple[Tensor, ...]

    def of(self, first: int, end: int) -> '_Modulation':
        """Return what some of the blocks say."""
        return _Modulation(tuple(part[first:end] for part in self.parts))

    def attention_in(self, layer: Layer, x: Tensor) -> Tensor:
        """Return what attention sees of x (N, S, D)."""
        return layer.attention.norm(layer.norm(x) * self.parts[1] + self.parts[0])

    def attended(self, layer: Layer, x: Tensor, mixed: Tensor) -> Tensor:
        """Return x (N, S, D) after attention and MLP, from the mixed values (N, S, heads * d)."""
        x = x + self.parts[2] * layer.attention.out(mixed)
        return x + self.parts[5] * layer.mlp(layer.norm(x) * self.parts[4] + self.parts[3])


Keys = tuple[Tensor, Tensor]


def _modulations(predictor: LewmPredictor, blocks: Tensor) -> list[_Modulation]:
    """Return what blocks (N, S, K, A) say to each layer; the scales are one more."""
    actions = functional.silu(predictor.embed(blocks))  # (N, S, D)
    found = []
    for layer in predictor.layers:
        linear = layer.modulate[1]
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = (
            functional.linear(actions, _part(linear.weight, i, 6), _part(linear.bias, i, 6))
            for i in range(6))
        found.append(_Modulation((shift, 1 + scale, gate, mlp_shift, 1 + mlp_scale, mlp_gate)))
    return found


def _part(weights: Tensor, index: int, count: int) -> Tensor:
    """Return one of the equal parts that weights (count * N, ...) consist of."""
    size = weights.shape[0] // count
    return weights[index * size:(index + 1) * size]


def _keys(attention: Attention, y: Tensor) -> Keys:
    """Return keys and values (N, S, heads * d)."""
    weight = attention.qkv.weight
    return functional.linear(y, _part(weight, 1, 3)), functional.linear(y, _part(weight, 2, 3))


def _queries(attention: Attention, y: Tensor) -> Tensor:
    return functional.linear(y, _part(attention.qkv.weight, 0, 3))


def _shared_keys(predictor: LewmPredictor, x: Tensor, said: list[_Modulation]) -> list[Keys]:
    """Return each layer's keys and values (R, 1, heads * d) of latents R that all share."""
    found = []
    for layer, modulation in zip(predictor.layers, said, strict=True):
        if len(x) == 0:
            break
        y = modulation.attention_in(layer, x)
        keys = _keys(layer.attention, y)
        found.append(keys)
        if layer is not predictor.layers[-1]:
            mixed = _attend(layer.attention, _queries(layer.attention, y), keys, 0)
            x = modulation.attended(layer, x, mixed)
    return found


def _newest(predictor: LewmPredictor, x: Tensor, said: list[_Modulation], before: list[Keys]
            ) -> Tensor:
    """Carry latents (P, S, D) through the layers; return the newest (S, D)."""
    last = len(predictor.layers) - 1
    for i, (layer, modulation) in enumerate(zip(predictor.layers, said, strict=True)):
        y = modulation.attention_in(layer, x)
        keys = _keys(layer.attention, y)
        newest = len(x) - 1
        if i == last:
            x, y, modulation = x[newest:], y[newest:], modulation.of(newest, newest + 1)
        if before:
            keys = tuple(torch.cat([shared.expand(-1, x.shape[1], -1), own])
                         for shared, own in zip(before[i], keys, strict=True))
        seen_by_first = len(keys[0]) - len(x)
        if seen_by_first == 0:
            # it sees itself only
            mixed = keys[1][:1]
            if len(x) > 1:
                later = _attend(layer.attention, _queries(layer.attention, y[1:]), keys, 1)
                mixed = torch.cat([mixed, later])
        else:
            mixed = _attend(layer.attention, _queries(layer.attention, y), keys, seen_by_first)
        x = modulation.attended(layer, x, mixed)
    return x[0]


def _attend(attention: Attention, queries: Tensor, keys: Keys, first: int) -> Tensor:
    """
    Return the mixed values (Q, S, heads * d) of queries (Q, S, heads * d).

    The keys are (P, S, heads * d); query i sits at position ``first`` + i and sees what is not
    later.  With so few positions sums of products are faster than products of matrices, and a
    softmax that is written out, one tensor a position, is faster than one over an axis of three.
    """
    heads = (attention.heads, attention.head_width)
    k, v = (part.unflatten(-1, heads) for part in keys)
    mixed = []
    for i, q in enumerate(queries.unflatten(-1, heads).unbind(0)):  # (S, heads, d)
        seen = first + i + 1
        scores = [(q * k[j]).sum(dim=-1, keepdim=True) * attention.head_width ** -0.5
                  for j in range(seen)]  # (S, heads, 1) each
        highest = reduce(torch.maximum, scores)
        weights = [(score - highest).exp() for score in scores]
        total = sum((w * v[j] for j, w in enumerate(weights[1:], 1)), weights[0] * v[0])
        mixed.append((total / sum(weights[1:], weights[0])).flatten(-2))
    return torch.stack(mixed)


def judged(future: Tensor, now: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return latents (S, H, 1, D), cost (S,) and cost-to-go (S, H + 1) of a future (H, S, D)."""
    values = (future - goal).square().mean(dim=-1)  # (H, S)
    present = (now - goal).square().mean(dim=-1).expand(future.shape[1])
    cost_to_go = torch.cat([present[:, None], values.transpose(0, 1)], dim=1)
    return future.transpose(0, 1).unsqueeze(2), values[-1], cost_to_go
