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

"""Places that the critic takes for the goal, and that are not: found by odometry."""

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes, known_poses
from jepa_ros.learning.report_curves import costs
from jepa_ros.learning.whereabouts import seen_from

HERE_M, HERE_RAD = 0.1, 0.12
ELSEWHERE_M = (0.25, 2.5)
# of the frames that are at the goal, so many must count as having arrived
_ARRIVING = 0.9
_DRIVES, _GOALS, _LEAST = 40, 30, 30
_APART_BLOCKS = 4


@torch.no_grad()
def false_places(networks: Networks, episodes: Episodes, z: Tensor) -> float | None:
    """
    Return the share of goals for which some place, 0.25 to 2.5 m away, costs too little.

    Too little is what lets 90 % of the frames that are at a goal, within 0.1 m and 0.12 rad, but
    from another time, count as arrived.  ``z`` (N, D) are the latents of the episodes.  None where
    odometry is missing, or drives come too seldom to where they were before.
    """
    block, history = networks.config.block, networks.config.history
    rows = np.intersect1d(episodes.starts(block, history - 1, after=0), known_poses(episodes))
    rng, poses = np.random.default_rng(5), episodes.poses
    here, elsewhere = [], []
    for drive in np.unique(episodes.drive[rows])[:_DRIVES]:
        those = rows[episodes.drive[rows] == drive][::2]
        for goal in rng.choice(those, min(_GOALS, len(those)), replace=False):
            lies = seen_from(poses[those], np.broadcast_to(poses[goal], (len(those), 3)))
            away = np.hypot(lies[:, 0], lies[:, 1])
            other = np.abs(those - goal) >= _APART_BLOCKS * block
            cost = costs(networks, episodes, z, those, np.full(len(those), goal))
            here.append(cost[other & (away < HERE_M) & (np.abs(lies[:, 2]) < HERE_RAD)])
            beside = cost[other & (ELSEWHERE_M[0] < away) & (away < ELSEWHERE_M[1])]
            elsewhere.append(beside.min(initial=np.inf))
    true = np.concatenate(here) if here else np.zeros(0)
    if len(true) < _LEAST:
        return None
    return float(np.mean(np.array(elsewhere) < np.quantile(true, _ARRIVING)))
