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

"""What our code uses of ROS, read from its syntax, and which of it a distro does not have."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Names = Mapping[str, Sequence[str]]
_ROS = ('ament_index_python', 'builtin_interfaces', 'launch', 'launch_ros', 'rcl_interfaces',
        'rclpy')


@dataclass(frozen=True)
class Use:
    """
    A use of ROS.

    ``name``: in full, 'rclpy.qos.QoSProfile', or, of an object whose type the syntax does not
    tell, '.create_timer'; ``keywords`` of a call; ``where``: the file.
    """

    name: str
    keywords: tuple[str, ...]
    where: str


def of_ros(module: str) -> bool:
    """Tell whether a module is one of ROS."""
    top = module.split('.')[0]
    return top in _ROS or top.endswith(('_msgs', '_srvs'))


def uses_in(source: str, where: str) -> Iterator[Use]:
    """Return all uses of ROS in a source."""
    tree = ast.parse(source)
    known: dict[str, str] = {}      # what a name in this file stands for
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {a.asname or a.name.split('.')[0]: a.name if a.asname else
                      a.name.split('.')[0] for a in node.names if of_ros(a.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and of_ros(node.module):
            for alias in node.names:
                known[alias.asname or alias.name] = f'{node.module}.{alias.name}'
                yield Use(f'{node.module}.{alias.name}', (), where)
    for node in ast.walk(tree):
        call = isinstance(node, ast.Call)
        target = node.func if call else node
        if not isinstance(target, (ast.Attribute, ast.Name)):
            continue
        keywords = tuple(k.arg for k in node.keywords if k.arg) if call else ()
        full = _full(target, known)
        if full or isinstance(target, ast.Attribute):
            yield Use(full or f'.{target.attr}', keywords, where)


def _full(node: ast.expr, known: Mapping[str, str]) -> str:
    """Return the full name of an expression that begins with an import, '' of any other."""
    if isinstance(node, ast.Name):
        return known.get(node.id, '')
    if isinstance(node, ast.Attribute):
        begin = _full(node.value, known)
        return f'{begin}.{node.attr}' if begin else ''
    return ''


def uses_of(folders: Sequence[Path]) -> list[Use]:
    """Return all uses of ROS in some folders."""
    return [use for folder in folders for path in sorted(folder.rglob('*.py'))
            for use in uses_in(path.read_text(), str(path.relative_to(folder.parent)))]


class Distro:
    """The names that a distro has; ``reference``: those of one where our code works."""

    def __init__(self, names: Names, reference: Names) -> None:
        self._names = names
        self._members, self._known = _members(names), _members(reference)

    def missing(self, uses: Sequence[Use]) -> dict[str, set[str]]:
        """Return the names and keywords that are not there, and in which files they are used."""
        found: dict[str, set[str]] = {}
        for use in uses:
            for name in self._lacks(use):
                found.setdefault(name, set()).add(use.where)
        return found

    def _lacks(self, use: Use) -> Iterator[str]:
        if use.name.startswith('.'):
            member = use.name[1:]
            if member in self._known:
                there = self._members.get(member)
                if there is None:
                    yield use.name
                else:
                    yield from (f'{use.name}({k})' for k in use.keywords
                                if k in self._known[member] and k not in there)
            return
        entry = self._entry(use.name)
        if entry is None:
            yield use.name
        elif entry and use.keywords:
            able = self._arguments(entry)
            if able is not None:
                yield from (f'{use.name}({k})' for k in use.keywords if k not in able)

    def _entry(self, name: str) -> str | None:
        """Return a class's or module's key, or a member's entry; None where there is none."""
        if name in self._names or f'{name}_Request' in self._names:
            return name
        parent, _, leaf = name.rpartition('.')
        place = self._entry(parent) if parent else None
        if place is None:
            return None
        if f'{place}_{leaf}' in self._names:        # Trigger.Request
            return f'{place}_{leaf}'
        if place not in self._names:        # written in C++: nothing is known of its members
            return ''
        for entry in self._all(place):
            own, _, alias = entry.partition('=')
            if own.partition('(')[0] == leaf:
                # an alias of something that is not in these sources is taken for granted
                return (self._entry(alias) or '') if alias else entry
        return '' if self._opaque(place) else None

    def _all(self, key: str) -> Iterator[str]:
        """Return the entries of a module, or of a class and of those that it is made of."""
        for part in self._line(key):
            yield from self._names[part]

    def _line(self, key: str) -> Iterator[str]:
        """Return a class's key, and those of what it is made of."""
        yield key
        for entry in self._names[key]:
            base = self._base(key, entry) if entry.startswith('<') else None
            if base:
                yield from self._line(base)

    def _base(self, key: str, entry: str) -> str | None:
        found = self._entry(f'{key.rpartition(".")[0]}.{entry[1:]}')
        return found if found in self._names and found != key else None

    def _opaque(self, key: str) -> bool:
        """Tell whether a class is made of one that these sources do not have."""
        return any(entry.startswith('<') and self._base(key, entry) is None
                   and not entry.endswith('Enum') for entry in self._names[key])

    def _arguments(self, entry: str) -> set[str] | None:
        """Return the keywords that can be given; None where that is not known."""
        if entry.endswith(')'):
            return _split(entry)
        if entry not in self._names:
            return None
        taken: set[str] = set()
        for key in self._line(entry):
            own = [e for e in self._names[key] if e.startswith('(')]
            taken |= {name for maker in own for name in _split(maker)}
            if own and '**' not in taken:
                return taken
            taken.discard('**')
        # a message takes its fields, as does a class that takes anything and hands nothing on
        fields = {e.partition('(')[0] for e in self._all(entry)} - {''}
        known = fields and not self._opaque(entry) and not entry.startswith('launch')
        return taken | fields if known else None


def _split(entry: str) -> set[str]:
    return set(entry.partition('(')[2].rstrip(')').split(', '))


def _members(names: Names) -> dict[str, set[str]]:
    """Return the members of all classes of rclpy and messages, with all their arguments."""
    found: dict[str, set[str]] = {}
    for key, entries in names.items():
        if key.startswith('rclpy.') or '.msg.' in key or '.srv.' in key:
            for entry in entries:
                name = entry.partition('=')[0].partition('(')[0]
                if name and not name.startswith('<'):
                    found.setdefault(name, set()).update(_split(entry))
    return found
