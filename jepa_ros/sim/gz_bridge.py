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
The file that tells ros_gz's parameter_bridge what to bridge: read, and held to a schema.

The bridge itself passes over keys that it does not know without a word, and drops an entry that
it cannot read with one line in its log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import difflib
import re
import reprlib

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jepa_ros.sim.gz_types import pair_fault

TO_ROS, TO_GZ, BOTH = 'GZ_TO_ROS', 'ROS_TO_GZ', 'BIDIRECTIONAL'
DIRECTIONS = (TO_ROS, TO_GZ, BOTH)

_TOPICS = ('topic_name', 'ros_topic_name', 'gz_topic_name')
_KEYS = {**dict.fromkeys(_TOPICS, str), 'ros_type_name': str, 'gz_type_name': str,
         'direction': str, 'publisher_queue': int, 'subscriber_queue': int, 'lazy': bool}
# those that are younger than the distros: an older bridge would pass over them
_NEWER_KEYS = {'frame_id': '1.0.20 (jazzy) and 2.1.14 (kilted)',
               'qos_profile': '1.0.22 (jazzy) and 2.1.16 (kilted)'}
_TOPIC = re.compile(r'[/~]?[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*')
_LARGEST_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Bridge:
    """One topic on its way between ROS and Gazebo; queues are counted in messages."""

    ros_topic: str
    gz_topic: str
    ros_type: str
    gz_type: str
    direction: str
    publisher_queue: int = 10
    subscriber_queue: int = 10
    lazy: bool = False

    @property
    def to_ros(self) -> bool:
        """Tell whether it publishes to ROS."""
        return self.direction in (TO_ROS, BOTH)

    @property
    def to_gz(self) -> bool:
        """Tell whether it publishes to Gazebo."""
        return self.direction in (TO_GZ, BOTH)


def read(text: str, distro: str) -> tuple[list[Bridge], list[str]]:
    """Return the entries that a bridge of a distro would take, and what is wrong with the file."""
    if len(text) > _LARGEST_CHARACTERS:
        return [], [f'the bridge file has {len(text)} characters, limit {_LARGEST_CHARACTERS}']
    try:
        entries = YAML(typ='safe', pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        where = f' in line {mark.line + 1}' if mark is not None else ''
        return [], [f'the bridge file is not YAML: {getattr(error, "problem", error)}{where}']
    if not isinstance(entries, list):
        return [], [f'the bridge file holds {type(entries).__name__}, must hold a list of entries']
    if not entries:
        return [], ['the bridge file has no entries']
    bridges: list[Bridge] = []
    faults = []
    for number, entry in enumerate(entries, start=1):
        where = f'bridge entry {number}'
        if not isinstance(entry, dict):
            faults.append(f'{where} is {reprlib.repr(entry)}, must be a map of keys')
            continue
        named = next((entry[key] for key in _TOPICS if isinstance(entry.get(key), str)), None)
        where += f' ({named})' if named else ''
        fatal = list(_value_faults(entry))
        faults += [f'{where}: {fault}' for fault in [*fatal, *_other_faults(entry, distro)]]
        if not fatal:
            bridge = _bridge(entry)
            if bridge in bridges:
                faults.append(f'{where}: the same as entry {bridges.index(bridge) + 1}')
            bridges.append(bridge)
    return bridges, faults


def _bridge(entry: dict[str, object]) -> Bridge:
    names = {key: str(entry.get(key, '')) for key in _TOPICS}
    ros = names['topic_name'] or names['ros_topic_name'] or names['gz_topic_name']
    gazebo = names['topic_name'] or names['gz_topic_name'] or names['ros_topic_name']
    numbers = {key: entry[key] for key in ('publisher_queue', 'subscriber_queue', 'lazy')
               if key in entry}
    return Bridge(ros, gazebo, str(entry['ros_type_name']), str(entry['gz_type_name']),
                  str(entry.get('direction', BOTH)), **numbers)       # type: ignore[arg-type]


def _value_faults(entry: dict[str, object]) -> Iterator[str]:
    """Yield what makes a bridge drop an entry."""
    for key, value in entry.items():
        if key not in _KEYS:
            continue
        if type(value) is not _KEYS[key]:
            yield f'{key} is {reprlib.repr(value)}, must be a {_KEYS[key].__name__}'
        elif key in _TOPICS and not _TOPIC.fullmatch(str(value)):
            yield f'{key} is {value!r}, which is no name of a topic'
        elif _KEYS[key] is int and not 1 <= int(str(value)) <= 1000:
            yield f'{key} is {value}, must be in [1, 1000]'
    for other in _TOPICS[1:]:
        if 'topic_name' in entry and other in entry:
            yield f'topic_name beside {other}: topic_name is both, leave one of them out'
    if not any(key in entry for key in _TOPICS):
        yield f'no topic: give {" or ".join(_TOPICS)}'
    for key in ('ros_type_name', 'gz_type_name'):
        if key not in entry:
            yield f'no {key}'
    direction = entry.get('direction', BOTH)
    if direction not in DIRECTIONS:
        yield f'direction is {reprlib.repr(direction)}, must be {", ".join(DIRECTIONS)}'


def _other_faults(entry: dict[str, object], distro: str) -> Iterator[str]:
    """Yield what a bridge passes over, or finds out when it makes its publishers."""
    for key in entry:
        if key in _NEWER_KEYS:
            yield (f'key {key!r} is known to ros_gz {_NEWER_KEYS[key]} and later only; an older '
                   'one passes over it')
        elif key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, 1)
            yield (f'unknown key {key!r}' + (f', did you mean {close[0]!r}?' if close else '')
                   + f'; keys: {", ".join(_KEYS)}')
    if isinstance(entry.get('ros_type_name'), str) and isinstance(entry.get('gz_type_name'), str):
        fault = pair_fault(str(entry['ros_type_name']), str(entry['gz_type_name']), distro)
        if fault:
            yield fault
