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

"""How well a route was followed: where it ended, how much of the way, and the figures of many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jepa_ros.sim.closed_loop import wilson
from jepa_ros.sim.world import Pose

RADII_M = (0.30, 0.20)
# how near to the recorded way, and how far on along it, the robot is still on it
_ON_WAY_M, _ON_WAY_AHEAD_M = 0.5, 1.0


@dataclass(frozen=True)
class RouteOutcome:
    """
    How following one route ended.

    ``stopped``: by itself, as arrived, and at rest.  ``progress`` is the share of the recorded
    way.
    """

    seed: int
    length_m: float
    stopped: bool
    reason: str
    final_distance_m: float
    progress: float
    collisions: int
    driven_m: float
    duration_s: float
    recorded_s: float
    pictures: int
    recoveries: int

    def success(self, radius_m: float) -> bool:
        """Say whether it stopped by itself within a radius of the end."""
        return self.stopped and self.final_distance_m <= radius_m


class Way:
    """How far along the recorded way the robot has come, in order."""

    def __init__(self, poses: np.ndarray) -> None:
        self._places = poses[:, :2]
        steps = np.hypot(*np.diff(self._places, axis=0).T)
        self._at_m = np.concatenate([[0.0], np.cumsum(steps)])
        self._reached = 0

    def note(self, pose: Pose) -> None:
        """Take note of where the robot is."""
        ahead = (self._at_m <= self._at_m[self._reached] + _ON_WAY_AHEAD_M).nonzero()[0]
        window = ahead[ahead >= self._reached]
        away = np.hypot(self._places[window, 0] - pose.x, self._places[window, 1] - pose.y)
        nearest = int(away.argmin())
        if away[nearest] <= _ON_WAY_M:
            self._reached = int(window[nearest])

    @property
    def progress(self) -> float:
        """Return the share of the way that was come, from 0 to 1."""
        return float(self._at_m[self._reached] / max(self._at_m[-1], 1e-9))


def summarise_routes(outcomes: Sequence[RouteOutcome]) -> dict[str, object]:
    """Return the figures of a set of outcomes; intervals are Wilson's, 95 %."""
    n = len(outcomes)
    figures: dict[str, object] = {'routes': n}
    for radius_m in RADII_M:
        wins = sum(o.success(radius_m) for o in outcomes)
        figures[f'success_rate_{radius_m:.1f}_m'] = wins / max(n, 1)
        figures[f'interval_{radius_m:.1f}_m'] = wilson(wins, n)
    return {
        **figures,
        'progress': float(np.mean([o.progress for o in outcomes])),
        'collisions_per_m': sum(o.collisions for o in outcomes)
        / max(sum(o.driven_m for o in outcomes), 1e-9),
        'recoveries_per_route': sum(o.recoveries for o in outcomes) / max(n, 1),
        'gave_up': sum(not o.stopped and not o.reason.startswith('not there') for o in outcomes),
        'median_final_distance_m': float(np.median([o.final_distance_m for o in outcomes])),
        'mean_length_m': float(np.mean([o.length_m for o in outcomes])),
        'mean_pictures': float(np.mean([o.pictures for o in outcomes])),
        'time_of_recorded': float(np.mean([o.duration_s / o.recorded_s for o in outcomes]))}
