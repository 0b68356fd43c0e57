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


"""Faults of simulated time, and of the simulator, which stands for robot and controller."""

import signal
from typing import Any

import bends
from fault import Act, Ends, Fault, nothing
from live_graph import LiveGraph

CLOCK = 'clock'


def straight(graph: LiveGraph) -> None:
    """End every bend."""
    graph.relay.straighten()


def fault(name: str, inject: Act, heal: Act = straight, ends: Ends = Ends.BY_ITSELF,
          **more: Any) -> Fault:
    """Return a fault of time."""
    return Fault(name, CLOCK, inject, heal, ends, **more)


def jump(by_s: float) -> Act:
    """Return what shifts time, and the stamps of the camera with it."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.clock.bend = bends.clock_shifted(by_s)
        graph.relay.camera.bend = bends.shifted(by_s)
    return inject


def clock(bend: bends.Bend) -> Act:
    """Return what bends the clock alone."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.clock.bend = bend
    return inject


def once_ahead(graph: LiveGraph) -> None:
    """Let one message of the clock be wildly wrong."""
    graph.relay.clock.bend = bends.once(bends.clock_shifted(1000.0))


def simulator(number: int) -> Act:
    """Return what sends the simulator a signal."""
    return lambda graph: graph.nodes['simulator'].send(number)


def again(graph: LiveGraph) -> None:
    """Start the simulator; its time begins at zero."""
    graph.respawn('simulator')


def real_time(factor: float) -> Act:
    """Return what makes simulated time slow or fast."""
    def act(graph: LiveGraph) -> None:
        assert graph.ask.set_parameter('simulator_node', 'real_time_factor', factor).successful
    return act


def reset(graph: LiveGraph) -> None:
    """Put the robot back to its start, as a user does."""
    assert graph.ask.trigger('simulator_node/reset').success


FAULTS = (
    fault('clock_stands', simulator(signal.SIGSTOP), simulator(signal.SIGCONT), hold_s=2.4,
          often=True),
    fault('clock_lost', clock(bends.drop)),
    fault('clock_jumps_5_s_ahead', jump(5.0), nothing, pulse=True, often=True),
    fault('clock_jumps_5_s_back', jump(-5.0), nothing, pulse=True, often=True),
    fault('clock_alone_5_s_ahead', clock(bends.clock_shifted(5.0))),
    fault('clock_alone_5_s_back', clock(bends.clock_shifted(-5.0))),
    fault('clock_wild_once', once_ahead, ends=Ends.EITHER),
    fault('clock_at_half_speed', real_time(0.5), real_time(1.0), Ends.EITHER, hold_s=1.5),
    fault('simulator_reset', reset, nothing, Ends.EITHER),
    fault('simulator_killed', simulator(signal.SIGKILL), again, often=True),
)
