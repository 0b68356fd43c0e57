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

"""What a bag says of a topic: the definition of its type, and its publishers' profiles."""

from collections.abc import Iterable
from functools import lru_cache
import importlib
import re
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosbags.typesys import get_types_from_msg, get_typestore, Stores, TypesysError
from rosbags.typesys.store import Typestore

from jepa_ros.ros.bag_metadata import to_yaml

_KIND = re.compile(r'[a-z][a-z0-9_]*/msg/[A-Z][A-Za-z0-9]*')
# names of types as rclpy's classes have them, and as .msg files do
_WORDS = {'double': 'float64', 'float': 'float32', 'boolean': 'bool', 'octet': 'byte'}


def message_class(kind: str) -> type:
    """Return the Python class of 'package/msg/Name'; ValueError where it is not installed."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f'{kind[:100]!r} is no message type: must be like sensor_msgs/msg/Image')
    package, _, name = kind.split('/')
    try:
        found = getattr(importlib.import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f'{kind} is not installed here ({error}); install or source the '
                         f'package {package}') from error
    if not hasattr(found, 'get_fields_and_field_types'):
        raise ValueError(f'{kind} is no message type')
    return found


def definition(kind: str) -> tuple[str, str]:
    """
    Return the definition of a type with all that it holds, and its REP 2011 hash.

    That of ROS 2 Jazzy, or, for any other package, one made from its Python class.
    """
    store = _store()
    try:
        _learn(store, kind)
        return store.generate_msgdef(kind, ros_version=2)[0], store.hash_rihs01(kind)
    except TypesysError as error:
        raise ValueError(f'{kind} cannot be recorded: {error}') from error


@lru_cache(maxsize=1)
def _store() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


def _learn(store: Typestore, kind: str) -> None:
    """Add a type that is not among those of ROS 2 itself, and what it holds."""
    if kind in store.types:
        return
    fields: dict[str, str] = message_class(kind).get_fields_and_field_types()
    for word in fields.values():
        inner = re.search(r'([a-z][a-z0-9_]*)/([A-Z][A-Za-z0-9]*)', word)
        if inner:
            _learn(store, f'{inner[1]}/msg/{inner[2]}')
    text = ''.join(f'{_field_type(word)} {name}\n' for name, word in fields.items())
    store.register(get_types_from_msg(text, kind))


def _field_type(word: str) -> str:
    """Return 'float64[<=3]' for 'sequence<double, 3>', and the like."""
    many = re.fullmatch(r'sequence<(.+?)(?:, (\d+))?>', word)
    if many:
        return _field_type(many[1]) + (f'[<={many[2]}]' if many[2] else '[]')
    fixed = re.fullmatch(r'(.+)\[(\d+)\]', word)
    if fixed:
        return f'{_field_type(fixed[1])}[{fixed[2]}]'
    bounded = re.fullmatch(r'(w?string)<(\d+)>', word)
    if bounded:
        return f'{bounded[1]}<={bounded[2]}'
    return _WORDS.get(word, word)


def matching(profiles: Iterable[QoSProfile], depth: int) -> QoSProfile:
    """Return the strictest profile that hears all these publishers."""
    profiles = list(profiles)
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in profiles)
    latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in profiles)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=(DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE))


def profiles_text(profiles: Iterable[QoSProfile]) -> str:
    """Return publishers' profiles as rosbag2 keeps them, so that it plays as they published."""
    return to_yaml([{
        'history': _name(p.history), 'depth': p.depth, 'reliability': _name(p.reliability),
        'durability': _name(p.durability), 'deadline': _time(p.deadline),
        'lifespan': _time(p.lifespan), 'liveliness': _name(p.liveliness),
        'liveliness_lease_duration': _time(p.liveliness_lease_duration),
        'avoid_ros_namespace_conventions': p.avoid_ros_namespace_conventions} for p in profiles])


def _name(policy: Any) -> str:
    return policy.name.lower()


def _time(duration: Duration) -> dict[str, int]:
    sec, nsec = divmod(duration.nanoseconds, 10 ** 9)
    return {'sec': sec, 'nsec': nsec}
