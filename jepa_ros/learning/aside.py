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

"""Places aside of each other, which no short drive joins: what a robot on wheels seldom shows."""

import numpy as np

from jepa_ros.learning.data import Episodes
from jepa_ros.learning.whereabouts import seen_from

# of two frames, what is between them: no further, no more turned, and more to the side than ahead
MOST_M, MOST_RAD = 0.8, 0.5
LEAST_M = 0.08


def aside(episodes: Episodes, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """
    Return for each row (B,) which of others (B, M) of its drive is the first that lies aside.

    The index (B,), -1 where none does, or no odometry tells.
    """
    poses = episodes.poses
    count = others.shape[1]
    lies = seen_from(np.repeat(poses[rows], count, axis=0),
                     poses[others.ravel()]).reshape(*others.shape, 3)
    ahead, left, turn = np.abs(np.nan_to_num(lies, nan=np.inf)).transpose(2, 0, 1)
    fits = (left > ahead) & (left > LEAST_M) & (np.hypot(ahead, left) < MOST_M) & (turn < MOST_RAD)
    return np.where(fits.any(axis=1), fits.argmax(axis=1), -1)


def goals_aside(episodes: Episodes, rows: np.ndarray, goals: np.ndarray, among: int,
                rng: np.random.Generator) -> np.ndarray:
    """
    Return for each row (B,) another of its drive that lies aside, out of ``among`` random ones.

    Its goal of ``goals`` (B,) stands where none of those does.
    """
    begins, ends = (edge[rows] for edge in episodes.drive_edges)
    others = rng.integers(begins, ends + 1, size=(among, len(rows))).T
    which = aside(episodes, rows, others)
    found = np.take_along_axis(others, np.maximum(which, 0)[:, None], axis=1)[:, 0]
    return np.where(which >= 0, found, goals)
