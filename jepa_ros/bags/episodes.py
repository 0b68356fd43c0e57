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

"""Runs of frames become episodes, and every tenth of them is held out."""

from dataclasses import dataclass
from itertools import pairwise
import math

import numpy as np

from jepa_ros.bags.clocks import SECOND_NS

MOST_ROWS = 400
FEWEST_ROWS = 30
FEWEST_EPISODES, FEWEST_FRAMES = 10, 1000
# between what is trained on and what is held out of one drive
APART_S = 2.0
_SHORTEST_CUT = 100


@dataclass(frozen=True)
class Episode:
    """Rows ``first`` to ``last``, both of it, of all rows, and whether it is held out."""

    first: int
    last: int
    held_out: bool

    def __len__(self) -> int:
        return self.last - self.first + 1


def cut(run_rows: list[tuple[int, int]], times_ns: np.ndarray) -> tuple[list[Episode], int]:
    """
    Cut runs, each (first row, last row), into episodes; return them and how many were too short.

    A long run becomes equal parts of at most 400 rows, of fewer where there are less than 8000
    rows in all: that gives about twenty episodes, every tenth of which is held out.  Episodes to
    train on are shortened, or left out, where one that is held out is near, so that two seconds
    lie between the two, whatever parts them; ``times_ns`` (N,) are those of all rows.
    """
    total = sum(last - first + 1 for first, last in run_rows)
    most = min(max(total // 20, _SHORTEST_CUT), MOST_ROWS)
    parts, short = [], 0
    for first, last in run_rows:
        rows = last - first + 1
        if rows < FEWEST_ROWS:
            short += 1
            continue
        pieces = math.ceil(rows / most)
        edges = [first + rows * i // pieces for i in range(pieces + 1)]
        parts += [(begin, end - 1) for begin, end in pairwise(edges)]
    held = [i % 10 == 9 for i in range(len(parts))]
    found = []
    for (first, last), is_held in zip(_apart(parts, held, times_ns), held, strict=True):
        if last - first + 1 < FEWEST_ROWS:
            short += 1
            continue
        found.append(Episode(first, last, is_held))
    return found, short


def _apart(parts: list[tuple[int, int]], held: list[bool], times_ns: np.ndarray
           ) -> list[tuple[int, int]]:
    """Return parts, of those not held out only rows more than two seconds from one that is."""
    apart_ns = round(APART_S * SECOND_NS)
    found = list(parts)
    for i in np.flatnonzero(held):
        begun_ns, ended_ns = (int(times_ns[row]) for row in parts[i])
        # a part with another time than its place says is of another recording, and not near
        for j in range(i - 1, -1, -1):
            if not 0 <= begun_ns - times_ns[parts[j][1]] <= apart_ns:
                break
            first, last = found[j]
            while last >= first and begun_ns - times_ns[last] <= apart_ns:
                last -= 1
            found[j] = first, last
        for j in range(i + 1, len(parts)):
            if not 0 <= times_ns[parts[j][0]] - ended_ns <= apart_ns:
                break
            first, last = found[j]
            while first <= last and times_ns[first] - ended_ns <= apart_ns:
                first += 1
            found[j] = first, last
    return found


def check_enough(episodes: list[Episode]) -> None:
    """Refuse too little to learn from; ValueError names the numbers."""
    frames = sum(len(episode) for episode in episodes)
    if len(episodes) < FEWEST_EPISODES or frames < FEWEST_FRAMES:
        raise ValueError(
            f'the bags give {len(episodes)} episodes of at least {FEWEST_ROWS} frames, {frames} '
            f'frames in all; at least {FEWEST_EPISODES} episodes and {FEWEST_FRAMES} frames are '
            'needed: record more, and without gaps (jepa inspect says where they are)')
