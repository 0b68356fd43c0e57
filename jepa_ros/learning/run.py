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

"""The run of one training stage on disk: its state to resume from, its metrics a line a step."""

import json
from pathlib import Path
from typing import Any

from jepa_ros.learning.checkpoint import load_state, save_state


class Run:
    """
    Keep ``parts`` (modules, optimizers: anything with a state_dict) in ``folder/name.pt``.

    After a kill the run goes on from the last save, and the metrics after it are dropped.
    """

    def __init__(self, folder: Path, name: str, steps: int, save_every: int,
                 parts: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._state_path = folder / f'{name}.pt'
        self._log_path = folder / f'{name}.jsonl'
        self._steps, self._save_every, self._parts = steps, save_every, parts
        self.first = 0
        if self._state_path.exists():
            state = load_state(self._state_path)
            for key, part in parts.items():
                part.load_state_dict(state[key])
            self.first = int(state['step'])
        kept = self._log_path.read_text().splitlines()[:self.first] if self.first else []
        self._log_path.write_text(''.join(line + '\n' for line in kept))

    def keep(self, step: int, row: dict[str, float]) -> None:
        """Log the metrics of a finished step and save the state when it is due."""
        with self._log_path.open('a') as log:
            log.write(json.dumps(row) + '\n')
        if (step + 1) % self._save_every == 0 or step + 1 == self._steps:
            save_state({**{k: p.state_dict() for k, p in self._parts.items()},
                        'step': step + 1}, self._state_path)


def read_metrics(folder: Path, name: str) -> list[dict[str, float]]:
    """Return the metrics of a stage, a row a step; empty where it never ran."""
    path = folder / f'{name}.jsonl'
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
