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

from contextlib import suppress
import json
import os
from pathlib import Path
import sys
from typing import Any

from jepa_ros.files import write_whole
from jepa_ros.learning.checkpoint import load_newest, save_state
from jepa_ros.learning.machine import CPU, Machine


class Run:
    """
    Keep ``parts`` (modules, optimizers: anything with a state_dict) in ``folder/name.pt``.

    After a kill the run goes on from the last save, and the metrics after it are dropped.  The
    save before it is kept as well, for when the last cannot be read.  Only the first of several
    ranks writes; all read, so the folder is one that all see.
    """

    def __init__(self, folder: Path, name: str, steps: int, save_every: int,
                 parts: dict[str, Any], machine: Machine = CPU) -> None:
        self._state_path = folder / f'{name}.pt'
        self._log_path = folder / f'{name}.jsonl'
        self._steps, self._save_every, self._parts = steps, save_every, parts
        self._machine = machine
        self.first = 0
        folder.mkdir(parents=True, exist_ok=True)
        state, said = load_newest(self._state_path)
        if said and machine.ranks.first:
            print(f'{folder}: {said}', file=sys.stderr, flush=True)
        if state is not None:
            for key, part in parts.items():
                part.load_state_dict(state[key])
            self.first = int(state['step'])
        machine.ranks.check_equal(self.first, f'the step that {self._state_path.name} is at',
                                  machine.device)
        if machine.ranks.first:
            self._cut_log()

    def keep(self, step: int, row: dict[str, float]) -> None:
        """
        Log the metrics of a finished step and save the state when it is due.

        KeyboardInterrupt, with the state saved, where the run was asked to stop.
        """
        stop = self._machine.ranks.anyone(self._machine.asked(), self._machine.device)
        due = (step + 1) % self._save_every == 0 or step + 1 == self._steps
        if self._machine.ranks.first:
            with self._log_path.open('a') as log:
                log.write(json.dumps(row) + '\n')
                if due or stop:
                    # a state must not be ahead of its metrics, not even after a power cut
                    log.flush()
                    os.fsync(log.fileno())
            if due or stop:
                save_state({**{k: p.state_dict() for k, p in self._parts.items()},
                            'step': step + 1}, self._state_path)
        if stop and step + 1 < self._steps:
            raise KeyboardInterrupt(f'stopped after step {step + 1} of {self._steps}, saved in '
                                    f'{self._state_path}')

    def _cut_log(self) -> None:
        """Drop the metrics of steps that will be made again; a kill meanwhile loses none."""
        lines = self._log_path.read_text().splitlines() if self._log_path.exists() else []
        write_whole(self._log_path, ''.join(line + '\n' for line in lines[:self.first]))


def read_metrics(folder: Path, name: str) -> list[dict[str, float]]:
    """
    Return the metrics of a stage, a row a step; empty where it never ran.

    A line that was torn, by a full disk or a power cut, ends them: its step was not kept either.
    """
    path = folder / f'{name}.jsonl'
    rows: list[dict[str, float]] = []
    with suppress(json.JSONDecodeError):
        rows.extend(map(json.loads, path.read_text().splitlines() if path.exists() else ()))
    return rows
