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


"""One fault from beginning to end: at speed, injected, healed, judged."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
import math
import time

from fault import Ends, Fault
from live_graph import LiveGraph
from services import wait_for
from verdict import between, beyond_limits, moved_s, repeats, silent_s, wheels_rest_s, zero_s

# how long a robot that may not move by itself is watched
STILL_S = 0.8
# three fresh frames, or commands, before motion
FRESH = 3
# half of the zeros that the rate promises: a busy machine delays some, a broken gate sends none
LEAST_REPEATS = 0.5
# the simulator's wheels stop by themselves after 0.5 s without a command, at 1.5 m/s2
WHEELS_REST_S = 1.2
AT_REST_M_S = 0.03


@dataclass
class Row:
    """What came of a fault; times in s, infinite or null for never."""

    fault: str
    family: str
    expected: str
    limit_s: float
    stopped_after_s: float = math.inf
    resumed: bool = False
    problems: list[str] = field(default_factory=list)
    tail: str = ''

    @property
    def passed(self) -> bool:
        """Tell whether nothing was wrong."""
        return not self.problems

    @property
    def tolerated(self) -> bool:
        """Tell whether the robot need not stop for it."""
        return self.expected in (Ends.DRIVES_ON.value, Ends.EITHER.value)

    def as_json(self) -> dict:
        """Return the row as it is written: no infinity, which JSON has not."""
        row = asdict(self) | {'passed': self.passed}
        if not math.isfinite(self.stopped_after_s):
            row['stopped_after_s'] = None
        del row['tail']
        return row


def drill(graph: LiveGraph, fault: Fault) -> Row:
    """Run one fault on a graph; whatever happens, the row says so."""
    row = Row(fault.name, fault.family, fault.ends.value, fault.limit_s)
    injected_s = time.time()
    try:
        graph.repair()
        graph.to_speed()
        injected_s = time.time()
        fault.inject(graph)
        time.sleep(fault.hold_s)
        healed_s = time.time()
        if fault.begins is not None:
            injected_s = fault.begins(graph)
        _judge_stop(graph, fault, row, injected_s, healed_s)
        fault.heal(graph)
        _judge_end(graph, fault, row, injected_s, healed_s)
    except AssertionError as error:
        row.problems.append(str(error))
    _judge_limits(graph, row)
    if row.problems:
        row.tail = graph.record.tail(injected_s)
    return row


def _judge_stop(graph: LiveGraph, fault: Fault, row: Row, injected_s: float,
                healed_s: float) -> None:
    """Judge what was sent while the fault lasted."""
    commands = list(graph.record.commands)
    if fault.ends is Ends.EITHER:
        row.stopped_after_s = zero_s(commands, injected_s, healed_s) - injected_s
        return
    if fault.ends is Ends.DRIVES_ON:
        zeros = [c for c in commands if injected_s <= c.came_s < healed_s and not c.moves]
        moving = [c for c in commands if c.came_s >= injected_s and c.moves]
        if zeros or not moving:
            row.problems.append(f'{len(zeros)} zeros and {len(moving)} other commands, though '
                                'the fault is one to be tolerated')
        return
    if not fault.zero:
        stopped_s = silent_s(commands, injected_s, healed_s)
    elif fault.pulse:
        # a short stop may end before it has come down to zero: the gate's word tells of it
        stopped_s = next((said.came_s for said in list(graph.record.gate)
                          if said.came_s >= injected_s and said.word != 'moving'), math.inf)
    else:
        stopped_s = zero_s(commands, injected_s, healed_s)
    row.stopped_after_s = stopped_s - injected_s
    if row.stopped_after_s > fault.limit_s:
        row.problems.append(f'stopped after {row.stopped_after_s:.3f} s, '
                            f'limit {fault.limit_s:.3f} s')
    elif not fault.zero:
        _judge_wheels(graph, row, injected_s)
    elif fault.repeats and not fault.pulse:
        share = repeats(commands, stopped_s, healed_s)
        if share < LEAST_REPEATS:
            row.problems.append(f'{share:.0%} of the zeros that the rate promises came, '
                                f'limit {LEAST_REPEATS:.0%}')


def _judge_wheels(graph: LiveGraph, row: Row, injected_s: float) -> None:
    rest_s = wheels_rest_s(graph.record.motion, injected_s, AT_REST_M_S) - injected_s
    if rest_s > WHEELS_REST_S:
        row.problems.append(f'the wheels came to rest after {rest_s:.2f} s, '
                            f'limit {WHEELS_REST_S:.2f} s')


def _judge_end(graph: LiveGraph, fault: Fault, row: Row, injected_s: float,
               healed_s: float) -> None:
    """Judge whether motion resumes as it should, and only so."""
    acts: dict[Ends, Callable[[], object]] = {
        Ends.AFTER_RESET: lambda: graph.ask.trigger('command_gate/reset'),
        Ends.AFTER_START: lambda: start(graph),
        Ends.AFTER_GOAL: graph.send_goal,
    }
    allowed_s = healed_s
    if fault.ends in acts or fault.ends is Ends.NEVER:
        time.sleep(STILL_S)
        early_s = moved_s(graph.record.commands, healed_s)
        if math.isfinite(early_s):
            row.resumed = True
            row.problems.append(f'moved {early_s - healed_s:.2f} s after the fault ended, '
                                f'must stay: {fault.ends.value}')
            return
        if fault.ends is Ends.NEVER:
            return
        allowed_s = time.time()
        acts[fault.ends]()
    elif fault.pulse and math.isfinite(row.stopped_after_s):
        allowed_s = injected_s + row.stopped_after_s
    what = f'motion after the fault was healed ({fault.ends.value})'
    wait_for(lambda: math.isfinite(moved_s(graph.record.commands, allowed_s)), what, 15.0)
    row.resumed = True
    if fault.ends is Ends.BY_ITSELF and fault.zero and not fault.pulse and not graph.direct:
        _judge_fresh(graph, row, allowed_s, allowed_s - fault.good_s)


def start(graph: LiveGraph) -> None:
    """Call ~/start when nobody sends goals any more: one that comes later begins another drive."""
    graph.quiet()
    time.sleep(0.3)
    answer = graph.ask.trigger('planner_node/start')
    assert answer.success, f'start: {answer.message}'


def _judge_fresh(graph: LiveGraph, row: Row, allowed_s: float, since_s: float) -> None:
    """Judge how many frames, or commands, came from ``since_s`` until motion was resumed."""
    began_s = moved_s(graph.record.commands, allowed_s)
    what, link = (('frames', graph.relay.camera) if row.family == 'camera'
                  else ('commands', graph.relay.command))
    count = between(list(link.sent_s), since_s, began_s)
    if count < FRESH:
        row.problems.append(f'motion after {count} fresh {what}, at least {FRESH} wanted')


def _judge_limits(graph: LiveGraph, row: Row) -> None:
    beyond = beyond_limits(graph.record.commands)
    if beyond:
        row.problems.append(f'{len(beyond)} commands beyond the limits, the first: '
                            f'{beyond[0].speed_m_s} m/s, {beyond[0].turn_rad_s} rad/s')
