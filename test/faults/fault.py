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


"""What a fault is: how it is brought about and healed, and what the robot has to do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from live_graph import LiveGraph
from verdict import LIMIT_S

Act = Callable[[LiveGraph], None]


class Ends(str, Enum):
    """How a fault ends for the robot."""

    BY_ITSELF = 'by itself'         # stops, and moves again when the fault is healed
    AFTER_RESET = 'after reset'     # stops, and moves again when the gate is told ~/reset
    AFTER_START = 'after start'     # ... when the planner is told ~/start
    AFTER_GOAL = 'after goal'       # ... when a goal picture is sent
    NEVER = 'never'                 # stops, and stays as long as the fault's cause does
    DRIVES_ON = 'drives on'         # is tolerated: no zero is sent
    EITHER = 'either'               # may stop or not; it moves after it


class Graph(str, Enum):
    """Which graph a fault wants."""

    PLAIN = 'plain'         # as shipped: Twist
    STAMPED = 'stamped'     # TwistStamped
    ENGINE = 'engine'       # with an engine that can be made to fail
    WATCHED = 'watched'     # with a gate that stops on surprise
    DIRECT = 'direct'       # nothing between planner and gate


def make_graph(kind: Graph) -> LiveGraph:
    """Return a graph, not yet started."""
    return LiveGraph(stamped=kind is Graph.STAMPED, direct=kind is Graph.DIRECT,
                     planner='faulty_planner' if kind is Graph.ENGINE else '',
                     gate=('-p', 'surprise_frames:=2') if kind is Graph.WATCHED else ())


def nothing(_: LiveGraph) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Fault:
    """
    One fault, injected at full speed.

    It lasts ``hold_s``; a ``pulse`` is over as soon as it is injected, so the robot need not stay
    stopped.  ``zero`` is False where nobody is left who could send zero: then commands must end,
    and the wheels stop by their own timeout; ``repeats`` where the gate itself is taken away in
    order, so that its last word is one zero.  ``begins`` returns when it began (system time, s)
    where that is not when it was injected.  ``often`` marks those that `make test` runs.  In the
    last ``good_s`` before it is healed some frames may be good ones already.
    """

    name: str
    family: str
    inject: Act
    heal: Act = nothing
    ends: Ends = Ends.BY_ITSELF
    graph: Graph = Graph.PLAIN
    hold_s: float = 0.8
    pulse: bool = False
    zero: bool = True
    repeats: bool = True
    often: bool = False
    good_s: float = 0.1
    limit_s: float = LIMIT_S
    begins: Callable[[LiveGraph], float] | None = None
