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

"""Many episodes, one seed each, over worker processes that make what they need once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
import multiprocessing
from typing import Any, Protocol


class SeedWorker(Protocol):
    """What one process drives with: a world, a policy."""

    def run(self, seed: int) -> Any:
        """Return the outcome of a seed's episode."""

    def close(self) -> None:
        """Free what it holds."""


_worker: SeedWorker | None = None


def _start(make: Callable[[Any], SeedWorker], entrant: Any) -> None:
    global _worker
    _worker = make(entrant)


def _run(seed: int) -> Any:
    if _worker is None:
        raise RuntimeError('worker was not started')
    return _worker.run(seed)


def run_seeds(make: Callable[[Any], SeedWorker], entrant: Any, seeds: Sequence[int],
              processes: int) -> Iterator[Any]:
    """
    Yield the outcome of each seed as it ends, of what ``make`` makes of an entrant.

    Whatever can be wrong with an entrant has to be tried before: a pool would restart a worker
    that cannot be made, for ever.
    """
    if processes <= 1:
        with closing(make(entrant)) as worker:
            yield from map(worker.run, seeds)
        return
    with multiprocessing.get_context('spawn').Pool(processes, _start, (make, entrant)) as pool:
        yield from pool.imap_unordered(_run, seeds)


def no_clock() -> float:
    """Stand still: in closed loop without real time every plan gets all its iterations."""
    return 0.0
