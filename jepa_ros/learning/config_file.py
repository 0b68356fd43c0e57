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

"""Settings from a YAML file and from ``section.key=value``: checked by name, type and limit."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
import difflib
import io
from pathlib import Path
import types
from typing import Any, get_args, get_origin, get_type_hints, Literal, TypeVar, Union

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

T = TypeVar('T')
# the dataclass that a section fills, by the section's name
Kinds = Mapping[str, type]
Settings = dict[str, dict[str, Any]]
LARGEST_BYTES = 1_000_000


def read_settings(file: Path | None, overrides: Sequence[str], kinds: Kinds,
                  derived: Mapping[str, str] | None = None) -> Settings:
    """
    Return what a file and overrides set, by section and key; an override wins.

    ``derived`` names keys that nobody may set ('model.low') and where they come from.  ValueError
    names an unknown section or key with the nearest one, and a value of a wrong type.
    """
    settings: Settings = {section: {} for section in kinds}
    if file is not None:
        for section, table in _load(file).items():
            _check_section(str(section), kinds, str(file))
            if not isinstance(table, dict):
                raise ValueError(f'{file}: {section} is {table!r}, must be a table of keys')
            for key, value in table.items():
                settings[section][key] = _checked(f'{section}.{key}', value, kinds, derived or {},
                                                  str(file))
    for override in overrides:
        path, equals, text = override.partition('=')
        section, dot, key = path.partition('.')
        if not equals or not dot:
            raise ValueError(f'{override!r} is not section.key=value, as in train.steps=500; '
                             f'sections: {", ".join(kinds)}')
        _check_section(section, kinds, override)
        settings[section][key] = _checked(path, _parse(text, override), kinds, derived or {},
                                          override)
    return settings


def build(kind: type[T], section: str, settings: Settings, **derived: Any) -> T:
    """Return a section's dataclass; ValueError names the section where a value is refused."""
    try:
        return kind(**settings[section], **derived)
    except ValueError as error:
        raise ValueError(f'{section}.{error}') from error


def differences(a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = '') -> list[str]:
    """Return 'train.steps: 10, not 20' for every key at which nested tables differ."""
    found = []
    for key in dict.fromkeys([*a, *b]):
        one, other, name = a.get(key), b.get(key), f'{prefix}{key}'
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += differences(one, other, f'{name}.')
        elif one != other:
            found.append(f'{name}: {one!r}, not {other!r}')
    return found


def _load(file: Path) -> dict[Any, Any]:
    size = file.stat().st_size
    if size > LARGEST_BYTES:
        raise ValueError(f'{file} has {size} bytes, limit {LARGEST_BYTES}: is it a config?')
    try:
        table = _yaml(file.read_text(encoding='utf-8'))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'{file} is not YAML: {_first_line(error)}') from error
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise ValueError(f'{file} holds {type(table).__name__}, must hold sections with keys')
    return table


def _parse(text: str, override: str) -> Any:
    try:
        return _yaml(text)
    except YAMLError as error:
        raise ValueError(f'{override!r}: the value is not YAML: {_first_line(error)}') from error


def _yaml(text: str) -> Any:
    return YAML(typ='safe', pure=True).load(io.StringIO(text))


def _first_line(error: Exception) -> str:
    mark = getattr(error, 'problem_mark', None)
    where = f' in line {mark.line + 1}' if mark is not None else ''
    return f'{getattr(error, "problem", None) or error}{where}'


def _check_section(section: str, kinds: Kinds, source: str) -> None:
    if section not in kinds:
        raise ValueError(f'{source}: there is no section {section!r}{_nearest(section, kinds)}; '
                         f'sections: {", ".join(kinds)}')


def _nearest(name: str, names: Any) -> str:
    close = difflib.get_close_matches(name, list(names), 1, 0.5)
    return f', did you mean {close[0]!r}?' if close else ''


def _checked(path: str, value: Any, kinds: Kinds, derived: Mapping[str, str], source: str) -> Any:
    section, _, key = path.partition('.')
    if path in derived:
        raise ValueError(f'{source}: {path} cannot be set, it comes from {derived[path]}')
    names = [f.name for f in fields(kinds[section]) if f'{section}.{f.name}' not in derived]
    if key not in names:
        raise ValueError(f'{source}: {section} has no key {key!r}{_nearest(key, names)}; '
                         f'keys of {section}: {", ".join(sorted(names))}')
    hint = get_type_hints(kinds[section])[key]
    ok, converted = _convert(value, hint)
    if not ok:
        raise ValueError(f'{source}: {path} is {value!r} ({type(value).__name__}), must be '
                         f'{_words(hint)}')
    return converted


def _convert(value: Any, hint: Any) -> tuple[bool, Any]:
    """Return whether a value read from YAML is of a field's type, and the value as that type."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        tried = [_convert(value, one) for one in inner]
        return next((t for t in tried if t[0]), (False, value))
    if origin is Literal:
        return value in inner and not isinstance(value, bool), value
    if origin is tuple:
        if not isinstance(value, list):
            return False, value
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        entries = [_convert(v, k) for v, k in zip(value, kinds, strict=False)]
        return len(kinds) == len(value) and all(ok for ok, _ in entries), tuple(
            v for _, v in entries)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return True, float(value)
    # bool is an int to Python, not to a person
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool)), value


def _words(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return ' or '.join(_words(one) for one in inner)
    if origin is Literal:
        return f'one of {", ".join(str(v) for v in inner)}'
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return f'a list, each entry {_words(inner[0])}'
        return f'a list of {len(inner)}: {", ".join(_words(one) for one in inner)}'
    words = {int: 'a whole number', float: 'a number', bool: 'true or false', str: 'text',
             type(None): 'null'}
    return words.get(hint, str(hint))
