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

"""Metrics for TensorBoard, where it is installed; the jsonl files stay the truth."""

from importlib.util import find_spec
from pathlib import Path

# every step would only make files large
EVERY = 10


def installed() -> bool:
    """Return whether TensorBoard is there to write for."""
    return find_spec('tensorboard') is not None


class Scalars:
    """Write the metrics of a stage under ``folder/tensorboard``; nothing where ``on`` is false."""

    def __init__(self, folder: Path, stage: str, on: bool) -> None:
        self._folder, self._stage, self._on = folder / 'tensorboard' / stage, stage, on
        self._writer = None

    def write(self, row: dict[str, float]) -> None:
        """Write a row every ``EVERY`` steps, and each one that tells of held-out frames."""
        step = int(row['step'])
        if not self._on or (step % EVERY and 'error_held_out' not in row):
            return
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter
            # a run that goes on makes steps again: the former ones are not shown
            self._writer = SummaryWriter(str(self._folder), purge_step=step)
        for key, value in row.items():
            if key != 'step':
                self._writer.add_scalar(f'{self._stage}/{key}', value, step)

    def __enter__(self) -> 'Scalars':
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
