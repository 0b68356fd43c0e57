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

"""Rows of figures on the terminal: a table for people, JSON for programs."""

from collections.abc import Iterable, Mapping, Sequence
import json
import math


def print_rows(rows: Iterable[Mapping[str, object]], as_json: bool) -> None:
    """Print rows: as they come in a table, or all at once as a JSON list, NaN as null."""
    rows = list(rows)
    if as_json:
        print(json.dumps([{k: _plain(v) for k, v in row.items()} for row in rows], indent=2))
    elif rows:
        print(_table(rows))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    numeric = [all(isinstance(row.get(name), (int, float, type(None))) for row in rows)
               for name in names]
    return '\n'.join('  '.join(
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(line, widths, numeric, strict=True)).rstrip()
        for line in cells)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return '-'
    if isinstance(value, float):
        return f'{value:.0f}' if abs(value) >= 1000 else f'{value:.3g}'
    if isinstance(value, Mapping):
        return ', '.join(f'{k} {_cell(v)}' for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ' to '.join(_cell(v) for v in value)
    return str(value)
