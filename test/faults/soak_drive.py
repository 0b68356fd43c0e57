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


"""A long run on the live graph: random goals, lost cameras, killed planners, each stop judged."""

from collections import Counter
import math
import re
import signal
import sys
import time

import bends
from live_graph import LiveGraph
import numpy as np
from services import wait_for
from soak_report import Event
from soak_watch import Watch
from tqdm import tqdm
from verdict import LIMIT_S, moved_s, zero_s

from jepa_ros.sim.world import Pose, World

GOALS = 24
NEAREST_M = 1.0
# and more often where there are few minutes
KILL_EVERY_S = 100.0
STILL_S = 1.0
RECOVER_S = 20.0
# a robot that has run into something is put back to its start now and then
RESET_EVERY = 12


class Soak:
    """One long run on one graph."""

    def __init__(self, graph: LiveGraph, seed: int, minutes: float) -> None:
        self.events: list[Event] = []
        self.problems: list[str] = []
        self.stop_words: Counter[str] = Counter()
        self._graph, self._rng = graph, np.random.default_rng(seed)
        self._goals = goal_pictures(self._rng)
        self.watch = Watch(lambda: graph.pids)
        self._length_s = 60.0 * minutes
        self._kill_every_s = min(KILL_EVERY_S, self._length_s / 6)
        self._kill_s = self._kill_every_s / 2

    def run(self) -> None:
        """Drive until the time is over."""
        with tqdm(total=round(self._length_s), unit='s', dynamic_ncols=True) as bar:
            while self.watch.at_s < self._length_s:
                self._cycle()
                bar.update(min(int(self.watch.at_s), bar.total) - bar.n)
                kinds = Counter(e.kind for e in self.events)
                slowest_s = max((e.stopped_after_s for e in self.events), default=0.0)
                bar.set_postfix_str(f'{kinds["dropout"]} dropouts, {kinds["kill"]} kills, slowest '
                                    f'stop {slowest_s:.3f} s, {len(self.problems)} problems')

    def _cycle(self) -> None:
        """Drive to a goal for a while, then lose the camera, or the planner, or nothing."""
        graph, record = self._graph, self._graph.record
        if len(self.events) % RESET_EVERY == 0:
            graph.to_speed()
        else:
            record.clear()
            graph.relay.camera.clear()
            graph.relay.clock.clear()
        since_s = time.time()
        try:
            self._send_goal()
            wait_for(self._moves, 'motion towards a new goal', RECOVER_S)
            time.sleep(float(self._rng.uniform(0.5, 4.0)))
            if self._kill_s < self.watch.at_s < self._length_s / 2:
                self._kill_s = self.watch.at_s + self._kill_every_s
                graph.to_speed()
                self._kill()
            elif self._rng.random() < 0.6 and self._moves():
                self._drop_out(float(self._rng.uniform(0.4, 3.0)))
            self.stop_words += Counter(
                re.sub(r'\d[\d.]*', 'N', said.reason) for said in list(record.gate)
                if said.word == 'stopped' and said.came_s >= since_s)
            for node in graph.nodes.values():
                assert node.alive, f'{node.name} ended by itself:\n{node.tail}'
        except AssertionError as error:
            self._problem(str(error), since_s)
            graph.repair()

    def _moves(self) -> bool:
        """Tell whether the newest command moves the robot, and is new."""
        commands = self._graph.record.commands
        return bool(commands) and commands[-1].moves and time.time() - commands[-1].came_s < 0.2

    def _send_goal(self) -> None:
        """Send a goal that is not where the robot stands."""
        here = self._graph.record.motion[-1]
        far = [picture for pose, picture in self._goals
               if math.dist((pose.x, pose.y), (here.x_m, here.y_m)) > NEAREST_M]
        self._graph.send_goal(far[self._rng.integers(len(far))])

    def _drop_out(self, length_s: float) -> None:
        """Lose the camera for a while; the robot drives on when it is back."""
        graph = self._graph
        injected_s = time.time()
        graph.relay.camera.bend = bends.drop
        time.sleep(length_s)
        healed_s = time.time()
        stopped_s = self._judge_stop('dropout', injected_s, healed_s)
        graph.relay.straighten()
        resumed_s = wait_for(
            lambda: (moved_s(graph.record.commands, healed_s) < math.inf
                     or graph.record.planner[-1].word == 'arrived') and time.time(),
            'motion after the camera was back', RECOVER_S)
        self._note('dropout', stopped_s, resumed_s - healed_s)

    def _kill(self) -> None:
        """Kill the planner; the robot stays until it is told to start."""
        graph = self._graph
        injected_s = time.time()
        graph.nodes['planner'].send(signal.SIGKILL)
        time.sleep(1.0)
        stopped_s = self._judge_stop('kill', injected_s, time.time())
        respawned_s = time.time()
        graph.respawn('planner')
        graph.wait_ready()
        self._send_goal()
        wait_for(lambda: graph.record.planner[-1].word == 'driving', 'a drive of the new planner')
        time.sleep(STILL_S)
        early_s = moved_s(graph.record.commands, respawned_s)
        assert early_s == math.inf, (
            f'the robot moved {early_s - respawned_s:.2f} s after the respawn, before ~/start')
        started_s = time.time()
        assert graph.ask.trigger('planner_node/start').success
        wait_for(lambda: moved_s(graph.record.commands, started_s) < math.inf,
                 'motion after ~/start', RECOVER_S)
        self._note('kill', stopped_s, time.time() - started_s)

    def _judge_stop(self, kind: str, injected_s: float, until_s: float) -> float:
        stopped_s = zero_s(list(self._graph.record.commands), injected_s, until_s) - injected_s
        if stopped_s > LIMIT_S:
            self._problem(f'{kind}: stopped after {stopped_s:.3f} s, limit {LIMIT_S:.2f} s',
                          injected_s)
        return stopped_s

    def _note(self, kind: str, stopped_after_s: float, resumed_after_s: float) -> None:
        self.events.append(Event(self.watch.at_s, kind, stopped_after_s, resumed_after_s))

    def _problem(self, text: str, since_s: float) -> None:
        self.problems.append(f'{self.watch.at_s:.0f} s: {text}')
        last_s = max(since_s, time.time() - 8.0)
        tqdm.write(f'{self.problems[-1]}\n{self._graph.record.tail(last_s)}', file=sys.stderr)


def goal_pictures(rng: np.random.Generator) -> list[tuple[Pose, np.ndarray]]:
    """Return random free places of the simulator's layout, and what they look like."""
    world = World(seed=0)
    try:
        poses = [Pose(*world.floor.sample_pose(rng)) for _ in range(GOALS)]
        return [(pose, world.render_at(pose)) for pose in poses]
    finally:
        world.close()
