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


"""
The faults that every run of the tests injects; `make faults` runs all there are.

Each at full speed, into simulator, planner and gate as processes of their own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from drill import drill
from fault import Ends, Fault, Graph, make_graph
from faults import FAULTS
from live_graph import LiveGraph
import pytest
from run_all import said_of

OFTEN = [f for f in FAULTS if f.often]
KINDS = [kind for kind in Graph if any(f.graph is kind for f in OFTEN)]


@pytest.fixture(scope='module')
def graphs() -> Iterator[dict[Graph, LiveGraph]]:
    """Hold the graph that runs, at most one, by its kind."""
    running: dict[Graph, LiveGraph] = {}
    yield running
    for graph in running.values():
        graph.__exit__()


@pytest.fixture
def graph(request: pytest.FixtureRequest, graphs: dict[Graph, LiveGraph]) -> LiveGraph:
    """Hold the graph that a fault wants; it goes on running for the next fault."""
    kind = request.param.graph
    if kind not in graphs:
        while graphs:
            graphs.popitem()[1].__exit__()
        graphs[kind] = make_graph(kind).__enter__()
    return graphs[kind]


@pytest.mark.parametrize('graph, fault', [
    pytest.param(f, f, id=f.name) for f in sorted(OFTEN, key=lambda f: KINDS.index(f.graph))],
    indirect=['graph'])
def test_fault(graph: LiveGraph, fault: Fault) -> None:
    """Zero comes in time and is repeated, nothing else passes, and motion resumes as it may."""
    row = drill(graph, fault)
    if not row.passed:
        # a machine that stood still for a moment looks like a late stop, once; `make faults`,
        # which is run where nothing else runs, gives no second chance
        print(said_of(row))
        row = drill(graph, fault)
    assert row.passed, said_of(row)


def test_the_drill_can_fail(graphs: dict[Graph, LiveGraph]) -> None:
    """A fault that stops nothing is no stop, and one that stops is not tolerated."""
    plain = graphs.get(Graph.PLAIN)
    if plain is None:
        while graphs:
            graphs.popitem()[1].__exit__()
        plain = graphs[Graph.PLAIN] = make_graph(Graph.PLAIN).__enter__()
    named = {f.name: f for f in FAULTS}
    for _ in range(2):      # a machine that stood still for a moment is a stop, once
        harmless = drill(plain, replace(named['goal_black'], ends=Ends.BY_ITSELF))
        if any('stopped after inf s' in problem for problem in harmless.problems):
            break
    assert any('stopped after inf s' in problem for problem in harmless.problems)
    assert harmless.as_json()['stopped_after_s'] is None
    stopping = drill(plain, replace(named['commands_silent'], ends=Ends.DRIVES_ON))
    assert any('though the fault is one to be tolerated' in problem
               for problem in stopping.problems)


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    """At least 45 distinct faults in every family."""
    assert len(FAULTS) >= 45
    assert [n for n, count in Counter(f.name for f in FAULTS).items() if count > 1] == []
    families = {'camera', 'goal', 'planner', 'engine', 'link', 'gate', 'clock'}
    assert {f.family for f in FAULTS} == families
    assert {f.family for f in OFTEN} == families
