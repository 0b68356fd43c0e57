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

"""How a route is followed, and what a follower tells the agent frame by frame."""

from dataclasses import dataclass
from enum import Enum
import math

from jepa_ros.types import Array


@dataclass(frozen=True)
class FollowerConfig:
    """
    When a picture is where the robot is, when it is passed, and when the robot is lost.

    Costs are the critic's, in blocks, beyond the model's arrival cost: what it says of a place
    that is reached, so that it is about 0 where the robot is.  It is asked about ``behind``
    pictures before the one passed last and ``ahead`` after it.  A picture is passed below
    ``passed_cost``; the subgoal is the last picture on the way below ``reach_cost``.  Above
    ``trust_cost`` the critic is taken to know nothing: where that is so of all of them for
    ``lost_s``, the robot is lost, and looks for itself among the ``tried`` pictures that look
    most like what it sees.  A place counts where ``confirm_frames`` frames in a row say so.
    Frames more than ``pause_s`` apart were not all looked at: it looks for itself then too.

    It stands while it looks, for ``search_s``; then it turns on the spot for ``look_about_s`` at
    most, at the share ``turn_share`` of its turn rate's limit, and then gives up.  No progress
    for ``stuck_s`` means that the way is blocked: another is taken, or, the second time at one
    place and where there is none, it gives up.  So it does when it was lost or stuck more than
    ``most_recoveries`` times on a drive.
    """

    behind: int = 1
    ahead: int = 5
    passed_cost: float = 0.8
    reach_cost: float = 6.0
    trust_cost: float = 8.0
    nearer_by: float = 0.3
    lost_s: float = 1.0
    search_s: float = 1.0
    confirm_frames: int = 2
    pause_s: float = 0.5
    tried: int = 8
    look_about_s: float = 12.0
    turn_share: float = 0.4
    stuck_s: float = 8.0
    most_recoveries: int = 8

    def __post_init__(self) -> None:
        """Refuse limits that make no sense; ValueError names the value and the limit."""
        for name, low, high in (
                ('behind', 0, 100), ('ahead', 1, 100), ('passed_cost', 0.0, 1e6),
                ('reach_cost', self.passed_cost, 1e6), ('trust_cost', self.reach_cost, 1e6),
                ('nearer_by', 0.0, 1e6), ('lost_s', 0.0, 3600.0), ('search_s', 0.0, 3600.0),
                ('confirm_frames', 1, 1000), ('pause_s', 0.01, 3600.0), ('tried', 1, 10_000),
                ('look_about_s', 0.0, 120.0), ('turn_share', 0.0, 1.0), ('stuck_s', 0.1, 3600.0),
                ('most_recoveries', 0, 1000)):
            value = getattr(self, name)
            if not (low <= value <= high and math.isfinite(value)):
                raise ValueError(f'{name} is {value}, must be between {low} and {high}')


class Lead(Enum):
    """What the follower wants of the agent."""

    DRIVE = 'drive'    # to the goal of the guidance
    WAIT = 'wait'      # stand, and look again
    TURN = 'turn'      # on the spot, to look about
    STOP = 'stop'      # for good


@dataclass(frozen=True)
class Guidance:
    """
    What to do about one frame.

    ``goal`` (L, D) where the lead is DRIVE; ``final`` where it is the last: only there can the
    agent arrive.  ``turn`` is the share of the turn rate's limit where the lead is TURN.
    ``node`` of ``count`` pictures of the way is the subgoal, from 1 on, ``cost`` (blocks) how far
    it is; 0 and NaN where the robot is not on the way.
    """

    lead: Lead
    reason: str = ''
    goal: Array | None = None
    final: bool = False
    turn: float = 0.0
    node: int = 0
    count: int = 0
    cost: float = math.nan
