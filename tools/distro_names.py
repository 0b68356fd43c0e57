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

"""
Write the names that a ROS distro's packages have: modules, classes, methods, keywords, fields.

    python3 tools/distro_names.py --distro kilted --installed .venv-kilted/lib/*/site-packages
    python3 tools/distro_names.py --distro humble --checkout rclpy common_interfaces ...

Sources are read, never imported, so no distro needs to be installed.  A checkout is a clone of
the repository of that name in github.com/ros2 (or /ament), on the branch of the distro.
"""

import argparse
import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
import subprocess

# Python packages, and packages of messages; what jepa_ros imports of ROS
PYTHON = ('ament_index_python', 'launch', 'launch_ros', 'rclpy')
MESSAGES = (
    'builtin_interfaces', 'diagnostic_msgs', 'geometry_msgs', 'lifecycle_msgs', 'nav_msgs',
    'rcl_interfaces', 'rosgraph_msgs', 'sensor_msgs', 'std_msgs', 'std_srvs', 'tf2_msgs',
    'trajectory_msgs', 'visualization_msgs')
_SKIPPED = {
    'action', 'doc', 'docs', 'event_handlers', 'events', 'experimental', 'frontend', 'impl',
    'legacy', 'ros_adapters', 'test', 'testing', 'tests'}
# what a launch file makes objects of, and does not look into
_MADE_ONLY = ('launch.', 'launch_ros.')
_GENERATED = re.compile(r'_[a-z0-9_]+\.py')
# a line of a .msg file: type, name, and = where it is a constant
_FIELD = re.compile(r'[A-Za-z][\w/]*(?:<=\d+)?(?:\[(?:<=)?\d*\])?\s+(\w+)')


def signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the names of a function's arguments in parentheses, without self and defaults."""
    given = function.args
    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names = names[1:] if names[:1] in (['self'], ['cls']) else names
    names += ['**'] if given.kwarg else []
    return f'({", ".join(names)})'


def targets(node: ast.AST) -> Iterator[ast.expr]:
    """Return what an assignment assigns to."""
    if isinstance(node, ast.Assign):
        yield from node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        yield node.target


def class_names(node: ast.ClassDef) -> list[str]:
    """Return a class's bases as '<Base', its constructor as '()', its members."""
    found = [f'<{ast.unparse(base).partition("[")[0]}' for base in node.bases]
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner in node.body:
            if inner.name in ('__init__', '__new__'):
                found.append(signature(inner))
            elif inner.name[0] != '_':
                bare = any(ast.unparse(d).endswith(('property', '.setter'))
                           for d in inner.decorator_list)
                found.append(inner.name if bare else inner.name + signature(inner))
        for target in targets(inner):
            if isinstance(target, ast.Name) and inner in node.body and target.id[0] != '_':
                found.append(target.id)
            elif (isinstance(target, ast.Attribute) and target.attr[0] != '_'
                    and isinstance(target.value, ast.Name) and target.value.id == 'self'):
                found.append(target.attr)
    return sorted(set(found))


def module_names(path: Path, module: str) -> dict[str, list[str]]:
    """Return what a module has: its own names, and each class's under its full name."""
    own: list[str] = []
    found: dict[str, list[str]] = {}
    package = module if path.name == '__init__.py' else module.rpartition('.')[0]
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node in tree.body:
            own.append(node.name + signature(node))
        elif isinstance(node, ast.ClassDef) and node in tree.body:
            own.append(node.name)
            found[f'{module}.{node.name}'] = class_names(node)
        elif isinstance(node, ast.ImportFrom) and node in tree.body:
            parent = '.'.join(package.split('.')[:len(package.split('.')) - node.level + 1])
            source = '.'.join(filter(None, [parent if node.level else '', node.module]))
            if source.split('.')[0] == module.split('.')[0]:
                own += [f'{alias.asname or alias.name}={source}.{alias.name}'
                        for alias in node.names]
        for target in targets(node):
            if isinstance(target, ast.Name) and node in tree.body:
                value = getattr(node, 'value', None)
                alias = isinstance(value, (ast.Name, ast.Attribute))
                own.append(f'{target.id}={module}.{ast.unparse(value)}' if alias else target.id)
    found[module] = sorted({name for name in own if name[0] != '_'})
    return found


