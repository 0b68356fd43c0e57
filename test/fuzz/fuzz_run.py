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

"""Run a target on very many inputs, and say how many, how long, and how much memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import sys
import time
from typing import Any

import hypothesis
from hypothesis import given, HealthCheck, Phase, settings
from hypothesis.strategies import SearchStrategy

# hypothesis remembers what it has tried, so it starts afresh after as many
BATCH = 1000
WARM_UP = 200
# what is refused is logged, and a log line has to end
LONGEST_REFUSAL = 10_000


@dataclass(frozen=True)
class Target:
    """
    What is fed with inputs.

    ``check`` may raise ``refusals`` and nothing else, and use ``limit_mib`` at most beyond what
    the process has after its first inputs.
    """

    name: str
    inputs: SearchStrategy[Any]
    check: Callable[[Any], None]
    refusals: tuple[type[Exception], ...]
    limit_mib: float


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    name: str
    inputs: int
    refused: int
    seconds: float
    grown_mib: float
    slowest_s: float

    def __str__(self) -> str:
        """Return the line that is printed."""
        return (f'{self.name}: {self.inputs} inputs, 0 crashes, {self.refused} refused, '
                f'{self.seconds:.0f} s, {self.grown_mib:.0f} MiB more memory, '
                f'slowest {self.slowest_s:.2f} s')


def run(target: Target, inputs: int, seed: int = 0) -> Report:
    """
    Feed a target; AssertionError names the seed and the smallest input that makes it fail.

    At least as many inputs are run; each batch has a seed of its own, counted up from ``seed``.
    """
    counts = {'inputs': 0, 'refused': 0}
    slowest_s = 0.0

    def one(value: Any) -> None:
        nonlocal slowest_s
        counts['inputs'] += 1
        began_s = time.perf_counter()
        try:
            target.check(value)
        except target.refusals as error:
            counts['refused'] += 1
            told = str(error)
            told.encode()       # what has half a surrogate pair cannot be logged
            assert 0 < len(told) <= LONGEST_REFUSAL, f'a refusal of {len(told)} characters'
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
        nonlocal grown
        grown = max(grown, _memory_mib() - before)
        # the first inputs load what is needed once: modules, and hypothesis its table of Unicode
        if warm and grown > target.limit_mib:
            found, grown = grown, 0.0
            _memory_mib(afresh=True)        # so that smaller inputs are judged for themselves
            raise AssertionError(f'{found:.0f} MiB more memory, limit {target.limit_mib:.0f}')

    warm, grown, before = False, 0.0, _memory_mib(afresh=True)
    began_s = time.perf_counter()
    _batch(target, one, min(WARM_UP, inputs), seed)
    warm, grown, before = True, 0.0, _memory_mib(afresh=True)
    batch = 0
    while counts['inputs'] < inputs:
        batch += 1
        _batch(target, one, min(BATCH, inputs - counts['inputs']), seed + batch)
    return Report(target.name, counts['inputs'], counts['refused'],
                  time.perf_counter() - began_s, grown, slowest_s)


def _batch(target: Target, one: Callable[[Any], None], inputs: int, seed: int) -> None:
    fed = hypothesis.seed(seed)(settings(
        max_examples=inputs, derandomize=False, database=None, deadline=None, print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink))(given(target.inputs)(one)))
    try:
        fed()
    except Exception as error:
        raise AssertionError(
            f'{target.name}: {type(error).__name__} in the batch of seed {seed}: '
            f'make fuzz TARGET={target.name} SEED={seed}') from error


def _memory_mib(afresh: bool = False) -> float:
    """Return the most memory that this process had resident, in MiB, since it began afresh."""
    if afresh:
        Path('/proc/self/clear_refs').write_text('5')
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) / 1024
    raise RuntimeError('/proc/self/status has no VmHWM')


@contextmanager
def quiet() -> Iterator[None]:
    """Send what libraries write to stderr themselves to nowhere; a decoder complains a lot."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
