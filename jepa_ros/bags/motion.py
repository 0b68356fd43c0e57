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

"""What of a bag's actions moves the robot, and for how much of the time nothing does."""

import numpy as np

from jepa_ros.bags.align import Rows
from jepa_ros.core.actions import moving


def motion_of(rows: Rows) -> np.ndarray:
    """Return what moves the robot, of each row that has an action (M, A): speeds, changes."""
    begins = np.zeros(len(rows.actions), bool)
    begins[[first for first, _ in rows.runs]] = True
    return np.asarray(moving(rows.actions, rows.units, begins)[rows.acting])


def rests(part: np.ndarray) -> np.ndarray:
    """Return where a component of it (M,) counts as at rest: up to 1 % of its largest."""
    return np.asarray(np.abs(part) <= 0.01 * np.abs(part).max())


def share_at_rest(rows: Rows) -> float:
    """Return the share of actions in which nothing moves."""
    return float(np.all([rests(part) for part in motion_of(rows).T], axis=0).mean())
