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

"""Open rosbag2 folders and files (sqlite3 or MCAP), and read what they hold as it stands."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
import re
import struct

LARGEST_METADATA_BYTES = 4 * 2 ** 20
MOST_MESSAGES = 2 ** 31
STORAGES = ('.mcap', '.db3')
SEVERAL = 'more than one type'
# a YAML anchor: a few lines of aliases can stand for more than a memory holds
_ANCHOR = re.compile(r'(^|[\s\[{,:-])&\w', re.MULTILINE)
_HEADER = 'std_msgs/msg/Header'
_STAMP_ENDS_BYTES = 12


@contextmanager
def opened(bag: Path):
    """Open a bag for reading; ValueError says why not."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import get_typestore, Stores

    _check_kind(bag)
    try:
        _check_metadata(bag)
        _check_finished(bag)
        # bags of Humble and before have no definitions of their messages inside
        reader = AnyReader([bag], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except Exception as error:  # what the formats' libraries raise has no common base class
        raise ValueError(f'{bag} cannot be read as a bag: {words(error)}{_cure(bag)}') from error
    try:
        yield reader
    finally:
        # a bag that could be read need not close well
        with suppress(Exception):
            reader.close()


def _check_kind(bag: Path) -> None:
    if not bag.exists():
        raise ValueError(f'there is no bag {bag}')
    if bag.suffix == '.bag':
        raise ValueError(f'{bag} is a bag of ROS 1; make one of ROS 2 of it: '
                         f'rosbags-convert --src {bag.name} --dst {bag.stem}')
    if bag.is_file() and bag.suffix not in STORAGES:
        raise ValueError(f'{bag} cannot be read as a bag: it is a file, must be the folder of a '
                         f'bag, or end in {" or ".join(STORAGES)}')


def _check_metadata(bag: Path) -> None:
    """Refuse metadata that grows when it is read; ValueError names the limit."""
    path = bag / 'metadata.yaml'
    if not path.is_file():
        return
    size = path.stat().st_size
    if size > LARGEST_METADATA_BYTES:
        raise ValueError(f'{path} has {size} bytes, limit {LARGEST_METADATA_BYTES}')
    if _ANCHOR.search(path.read_text(encoding='utf-8', errors='replace')):
        raise ValueError(f'{path} has YAML anchors, limit 0')


def _check_finished(bag: Path) -> None:
    """Refuse a bag of ours whose last file is not in its metadata: its end would be left out."""
    from jepa_ros.ros.bag_recovery import is_unfinished
    if (bag / 'metadata.yaml').is_file() and is_unfinished(bag):
        raise ValueError('its last file is unfinished: the recording goes on, or was cut off; '
                         f'complete it: jepa record --recover {bag}')


def _cure(bag: Path) -> str:
    """Return what helps where a recording was not ended: words for the end of an error."""
    if bag.is_file():
        return f'; if its recording was cut off: jepa record --recover {bag.resolve().parent}'
    if (bag / 'metadata.yaml').exists():
        return ''
    files = storage_files(bag)
    if not files:
        return f'; a bag is a folder with metadata.yaml and files *{" or *".join(STORAGES)}'
    command = 'jepa record --recover' if STORAGES[0] in files[0].suffixes else 'ros2 bag reindex'
    return f'; its recording was cut off, complete it: {command} {bag}'


def storage_files(bag: Path) -> list[Path]:
    """Return the files of a bag, itself where it is one, in order of their names."""
    if bag.is_file():
        return [bag]
    return sorted(path for path in bag.iterdir()
                  if path.is_file() and any(end in path.suffixes for end in STORAGES))


def topics(reader, bag: Path) -> dict[str, tuple[str, int]]:
    """Return the type and the number of messages of each topic; ValueError where it is odd."""
    try:
        found = {name: (_kind(info), info.msgcount) for name, info in reader.topics.items()}
    except Exception as error:  # metadata.yaml may name anything a topic
        raise ValueError(f'the topics of {bag} cannot be read: {words(error)}') from error
    odd = [word for name, (kind, _) in found.items() for word in (name, kind)
           if not isinstance(word, str) or plain(word) != word]
    if odd:
        raise ValueError(f'{bag} has a topic or a type {plain(odd[0])[:60]}, '
                         'must be a text that can be printed')
    return found


def _kind(info) -> object:
    # where there are several the library says none, as it does of null
    return info.msgtype if len({c.msgtype for c in info.connections}) == 1 else SEVERAL


def checked_count(found: object, topic: str, bag: Path) -> int:
    """Return how many messages a bag says that it has of a topic; ValueError where not so."""
    if not isinstance(found, int) or not 0 <= found < MOST_MESSAGES:
        raise ValueError(f'{bag} says that {topic} has {str(found)[:60]} messages, must be a '
                         f'number of at least 0 and below {MOST_MESSAGES}')
    return found


def listed(found: dict[str, tuple[str, int]]) -> str:
    """Return topics and their types as an error may list them."""
    there = ', '.join(f'{name} ({kind})' for name, (kind, _) in sorted(found.items()))
    return (there or 'no topics')[:1000]


def messages(reader, bag: Path, wanted: set[str]) -> Iterator:
    """
    Yield (number, connection, receive time in ns, raw bytes) of topics, as they were recorded.

    Numbers count from 0 over all of them.  ValueError where the bag is cut short.
    """
    found = reader.messages(connections=[c for c in reader.connections if c.topic in wanted])
    for number in count():
        try:
            connection, received_ns, raw = next(found)
        except StopIteration:
            return
        except Exception as error:  # as above
            raise ValueError(f'{bag} cannot be read to its end: {words(error)}') from error
        yield number, connection, received_ns, raw


def has_header(reader, kind: str) -> bool:
    """Return whether messages of a type begin with a header, as the bag defines them."""
    known = reader.typestore.fielddefs
    begins = [known[name][1][0] for name in (kind, _HEADER) if name in known and known[name][1]]
    return len(begins) == 2 and begins[0][1][1] == _HEADER and begins[1][0] == 'stamp'


def header_stamp(raw: bytes) -> int:
    """Return the stamp in ns that begins a message in CDR, without reading the rest of it."""
    if len(raw) < _STAMP_ENDS_BYTES:
        raise ValueError(f'message has {len(raw)} bytes, its stamp alone needs '
                         f'{_STAMP_ENDS_BYTES}')
    seconds, nanoseconds = struct.unpack_from('<iI' if raw[1] & 1 else '>iI', raw, 4)
    return seconds * 10 ** 9 + nanoseconds


def words(error: Exception) -> str:
    """Return what an error says, in a line that fits on a screen."""
    return ' '.join(plain(error).split())[:300] or type(error).__name__


def plain(value: object) -> str:
    """Return a text that can be printed: half of a surrogate pair, which cannot, is escaped."""
    return str(value).encode('utf-8', 'backslashreplace').decode()