def python_names(folder: Path) -> dict[str, list[str]]:
    """Return what a Python package has."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob('*.py')):
        parts = path.relative_to(folder.parent).with_suffix('').parts
        if not set(parts[:-1]) & _SKIPPED:
            parts = parts[:-1] if parts[-1] == '__init__' else parts
            found |= module_names(path, '.'.join(parts))
    classes = {f'{module}.{name}' for module, names in found.items() for name in names}
    return {key: [name for name in names if key not in classes or name[0] in '<(']
            if key.startswith(_MADE_ONLY) else names for key, names in found.items()}


def described(package: Path) -> dict[str, list[str]]:
    """Return the fields and constants of a package's types, from its .msg and .srv files."""
    found: dict[str, list[str]] = {}
    for path in sorted([*package.glob('msg/*.msg'), *package.glob('srv/*.srv')]):
        parts = [''] if path.suffix == '.msg' else ['_Request', '_Response']
        for part, text in zip(parts, re.split(r'^---$', path.read_text(), flags=re.MULTILINE),
                              strict=True):
            lines = (line.partition('#')[0].strip() for line in text.splitlines())
            found[f'{package.name}.{path.parent.name}.{path.stem}{part}'] = sorted(
                match[1] for match in map(_FIELD.match, lines) if match)
    return found


def generated(package: Path) -> dict[str, list[str]]:
    """Return the fields and constants of a package's types, from its generated Python."""
    found: dict[str, list[str]] = {}
    for path in sorted([*package.glob('msg/_*.py'), *package.glob('srv/_*.py')]):
        if not _GENERATED.fullmatch(path.name):
            continue
        tables: dict[str, set[str]] = {}
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                keys = {str(key.value) for inner in node.body for target in targets(inner)
                        if isinstance(target, ast.Name) and isinstance(inner.value, ast.Dict)
                        and target.id.endswith(('_fields_and_field_types', '__constants'))
                        for key in inner.value.keys if isinstance(key, ast.Constant)}
                tables.setdefault(node.name.removeprefix('Metaclass_'), set()).update(keys)
        found |= {f'{package.name}.{path.parent.name}.{name}': sorted(keys)
                  for name, keys in tables.items() if not name.endswith('_Event')}
    return found


def names_in(folders: list[Path]) -> dict[str, list[str]]:
    """Return all names of the packages that are somewhere in some folders."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for name in PYTHON:
            for place in (folder / name / name, folder / name, folder):
                if place.name == name and (place / '__init__.py').is_file():
                    found |= python_names(place)
                    break
        for name in MESSAGES:
            package = folder / name
            if package.is_dir():
                found |= described(package) or generated(package)
    return found


def commit(folder: Path) -> str:
    """Return the commit and its date of a checkout, '' where it is none."""
    said = subprocess.run(['git', '-C', str(folder), 'log', '-1', '--format=%h of %as'],
                          capture_output=True, text=True, check=False)
    return said.stdout.strip()


def main() -> None:
    """Write the file of one distro beside the test that reads it."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[1])
    parser.add_argument('--distro', required=True)
    parser.add_argument('--installed', type=Path, default=None, help='site-packages of wheels')
    parser.add_argument('--checkout', type=Path, nargs='*', default=[], help='clones')
    parser.add_argument('--note', default='', help='what else should be known of the sources')
    args = parser.parse_args()
    folders = [*args.checkout, *([args.installed] if args.installed else [])]
    names = names_in(folders)
    made = {folder.name: commit(folder) for folder in args.checkout}
    if args.installed:
        made |= {'wheels': next(path.name.removesuffix('.dist-info')
                                for path in args.installed.glob('ros_rclpy-*.dist-info'))}
    rows = ',\n'.join(f'  {json.dumps(key)}: {json.dumps(names[key])}' for key in sorted(names))
    out = Path(__file__).resolve().parents[1] / 'test' / 'distros' / f'{args.distro}.json'
    out.write_text(f'{{\n "made": {json.dumps(made | {"note": args.note})},\n "names": {{\n'
                   f'{rows}\n }}\n}}\n')
    print(f'{out}: {len(names)} modules and classes, from {", ".join(made)}')


if __name__ == '__main__':
    main()
