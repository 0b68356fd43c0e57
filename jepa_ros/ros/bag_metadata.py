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

"""The metadata.yaml of a rosbag2 folder, as rosbag2 of Jazzy writes it (version 9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jepa_ros.files import write_whole
from jepa_ros.ros.mcap_records import Channel, Chunk, total_counts

NAME = 'metadata.yaml'
_VERSION = 9
# rosbag2's own is a few kilobytes a topic
_LARGEST_BYTES = 4 * 2 ** 20


@dataclass(frozen=True)
class Part:
    """One finished file of a bag; ``counts`` are messages by topic, times are 0 where none."""

    name: str
    start_ns: int
    end_ns: int
    channels: tuple[Channel, ...]
    counts: dict[str, int]

    @classmethod
    def of(cls, path: Path, channels: Sequence[Channel], chunks: Sequence[Chunk]) -> 'Part':
        """Return what a file of these channels and chunks holds."""
        topics = {channel.number: channel.topic for channel in channels}
        counts = total_counts(chunks, channels)
        return cls(path.name, min((c.start_ns for c in chunks), default=0),
                   max((c.end_ns for c in chunks), default=0), tuple(channels),
                   {topics[number]: count for number, count in counts.items()})


def to_yaml(value: object) -> str:
    """Return a value as YAML text."""
    yaml = YAML(typ='safe')
    yaml.default_flow_style = False
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()


def write(folder: Path, parts: Sequence[Part]) -> None:
    """
    Write metadata.yaml in one step; OSError leaves the one that there was.

    It is on the disk itself when this returns: a power cut leaves the old or the new.
    """
    write_whole(folder / NAME, to_yaml(_content(parts)))


def listed(folder: Path) -> list[str]:
    """
    Return the files that a bag's metadata.yaml names, none where there is no such file.

    One that cannot be read as such counts as none: a power cut leaves empty ones of other
    programs, and what the files hold is in the files.
    """
    path = folder / NAME
    if not path.is_file():
        return []
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError(f'{path} has {path.stat().st_size} bytes, limit {_LARGEST_BYTES}')
    try:
        content = YAML(typ='safe').load(path.read_text(encoding='utf-8'))
        names = content['rosbag2_bagfile_information']['relative_file_paths']
    except (YAMLError, KeyError, TypeError, UnicodeDecodeError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _content(parts: Sequence[Part]) -> dict[str, object]:
    filled = [part for part in parts if sum(part.counts.values())]
    start_ns = min((part.start_ns for part in filled), default=0)
    end_ns = max((part.end_ns for part in filled), default=0)
    return {'rosbag2_bagfile_information': {
        'version': _VERSION, 'storage_identifier': 'mcap',
        'duration': {'nanoseconds': end_ns - start_ns},
        'starting_time': {'nanoseconds_since_epoch': start_ns},
        'message_count': sum(sum(part.counts.values()) for part in parts),
        'topics_with_message_count': _topics(parts),
        'compression_format': '', 'compression_mode': '',
        'relative_file_paths': [part.name for part in parts],
        'files': [{
            'path': part.name, 'starting_time': {'nanoseconds_since_epoch': part.start_ns},
            'duration': {'nanoseconds': part.end_ns - part.start_ns},
            'message_count': sum(part.counts.values())} for part in parts],
        'custom_data': None, 'ros_distro': 'jazzy'}}


def _topics(parts: Iterable[Part]) -> list[dict[str, object]]:
    channels: dict[str, Channel] = {}
    counts: dict[str, int] = {}
    for part in parts:
        channels |= {channel.topic: channel for channel in part.channels}
        counts = _sum(counts, part.counts)
    return [{'topic_metadata': {
        'name': channel.topic, 'type': channel.kind, 'serialization_format': 'cdr',
        'offered_qos_profiles': YAML(typ='safe').load(channel.qos) or [],
        'type_description_hash': channel.digest}, 'message_count': counts[topic]}
        for topic, channel in channels.items()]


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
