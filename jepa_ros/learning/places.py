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

"""Places that are taken for the goal, and that are not: found by odometry."""

import numpy as np
import torch
from torch import Tensor

from jepa_ros.config import AgentConfig
from jepa_ros.core.arrival import reach_m
from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes, known_poses, rows_before
from jepa_ros.learning.whereabouts import seen_from

HERE_M, HERE_RAD = 0.1, 0.12
ELSEWHERE_M = 0.25
_DRIVES, _GOALS, _LEAST = 40, 30, 30
_APART_BLOCKS = 4


@torch.no_grad()
def false_places(networks: Networks, episodes: Episodes, z: Tensor, arrival_cost: float
                 ) -> float | None:
    """
    Return which share of the frames that count as arrived are 0.25 m or more from the goal.

    What counts is what the agent goes by, frame by frame: ``arrival_cost`` (blocks), or where the
    goal is told to lie.  Goals are of the same drive, from another time.  ``z`` (N, D) are the
    latents of the episodes.  None where odometry is missing, where drives come too seldom to
    where they were before, or nothing counts.
    """
    block, history = networks.config.block, networks.config.history
    rows = np.intersect1d(episodes.starts(block, history - 1, after=0), known_poses(episodes))
    rng, poses = np.random.default_rng(5), episodes.poses
    here = arrived = wrong = 0
    for drive in np.unique(episodes.drive[rows])[:_DRIVES]:
        those = rows[episodes.drive[rows] == drive][::2]
        for goal in rng.choice(those, min(_GOALS, len(those)), replace=False):
            lies = seen_from(poses[those], np.broadcast_to(poses[goal], (len(those), 3)))
            away = np.hypot(lies[:, 0], lies[:, 1])
            other = np.abs(those - goal) >= _APART_BLOCKS * block
            here += int((other & (away < HERE_M) & (np.abs(lies[:, 2]) < HERE_RAD)).sum())
            counts = other & _counts(networks, episodes, z, those, int(goal), arrival_cost)
            arrived += int(counts.sum())
            wrong += int((counts & (away >= ELSEWHERE_M)).sum())
    return wrong / arrived if here >= _LEAST and arrived else None


def _counts(networks: Networks, episodes: Episodes, z: Tensor, rows: np.ndarray, goal: int,
            arrival_cost: float) -> np.ndarray:
    """Say which rows (B,) would count as arrived at a goal, if more frames said the same."""
    window = rows_before(episodes, rows, networks.config.block, networks.config.history)
    cost, told = networks.critic.judge(z[window],
                                       networks.at_rest(z[goal]).expand(len(rows), -1))
    near = cost.numpy() < arrival_cost
    if told is None:
        return np.asarray(near)
    ahead, left, cosine, sine, log_error, _ = told.numpy().T
    reach = reach_m(ahead, left, np.arctan2(sine, cosine), np.exp(log_error))
    return np.asarray(near | (reach < AgentConfig.arrival_m))
