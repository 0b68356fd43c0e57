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


"""What a long run costs: memory and file descriptors of each node, and whether they grow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import threading
import time

SAMPLE_S = 5.0
SETTLE_S = 300.0
# of a stretch that is shorter, this part is taken as settling
SETTLE_SHARE = 0.4
# a mean over this long at both ends of what is judged
WINDOW_S = 60.0
MOST_GROWTH = 0.05
# sockets of a neighbour that has gone are closed some time later
MOST_MORE_FDS = 8


@dataclass(frozen=True)
class Sample:
    """One look at a node: seconds since the beginning, its process, MiB resident, descriptors."""

    at_s: float
    node: str
    pid: int
    rss_mib: float
    anonymous_mib: float
    fds: int


@dataclass(frozen=True)
class Growth:
    """
    How a process grew after it had settled.

    From ``since_s`` on, of the beginning of the run; the means of the first and last minute.
    """

    node: str
    pid: int
    since_s: float
    until_s: float
    first_mib: float
    last_mib: float
    first_fds: float
    last_fds: float

    @property
    def share(self) -> float:
        """Return the growth of the memory, as a share of what there was."""
        return self.last_mib / self.first_mib - 1.0


def look(at_s: float, node: str, pid: int) -> Sample | None:
    """Look at a process (Linux); None where it has just ended."""
    try:
        status = Path(f'/proc/{pid}/status').read_text()
        fds = sum(1 for _ in Path(f'/proc/{pid}/fd').iterdir())
    except OSError:
        return None
    kib = {line.split(':')[0]: int(line.split()[1]) for line in status.splitlines()
           if line.startswith(('VmRSS', 'RssAnon'))}
    if len(kib) < 2:        # a process that has ended and is not yet waited for
        return None
    return Sample(at_s, node, pid, kib['VmRSS'] / 1024, kib['RssAnon'] / 1024, fds)


def growth(samples: Sequence[Sample]) -> Growth | None:
    """Return how the one process of these samples grew; None where they are too few to tell."""
    if len(samples) < 4:
        return None
    begin_s, end_s = samples[0].at_s, samples[-1].at_s
    since_s = begin_s + min(SETTLE_S, SETTLE_SHARE * (end_s - begin_s))
    window_s = min(WINDOW_S, (end_s - since_s) / 3)
    first = [s for s in samples if since_s <= s.at_s <= since_s + window_s]
    last = [s for s in samples if s.at_s >= end_s - window_s]
    if not first or not last:
        return None

    def mean(of: Sequence[Sample], value: Callable[[Sample], float]) -> float:
        return sum(map(value, of)) / len(of)

    return Growth(samples[0].node, samples[0].pid, since_s, end_s,
                  mean(first, lambda s: s.rss_mib), mean(last, lambda s: s.rss_mib),
                  mean(first, lambda s: s.fds), mean(last, lambda s: s.fds))


def longest(samples: Sequence[Sample]) -> list[Growth]:
    """Return the growth of each node's process that lived longest."""
    found = []
    for node in dict.fromkeys(s.node for s in samples):
        lives: dict[int, list[Sample]] = {}
        for sample in samples:
            if sample.node == node:
                lives.setdefault(sample.pid, []).append(sample)
        grown = growth(max(lives.values(), key=lambda life: life[-1].at_s - life[0].at_s))
        if grown is not None:
            found.append(grown)
    return found


def problems(grown: Sequence[Growth]) -> list[str]:
    """Return what grew too much, in words with value and limit."""
    said = []
    for g in grown:
        if g.share > MOST_GROWTH:
            said.append(f'{g.node} grew by {g.share:.1%} from {g.first_mib:.0f} to '
                        f'{g.last_mib:.0f} MiB, limit {MOST_GROWTH:.0%}')
        if g.last_fds - g.first_fds > MOST_MORE_FDS:
            said.append(f'{g.node} has {g.last_fds:.0f} open files after {g.first_fds:.0f}, '
                        f'limit {MOST_MORE_FDS} more')
    return said


class Watch:
    """Look at every node every few seconds, in a thread, until ``close``."""

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self.samples: list[Sample] = []
        self.pids: set[int] = set()         # of every process that there was
        self._look_up = pids
        self._began_s = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def at_s(self) -> float:
        """Return seconds since the beginning."""
        return time.monotonic() - self._began_s

    def _watch(self) -> None:
        while not self._closing.wait(SAMPLE_S):
            for node, pid in self._look_up().items():
                self.pids.add(pid)
                sample = look(self.at_s, node, pid)
                if sample is not None:
                    self.samples.append(sample)

    def close(self) -> None:
        """End it."""
        self._closing.set()
        self._thread.join(timeout=2 * SAMPLE_S)
