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


"""What the faults came to, as rows of JSON, as a table and as a picture."""

from collections.abc import Sequence
import json
import math
from pathlib import Path

from drill import Row
from matplotlib.figure import Figure
from verdict import LIMIT_S

_GOOD, _BAD, _REST = '#0072b2', '#d55e00', '#999999'
_INK = '#444444'
_ROW_INCHES = 0.17
# where a fault is written that was tolerated, or a time that was never
_NEVER_S = 1.4 * LIMIT_S


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Write faults.json, faults.md and faults.png, whatever has failed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'faults.md').write_text(_table(rows))
    (folder / 'faults.json').write_text(
        json.dumps([row.as_json() for row in rows], indent=2) + '\n')
    if rows:
        _draw(folder / 'faults.png', rows)


def _table(rows: Sequence[Row]) -> str:
    """Return a table in Markdown, two faults a line."""
    cells = [f'| {row.fault.replace("_", " ")} | {_time(row)} | {row.expected} '
             for row in rows]
    if len(cells) % 2:
        cells.append('| | | ')
    half = len(cells) // 2
    lines = ['| fault | zero after, s | moves again | fault | zero after, s | moves again |',
             '| --- | --- | --- | --- | --- | --- |']
    lines += [f'{left}{right}|' for left, right in zip(cells[:half], cells[half:], strict=True)]
    return '\n'.join(lines) + '\n'


def _time(row: Row) -> str:
    if not row.passed:
        return 'FAILED'
    if row.tolerated:
        return 'tolerated'
    return f'{row.stopped_after_s:.2f}'


def _draw(path: Path, rows: Sequence[Row]) -> None:
    """Draw a line for each fault: the time to zero against its limit."""
    figure = Figure(figsize=(9, 1.6 + _ROW_INCHES * len(rows)), layout='constrained')
    axes = figure.subplots()
    failed = sum(not row.passed for row in rows)
    axes.set_title(f'{len(rows)} faults at full speed, {failed} failed', loc='left', fontsize=13,
                   fontweight='bold')
    for y, row in enumerate(rows):
        colour = _GOOD if row.passed else _BAD
        stops = math.isfinite(row.stopped_after_s)
        if row.tolerated and row.passed:
            text = 'stopped and went on' if stops else 'tolerated: drives on'
            axes.text(0.004, y, text, fontsize=6.5, color=_REST, va='center')
        elif stops:
            axes.barh(y, min(row.stopped_after_s, _NEVER_S), 0.7, color=colour)
        else:
            axes.barh(y, _NEVER_S, 0.7, color=colour, hatch='//', alpha=0.5)
    axes.axvline(LIMIT_S, color='black', linewidth=1.2)
    axes.annotate(f'limit {LIMIT_S:.2f} s', (LIMIT_S, -1.2), fontsize=8, ha='center',
                  annotation_clip=False)
    names = [f'{row.fault.replace("_", " ")}' for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(len(rows) - 0.3, -0.7)
    axes.set_xlim(0.0, _NEVER_S)
    axes.set_xlabel('seconds from the fault to zero at the controller (hatched: never)')
    axes.tick_params(colors=_INK)
    axes.spines[['top', 'right']].set_visible(False)
    figure.savefig(path, dpi=110)
