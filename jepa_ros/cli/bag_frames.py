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

"""Pictures out of rosbag2 folders (sqlite3 or MCAP), at the size of a model's input."""

from collections.abc import Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
import re
import sys

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
LARGEST_METADATA_BYTES = 4 * 2 ** 20
MOST_MESSAGES = 2 ** 31
# a YAML anchor: a few lines of aliases can stand for more than a memory holds
_ANCHOR = re.compile(r'(^|[\s\[{,:-])&\w', re.MULTILINE)


def bag_frames(bags: Sequence[Path], topic: str | None, most: int, height: int, width: int):
    """
    Return (pictures, topic): at most ``most``, spread evenly over all the bags, in their order.

    Pictures are (height, width, 3) uint8 RGB, brought there as on the robot.  Without a topic it
    is the only one with pictures.  ValueError where a bag cannot be read or has no such topic,
    RuntimeError where there are no ROS messages to read it with.  What is compressed in a bag is
    unpacked whatever its size: read bags that you know.
    """
    import numpy as np
    from tqdm import tqdm

    from jepa_ros.core.preprocess import to_model_image

    if most < 1:
        raise ValueError(f'frames is {most}, must be at least 1')
    to_rgb = _converter()
    counts = []
    for bag in bags:
        with _opened(bag) as reader:
            topic = _topic(reader, topic, bag)
            counts.append(_count(reader, topic, bag))
    total = sum(counts)
    chosen = set(np.linspace(0, total - 1, min(most, total)).round().astype(int).tolist())
    frames, first = [], 0
    with tqdm(total=total, desc=f'reading {topic}', unit=' frames', file=sys.stderr) as bar:
        for bag, amount in zip(bags, counts, strict=True):
            for number, message in _messages(bag, topic, bar):
                if first + number in chosen:
                    try:
                        frames.append(to_model_image(to_rgb(message()), height, width))
                    except Exception as error:
                        # a bag brings the definition of its messages along: nothing is sure
                        raise ValueError(f'{bag}, picture {number}: {_words(error)}') from error
            first += amount
    return frames, topic


def _messages(bag: Path, topic: str, bar):
    """Yield (number, what reads the message) of a topic; ValueError where the bag is cut short."""
    with _opened(bag) as reader:
        wanted = [c for c in reader.connections if c.topic == topic]
        messages = reader.messages(connections=wanted)
        for number in count():
            try:
                connection, _, raw = next(messages)
            except StopIteration:
                return
            except Exception as error:  # as above
                raise ValueError(f'{bag} cannot be read to its end: {_words(error)}') from error
            bar.update()
            yield number, partial(reader.deserialize, raw, connection.msgtype)


@contextmanager
def _opened(bag: Path):
    """Open a bag for reading; ValueError says why not."""
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import get_typestore, Stores

    if not bag.exists():
        raise ValueError(f'there is no bag {bag}')
    try:
        _check_metadata(bag)
        # bags of Humble and before have no definitions of their messages inside
        reader = AnyReader([bag], default_typestore=get_typestore(Stores.LATEST))
        reader.open()
    except Exception as error:  # what the formats' libraries raise has no common base class
        raise ValueError(f'{bag} cannot be read as a bag: {_words(error)}') from error
    try:
        yield reader
    finally:
        # a bag that could be read need not close well
        with suppress(Exception):
            reader.close()


def _check_metadata(bag: Path) -> None:
    """Refuse metadata that grows when it is read; ValueError names the limit."""
    path = bag / 'metadata.yaml'
    if not path.is_file():
        return
    size = path.stat().st_size
    if size > LARGEST_METADATA_BYTES:
        raise ValueError(f'{path} has {size} bytes, limit {LARGEST_METADATA_BYTES}')
    if _ANCHOR.search(path.read_text(encoding='utf-8')):
        raise ValueError(f'{path} has YAML anchors, limit 0')


def _words(error: Exception) -> str:
    """Return what an error says, in a line that fits on a screen."""
    return _plain(error)[:300] or type(error).__name__


def _plain(value: object) -> str:
    """Return a text that can be printed: half of a surrogate pair, which cannot, is escaped."""
    return str(value).encode('utf-8', 'backslashreplace').decode()


def _count(reader, topic: str, bag: Path) -> int:
    """Return how many messages the bag says that it has of a topic; ValueError where not so."""
    found = reader.topics[topic].msgcount
    if not isinstance(found, int) or not 0 <= found < MOST_MESSAGES:
        raise ValueError(f'{bag} says that {topic} has {str(found)[:60]} messages, must be a '
                         f'number of at least 0 and below {MOST_MESSAGES}')
    return found


def _topic(reader, topic: str | None, bag: Path) -> str:
    """Return the topic to read; ValueError names those that there are."""
    try:
        kinds = {name: info.msgtype for name, info in reader.topics.items()}
    except Exception as error:  # metadata.yaml may name anything a topic
        raise ValueError(f'the topics of {bag} cannot be read: {_words(error)}') from error
    odd = [word for word in (*kinds, *kinds.values())
           if not isinstance(word, str) or _plain(word) != word]
    if odd:
        raise ValueError(f'{bag} has a topic or a type {_plain(odd[0])[:60]}, '
                         'must be a text that can be printed')
    pictures = [name for name, kind in kinds.items() if kind in (IMAGE, COMPRESSED)]
    if topic is None and len(pictures) == 1:
        return pictures[0]
    if topic in pictures:
        return topic
    there = ', '.join(f'{name} ({kind})' for name, kind in sorted(kinds.items())) or 'no topics'
    there = there[:1000]
    if topic is None:
        raise ValueError(f'{bag} has {len(pictures)} topics with pictures, name one with --image; '
                         f'it has {there}')
    if topic in kinds:
        raise ValueError(f'{topic} in {bag} holds {kinds[topic]}, must be {IMAGE} or {COMPRESSED}')
    raise ValueError(f'{bag} has no topic {topic}; it has {there}')


def _converter():
    """Return what makes RGB of a message from a bag: the robot's own code."""
    try:
        from jepa_ros.ros.convert import bytes_array, CompressedImage, to_rgb
    except ImportError as error:
        raise RuntimeError(f'ROS messages are not installed ({error}); source ROS, or '
                           'pip install -r requirements/ros.txt') from error

    def convert(message):
        if hasattr(message, 'format'):
            message = CompressedImage(format=message.format, data=bytes_array(message.data))
        return to_rgb(message)
    return convert
