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


"""Faults of the planner: its process, its lifecycle, its parameters."""

import signal
from typing import Any

import bends
from fault import Act, Ends, Fault, Graph, nothing
from live_graph import LiveGraph
from services import wait_for

PLANNER = 'planner'


def fault(name: str, inject: Act, heal: Act = nothing, ends: Ends = Ends.BY_ITSELF,
          **more: Any) -> Fault:
    """Return a fault of the planner."""
    return Fault(name, PLANNER, inject, heal, ends, **more)


def sent(number: int) -> Act:
    """Return what sends the process a signal."""
    return lambda graph: graph.nodes['planner'].send(number)


def again(graph: LiveGraph) -> None:
    """Start the planner as a launch file does, and let a goal come as from a tool that repeats."""
    graph.respawn('planner')
    graph.wait_ready()
    graph.every(0.3, graph.send_goal)
    wait_for(lambda: graph.record.planner[-1].word == 'driving', 'the new planner to drive')


def transitions(*names: str) -> Act:
    """Return what asks the planner for transitions."""
    def act(graph: LiveGraph) -> None:
        for name in names:
            assert graph.ask.transition('planner_node', name), f'{name} was refused'
    return act


def set_parameter(name: str, value: Any, allowed: bool = True) -> Act:
    """Return what sets a parameter, and sees whether that is allowed."""
    def act(graph: LiveGraph) -> None:
        answer = graph.ask.set_parameter('planner_node', name, value)
        assert answer.successful is allowed, f'{name} = {value}: {answer}'
    return act


def both(*acts: Act) -> Act:
    """Return what does one after the other."""
    def act(graph: LiveGraph) -> None:
        for one in acts:
            one(graph)
    return act


def silence(graph: LiveGraph) -> None:
    """Let no frame through."""
    graph.relay.camera.bend = bends.drop


def straight(graph: LiveGraph) -> None:
    """End every bend."""
    graph.relay.straighten()


def cancel(graph: LiveGraph) -> None:
    """Call ~/cancel."""
    assert graph.ask.trigger('planner_node/cancel').success


def kill(name: str, number: int, **more: Any) -> Fault:
    """Return the planner's death, and its return."""
    return fault(name, sent(number), again, Ends.AFTER_START, **more)


def direct_kills(count: int) -> tuple[Fault, ...]:
    """Return so many kills of the planner, nothing of ours between it and the gate."""
    return tuple(kill(f'planner_killed_{i + 1}_of_{count}', signal.SIGKILL, graph=Graph.DIRECT)
                 for i in range(count))


FAULTS = (
    kill('planner_killed', signal.SIGKILL, hold_s=2.4, often=True),
    kill('planner_sigterm', signal.SIGTERM, often=True),
    kill('planner_sigint', signal.SIGINT),
    kill('planner_aborted', signal.SIGABRT),
    fault('planner_hangs', sent(signal.SIGSTOP), sent(signal.SIGCONT), often=True),
    fault('planner_cancel', cancel, ends=Ends.AFTER_START, often=True),
    fault('planner_deactivated', transitions('deactivate'), transitions('activate'),
          Ends.AFTER_GOAL, often=True),
    fault('planner_cleaned_up', transitions('deactivate', 'cleanup'),
          transitions('configure', 'activate'), Ends.AFTER_GOAL),
    fault('planner_shut_down', transitions('active_shutdown'),
          both(sent(signal.SIGKILL), again), Ends.AFTER_START),
    fault('planner_parameter_changed', set_parameter('iterations', 3),
          set_parameter('iterations', 2), Ends.EITHER),
    fault('planner_parameter_out_of_range', set_parameter('candidates', 1, allowed=False),
          ends=Ends.DRIVES_ON),
    fault('planner_parameter_fixed', set_parameter('model', 'other', allowed=False),
          ends=Ends.DRIVES_ON),
    # the gate does not trust the planner's own limit
    fault('planner_limit_too_high', both(set_parameter('max_frame_age_s', 5.0), silence),
          both(straight, set_parameter('max_frame_age_s', 0.3))),
    # the search alone takes longer than a frame may be old
    fault('planner_overloaded', both(set_parameter('deadline_s', 5.0),
                                     set_parameter('iterations', 12),
                                     set_parameter('candidates', 256)),
          both(set_parameter('candidates', 32), set_parameter('iterations', 2),
               set_parameter('deadline_s', 0.08)), Ends.EITHER, hold_s=1.5),
)
