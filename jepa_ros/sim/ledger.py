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

"""Episodes that were driven already, so that a study goes on where it was stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path

import mujoco

import jepa_ros
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.sim.closed_loop import Outcome
from jepa_ros.sim.evaluate import Entrant, evaluate

# what decides how an episode ends, beside the bundle: a change there makes it another episode
_SOURCES = (
    'types.py', 'config.py', 'core/*.py', 'sim/closed_loop.py', 'sim/collect.py',
    'sim/delayed.py', 'sim/evaluate.py', 'sim/floor.py', 'sim/tasks.py', 'sim/warehouse.py',
    'sim/world.py')


@dataclass(frozen=True)
class Ended:
    """How the episode of a seed ended."""

    seed: int
    success: bool
    final_distance_m: float
    duration_s: float
    collisions: int


def key_of(entrant: Entrant) -> str:
    """
    Return a hash of all that decides how an entrant's episodes end.

    The engine counts by its name, the bundle by its files; where the bundle lies does not count.
    """
    fields = asdict(entrant)
    del fields['name'], fields['bundle'], fields['planner']['deadline_s']    # without a clock
    if entrant.way == 'synchronous' and entrant.latency_s == 0.0:
        fields['way'] = 'acting'    # no time passes: they are the same
    if entrant.bundle is not None:
        fields['files'] = load_manifest(entrant.bundle).raw['files']
    fields['mujoco'] = mujoco.__version__
    fields['sources'] = _sources()
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


def _sources() -> str:
    root = Path(jepa_ros.__file__).parent
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(f'{path.relative_to(root)}\n'.encode() + path.read_bytes())
    return digest.hexdigest()


class Ledger:
    """
    A JSON-lines file of episodes; one line an episode, written when it ends.

    A line that was cut short is skipped.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ended: dict[tuple[str, int], Ended] = {}
        whole = True
        for line in path.read_text().splitlines(keepends=True) if path.exists() else ():
            whole = line.endswith('\n')
            try:
                fields = json.loads(line)
                key = fields.pop('key')
                ended = Ended(**fields)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            self._ended[key, ended.seed] = ended
        if not whole:
            with path.open('a') as file:
                file.write('\n')

    def drive(self, entrant: Entrant, seeds: Sequence[int], processes: int) -> Iterator[Ended]:
        """Yield how each seed ended: first those known, then the others as they end."""
        key = key_of(entrant)
        known = [self._ended[key, seed] for seed in seeds if (key, seed) in self._ended]
        yield from known
        missing = [seed for seed in seeds if (key, seed) not in self._ended]
        if missing:
            for outcome in evaluate(entrant, missing, processes):
                yield self._note(key, outcome)

    def _note(self, key: str, outcome: Outcome) -> Ended:
        ended = Ended(outcome.task.seed, outcome.success, outcome.final_distance_m,
                      outcome.duration_s, outcome.collisions)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open('a') as file:
            file.write(json.dumps({'key': key, **asdict(ended)}) + '\n')
        self._ended[key, ended.seed] = ended
        return ended
