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

"""How a drive becomes a route: which pictures to keep, and where drives meet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.core.route import Edge, Route
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array

# Pictures of one drive so near to each other in it are joined already.
_OWN_NEIGHBOURS = 3

# Blocks from one latent (L, D) to another.
Distance = Callable[[Array, Array], float]


@dataclass(frozen=True)
class Spacing:
    """
    How far apart the pictures of a route are, in blocks.

    One is kept ``apart`` from the last by the critic, or driven for ``most`` where the critic
    says less, but never nearer than ``least``: a robot that stands makes no new one.  Two places
    are one where the critic says at most ``same`` both ways, for two pictures in a row.
    """

    apart: float = 3.0
    most: float = 5.0
    least: float = 0.6
    same: float = 0.6

    def __post_init__(self) -> None:
        """Refuse distances in no order; ValueError names them."""
        if not 0.0 < self.least <= self.apart <= self.most < math.inf:
            raise ValueError(f'least {self.least}, apart {self.apart} and most {self.most} must '
                             'be above 0, finite and in this order')
        if not 0.0 <= self.same < math.inf:
            raise ValueError(f'same is {self.same}, must be finite and at least 0')


def at_rest(model: WorldModel) -> Distance:
    """
    Return what tells how far it is, in blocks, from a robot that stands at a latent (L, D).

    That is the critic's cost-to-go beyond the arrival cost: what it says where it is.
    """
    spec, action = model.spec, model.spec.action
    executed = np.zeros((spec.history, action.block, action.width), np.float32)
    still = np.zeros((1, spec.horizon, action.block, action.width), np.float32)

    def distance(start: Array, end: Array) -> float:
        rollout = model.rollout(np.stack([start] * spec.history), executed, still, end)
        return max(float(rollout.cost_to_go[0, 0]) - spec.arrival_cost, 0.0)

    return distance


def kept(latents: Sequence[Array], blocks: Sequence[float], distance: Distance,
         spacing: Spacing) -> tuple[list[int], list[float]]:
    """
    Choose pictures of a drive; return their indices, and the blocks driven between them.

    ``latents`` are those of its frames, ``blocks`` when each was taken, in blocks from any
    beginning.  The first and the last place are always among them.  Raises ValueError where the
    drive goes nowhere.
    """
    chosen, driven = [0], []
    # a robot that stands at a picture, or near it, left it no sooner than it had to
    left = blocks[0]
    for i in range(1, len(latents)):
        away = distance(latents[chosen[-1]], latents[i])
        if away < spacing.least:
            left = blocks[i] - away
        elif away >= spacing.apart or blocks[i] - left >= spacing.most:
            chosen.append(i)
            driven.append(blocks[i] - left)
            left = blocks[i]
    last = len(latents) - 1
    if chosen[-1] != last:
        away = distance(latents[chosen[-1]], latents[last])
        if away >= spacing.least or len(chosen) == 1:
            chosen.append(last)
            driven.append(max(blocks[last] - left, away))
        else:
            # the place where the drive ends is what was to be reached
            chosen[-1] = last
    if len(chosen) == 2 and distance(latents[0], latents[last]) < spacing.least:
        raise ValueError(f'the drive of {len(latents)} pictures goes nowhere: its pictures are '
                         f'less than {spacing.least} blocks apart')
    return chosen, driven


def meetings(nodes: Array, drives: Sequence[int], distance: Distance, spacing: Spacing,
             tried: int = 8) -> list[Edge]:
    """
    Return edges both ways between nodes (N, L, D) that show the same place from the same side.

    ``drives`` names the drive of each.  Of each node the ``tried`` that look most like it are
    asked about, but for those a little before and after it.  A meeting of one pair counts only
    where the pair behind it or before it meets as well: two places may look alike once.  There
    are none where ``same`` is 0.
    """
    if spacing.same == 0.0:
        return []
    count = len(nodes)
    flat = nodes.reshape(count, -1)
    near: dict[tuple[int, int], float] = {}

    def blocks(i: int, j: int) -> float:
        """Return the way between two nodes, the longer direction."""
        pair = (min(i, j), max(i, j))
        if pair not in near:
            near[pair] = max(distance(nodes[i], nodes[j]), distance(nodes[j], nodes[i]))
        return near[pair]

    def apart(i: int, j: int) -> bool:
        return drives[i] != drives[j] or abs(i - j) > _OWN_NEIGHBOURS

    def follows(i: int, j: int, step: int) -> bool:
        """Say whether the nodes one step on from a pair meet too."""
        a, b = i + step, j + step
        return (0 <= a < count and 0 <= b < count and drives[a] == drives[i]
                and drives[b] == drives[j] and apart(a, b) and blocks(a, b) <= 2 * spacing.same)

    def likest(i: int) -> list[int]:
        """Return the nodes to ask about, those that look most like i."""
        order = np.argsort(np.square(flat - flat[i]).mean(axis=1), kind='stable')
        return [int(j) for j in order if apart(i, int(j))][:tried]

    found = {(min(i, j), max(i, j)) for i in range(count) for j in likest(i)
             if blocks(i, j) <= spacing.same and (follows(i, j, 1) or follows(i, j, -1))}
    return [Edge(a, b, near[i, j], seen=True)
            for i, j in sorted(found) for a, b in ((i, j), (j, i))]


def joined(nodes: Array, drives: Sequence[int], driven: Sequence[Sequence[float]],
           distance: Distance, spacing: Spacing) -> Route:
    """Return the route of several drives: what was driven (blocks, of each), and meetings."""
    edges, first = [], 0
    for lengths in driven:
        edges += [Edge(first + k, first + k + 1, blocks) for k, blocks in enumerate(lengths)]
        first += len(lengths) + 1
    return Route(nodes, (*edges, *meetings(nodes, drives, distance, spacing)))
