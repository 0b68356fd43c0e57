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
A route: pictures of recorded drives as nodes, and what it takes to go from one to the next.

Semi-parametric topological memory, arXiv 1803.00653; distances are a critic's, in blocks, as in
ViNG, arXiv 2012.09812.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
import heapq
import math

import numpy as np

from jepa_ros.types import Array

MOST_NODES = 10_000


class NoWayError(ValueError):
    """The edges lead from one node to another in no way."""


@dataclass(frozen=True)
class Edge:
    """
    A way between two nodes, one way only, and its length in blocks.

    ``seen`` where nobody drove it: the two pictures look alike to the critic.
    """

    start: int
    end: int
    blocks: float
    seen: bool = False


@dataclass(frozen=True)
class Route:
    """
    Latents ``nodes`` (N, L, D) of pictures in the order of the drives, and edges between them.

    The last node is where the route leads by itself.
    """

    nodes: Array
    edges: tuple[Edge, ...]
    _leading_to: dict[int, list[Edge]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no graph; ValueError names the value."""
        if self.nodes.ndim != 3 or not 1 <= len(self.nodes) <= MOST_NODES:
            raise ValueError(f'nodes have shape {self.nodes.shape}, must be (N, L, D) with N '
                             f'from 1 to {MOST_NODES}')
        if not np.isfinite(self.nodes).all():
            raise ValueError('nodes hold numbers that are not finite')
        leading_to: dict[int, list[Edge]] = {}
        for edge in self.edges:
            for node in (edge.start, edge.end):
                self._check_node(node)
            if edge.start == edge.end or not 0.0 <= edge.blocks < math.inf:
                raise ValueError(f'edge from {edge.start} to {edge.end} is {edge.blocks} blocks '
                                 'long, must join two nodes and be finite, at least 0')
            leading_to.setdefault(edge.end, []).append(edge)
        object.__setattr__(self, '_leading_to', leading_to)

    def __len__(self) -> int:
        """Return N."""
        return len(self.nodes)

    def _check_node(self, node: int) -> None:
        if not 0 <= node < len(self.nodes):
            raise ValueError(f'node is {node}, the route has 0 to {len(self.nodes) - 1}')

    def remaining(self, goal: int, without: Collection[tuple[int, int]] = ()
                  ) -> dict[int, float]:
        """
        Return how many blocks it is to a goal, by node (Dijkstra); of some there is no way.

        Edges (start, end) ``without`` are not taken.
        """
        return self._ways(goal, without)[0]

    def _ways(self, goal: int, without: Collection[tuple[int, int]]
              ) -> tuple[dict[int, float], dict[int, int]]:
        """Return the blocks to a goal, and the next node on the way, by node."""
        self._check_node(goal)
        blocks, queue = {goal: 0.0}, [(0.0, goal)]
        after: dict[int, int] = {}
        while queue:
            behind, node = heapq.heappop(queue)
            if behind > blocks[node]:
                continue
            for edge in self._leading_to.get(node, []):
                further = behind + edge.blocks
                if ((edge.start, node) not in without
                        and further < blocks.get(edge.start, math.inf)):
                    blocks[edge.start], after[edge.start] = further, node
                    heapq.heappush(queue, (further, edge.start))
        return blocks, after

    def path(self, start: int, goal: int, without: Collection[tuple[int, int]] = ()
             ) -> tuple[int, ...]:
        """Return the nodes of the shortest way, both ends included; NoWayError: there is none."""
        self._check_node(start)
        after = self._ways(goal, without)[1]
        if start != goal and start not in after:
            raise NoWayError(f'no way leads from picture {start} to picture {goal} of the route')
        path = [start]
        while path[-1] != goal:
            path.append(after[path[-1]])
        return tuple(path)

    def likest(self, z: Array, count: int) -> tuple[int, ...]:
        """Return the ``count`` nodes, fewer where there are not so many, nearest to z (L, D)."""
        distances = np.square(self.nodes - z).mean(axis=(1, 2))
        return tuple(int(node) for node in np.argsort(distances, kind='stable')[:count])
