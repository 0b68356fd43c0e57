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


"""Faults of the engine, inside the planner that is otherwise as it is."""

from typing import Any

from fault import Ends, Fault, Graph
from live_graph import LiveGraph
from services import wait_for

ENGINE = 'engine'
ALWAYS = 1_000_000


def order(graph: LiveGraph, text: str) -> None:
    """Write an order at once, so that no half of it is read."""
    file = graph.folder / 'engine'
    draft = file.with_suffix('.draft')
    draft.write_text(text)
    draft.replace(file)


def heal(graph: LiveGraph) -> None:
    """Let the engine work."""
    (graph.folder / 'engine').unlink(missing_ok=True)


def heal_and_activate(graph: LiveGraph) -> None:
    """Let the engine work, and activate the planner, which has given up."""
    heal(graph)
    wait_for(lambda: graph.ask.state('planner_node') == 'inactive', 'a planner that gave up')
    assert graph.ask.transition('planner_node', 'activate')


def fault(name: str, kind: str, count: int = ALWAYS, ends: Ends = Ends.BY_ITSELF,
          **more: Any) -> Fault:
    """Return a fault of the engine that happens so many times."""
    return Fault(name, ENGINE, lambda graph: order(graph, f'{kind} {count}'),
                 heal_and_activate if ends is Ends.AFTER_GOAL else heal, ends, Graph.ENGINE,
                 **more)


FAULTS = (
    fault('encode_raises_once', 'encode_raises', 1, Ends.EITHER),
    fault('encode_raises_always', 'encode_raises', ends=Ends.AFTER_GOAL, hold_s=1.5, often=True),
    fault('encode_nan_once', 'encode_nan', 1, Ends.EITHER),
    fault('encode_nan_always', 'encode_nan', ends=Ends.AFTER_GOAL, hold_s=1.5),
    fault('encode_takes_1_s', 'encode_slow', hold_s=2.4, often=True),
    fault('rollout_raises_once', 'rollout_raises', 1, Ends.EITHER),
    fault('rollout_raises_always', 'rollout_raises', ends=Ends.AFTER_GOAL, hold_s=1.5),
    fault('cost_nan_once', 'cost_nan', 1, Ends.EITHER),
    fault('cost_nan_always', 'cost_nan'),
    fault('latents_nan_always', 'latents_nan', ends=Ends.EITHER),
    fault('rollout_takes_1_s', 'rollout_slow', hold_s=2.4),
)
