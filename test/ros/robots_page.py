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

"""docs/robots.md as data: its commands, its files, and the nodes that a launch command starts."""

import ast
from dataclasses import dataclass
from pathlib import Path
import re
import shlex

from graph import ROOT

PAGE = ROOT / 'docs' / 'robots.md'
# which topic a launch argument is for: the gate's, the planner's, and their type
OUTPUTS = {
    'cmd_vel_topic': ('cmd_vel', 'cmd_vel_nav', 'geometry_msgs/msg/Twist'),
    'trajectory_topic': ('joint_trajectory', 'joint_trajectory_nav',
                         'trajectory_msgs/msg/JointTrajectory'),
    'commands_topic': ('commands', 'commands_nav', 'std_msgs/msg/Float64MultiArray'),
}


@dataclass(frozen=True)
class Launch:
    """A launch command: the file, and its arguments by name."""

    file: str
    arguments: dict[str, str]


def _blocks(kind: str) -> list[str]:
    fences = re.findall(r'^```(\w*)\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [text for found, text in fences if found == kind]


def commands() -> list[list[str]]:
    """Return every command of the page, as words."""
    text = '\n'.join(_blocks('')).replace('\\\n', ' ')
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]


def files() -> dict[str, str]:
    """Return the page's parameter files, by the name in their first line."""
    found = {}
    for text in _blocks('yaml'):
        first, _, rest = text.partition('\n')
        found[first.lstrip('# ')] = rest
    return found


def launches() -> list[Launch]:
    """Return the launch commands."""
    found = []
    for words in commands():
        if words[:2] == ['ros2', 'launch']:
            assert words[2] == 'jepa_ros', words
            found.append(Launch(words[3], dict(w.split(':=', 1) for w in words[4:])))
    return found


def declared(file: str) -> set[str]:
    """Return the names of a launch file's arguments, and of those that it includes."""
    text = (ROOT / 'launch' / file).read_text()
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id == 'ARGUMENTS' and isinstance(node.value, ast.Dict)):
            names |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    for other in re.findall(r"'(\w+\.launch\.py)'", text):
        if other != file:
            names |= declared(other)
    return names


def write(folder: Path) -> None:
    """Write the page's files into a folder."""
    for name, text in files().items():
        (folder / name).write_text(text)


def output_of(each: Launch) -> tuple[str, str, str, str]:
    """Return the gate's topic, what it is remapped to, the planner's topic, and the type."""
    (name,) = set(OUTPUTS) & set(each.arguments)
    topic, nav, kind = OUTPUTS[name]
    if each.arguments.get('stamped') == 'true':
        kind += 'Stamped'
    return topic, each.arguments[name], nav, kind
