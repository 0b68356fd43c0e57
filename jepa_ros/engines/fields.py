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

"""Fields of a manifest that anybody may have written; BundleError names a wrong one."""

import math
from typing import Any

from jepa_ros.engines.bundle_files import BundleError, said

_Kind = type | tuple[type, ...]
_NUMBER = (int, float)
_WORDS: dict[_Kind, str] = {
    dict: 'a table', list: 'a list', str: 'a text', int: 'a whole number', _NUMBER: 'a number'}
# beyond any action's limit, any cost in blocks and any surprise
_LARGEST_NUMBER = 1e6


def get(table: Any, key: str, kind: _Kind, where: str) -> Any:
    """Return an entry of a table, which must be of this kind; true and false are no numbers."""
    if not isinstance(table, dict) or key not in table:
        raise BundleError(f'{where} has no {key!r}')
    return must_be(table[key], kind, f'{where}: {key}')


def must_be(value: Any, kind: _Kind, where: str) -> Any:
    """Return a value that must be of this kind."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BundleError(f'{where} is {said(value)}, must be {_WORDS[kind]}')
    return value


def size(table: dict[str, Any], key: str, where: str, most: int) -> int:
    """Return a whole number of a table, from 1 to a limit."""
    found = int(get(table, key, int, where))
    if not 1 <= found <= most:
        raise BundleError(f'{where}: {key} is {said(found)}, must be at least 1, at most {most}')
    return found


def _finite(value: Any, where: str) -> float:
    if isinstance(value, float) and not math.isfinite(value):
        raise BundleError(f'{where} is {value}, must be finite')
    if abs(value) > _LARGEST_NUMBER:
        raise BundleError(f'{where} is {said(value)}, must be within {_LARGEST_NUMBER:g} of 0')
    return float(value)


def number(table: dict[str, Any], key: str, where: str) -> float:
    """Return a finite number of a table."""
    return _finite(get(table, key, _NUMBER, where), f'{where}: {key}')


def at_least_0(table: dict[str, Any], key: str, where: str) -> float:
    """Return a finite number of a table that is not negative."""
    value = number(table, key, where)
    if value < 0.0:
        raise BundleError(f'{where}: {key} is {value}, must be at least 0')
    return value


def list_of(table: dict[str, Any], key: str, kind: _Kind, where: str) -> list[Any]:
    """Return a list of a table whose values must be of this kind."""
    values: list[Any] = get(table, key, list, where)
    return [must_be(value, kind, f'{where}: {key}[{i}]') for i, value in enumerate(values)]


def numbers(table: dict[str, Any], key: str, where: str) -> list[float]:
    """Return a list of finite numbers of a table."""
    return [_finite(value, f'{where}: {key}[{i}]')
            for i, value in enumerate(list_of(table, key, _NUMBER, where))]
