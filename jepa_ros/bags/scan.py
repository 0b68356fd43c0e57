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

"""One reading of a bag for times and commands; of its pictures only a few are decoded."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jepa_ros.bags.clocks import Stamps
from jepa_ros.bags.commands import CommandReader, Components
from jepa_ros.bags.odometry import numbers_of
from jepa_ros.bags.pictures import fitter
from jepa_ros.bags.reader import (
    checked_count,
    has_header,
    header_stamp,
    messages,
    opened,
    topics,
    words,
)
from jepa_ros.bags.settings import BagSettings
from jepa_ros.bags.topics import action_topic, image_topic, odometry_topic

SAMPLES = 16


@dataclass(frozen=True)
class Sample:
    """A picture that was tried: its number, what it shows, or why it cannot be read."""

    number: int
    size: tuple[int, int] = (0, 0)
    encoding: str = ''
    picture: np.ndarray | None = None
    error: str = ''


@dataclass(frozen=True)
class Recording:
    """
    What a bag holds of the topics that are used.

    ``times`` has the stamps of each topic that was read, by name; ``values`` (M, A) are the
    commands, ``odometry`` (M, 5) speed and pose; ``command_times`` and ``odometry_times`` those
    of the messages that had any.  ``ahead_s`` is the longest time in which a command, the last
    point of a trajectory, was to be reached after the first.
    """

    bag: Path
    found: dict[str, tuple[str, int]]
    image: str
    action: str
    odom: str | None
    times: dict[str, Stamps]
    components: Components | None
    values: np.ndarray
    command_times: Stamps
    ahead_s: float
    odometry: np.ndarray
    odometry_times: Stamps
    samples: tuple[Sample, ...]

    @property
    def frames(self) -> Stamps:
        """Return the stamps of the pictures, in order of arrival."""
        return self.times[self.image]


@dataclass
class Numbers:
    """Rows of numbers with their stamps, as they come in."""

    header: array = field(default_factory=lambda: array('q'))
    received: array = field(default_factory=lambda: array('q'))
    rows: list[np.ndarray] = field(default_factory=list)

    def add(self, stamp_ns: int, received_ns: int, row: np.ndarray | None = None) -> None:
        self.header.append(stamp_ns)
        self.received.append(received_ns)
        if row is not None:
            self.rows.append(row)

    def stamps(self) -> Stamps:
        return Stamps(np.array(self.header, np.int64), np.array(self.received, np.int64))

    def table(self, width: int) -> np.ndarray:
        return np.array(self.rows, np.float64).reshape(len(self.rows), width)


def scan(bag: Path, settings: BagSettings, told: Callable[[int], object],
         every_topic: bool = False) -> Recording:
    """
    Read a bag once: stamps of pictures, all commands, odometry, and some pictures to try.

    ``told`` is called with a number of messages that were read.  With ``every_topic`` the times
    of all topics are kept.  ValueError names what is wrong, and the message that it is wrong in.
    """
    fit = fitter(settings.height, settings.width, settings.region)
    with opened(bag) as reader:
        found = topics(reader, bag)
        image = image_topic(found, settings.image, bag)
        action = action_topic(found, settings.action, bag)
        odom = odometry_topic(found, settings.odom, bag)
        step = max(1, -(-checked_count(found[image][1], image, bag) // SAMPLES))
        used = {image, action} | ({odom} if odom else set())
        wanted = set(found) if every_topic else used
        stamped = {name: has_header(reader, found[name][0]) for name in wanted}
        times = {name: Numbers() for name in wanted}
        commands, odometry, samples = Numbers(), Numbers(), []
        read = CommandReader(found[action][0], settings)
        for _, connection, received, raw in messages(reader, bag, wanted):
            topic = connection.topic
            number = len(times[topic].header)
            told(1)
            try:
                stamp = header_stamp(raw) if stamped[topic] else 0
                times[topic].add(stamp, received)
                if topic == image:
                    if number % step == 0 and len(samples) < SAMPLES:
                        message = reader.deserialize(raw, connection.msgtype)
                        samples.append(_tried(message, number, fit))
                elif topic == action:
                    row = read(reader.deserialize(raw, connection.msgtype))
                    if row is not None:
                        commands.add(stamp, received, row)
                elif topic == odom:
                    odometry.add(stamp, received,
                                 numbers_of(reader.deserialize(raw, connection.msgtype)))
            except Exception as error:  # a bag brings the definition of its messages along
                raise ValueError(f'{bag}, message {number} of {topic}: {words(error)}') from error
        if read.components is None and read.lacked:
            raise ValueError(f'{bag}, every message of {action}: {read.lacked}')
        for topic in sorted(used):
            _check_count(bag, topic, len(times[topic].header), found[topic][1])
    width = len(read.components.names) if read.components else 0
    return Recording(bag, found, image, action, odom,
                     {name: numbers.stamps() for name, numbers in times.items()}, read.components,
                     commands.table(width), commands.stamps(), read.ahead_s, odometry.table(5),
                     odometry.stamps(), tuple(samples))


def _check_count(bag: Path, topic: str, read: int, said: object) -> None:
    """Refuse a bag that lost messages: storage that is overwritten may be read all the same."""
    wanted = checked_count(said, topic, bag)
    if read < wanted:
        raise ValueError(f'{bag} says that {topic} has {wanted} messages, {read} can be read: it '
                         'is damaged; copy it again')


def _tried(message, number: int, fit: Callable) -> Sample:
    encoding = str(getattr(message, 'encoding', getattr(message, 'format', '')))[:60]
    try:
        from jepa_ros.bags.pictures import converter
        height, width = converter()(message).pixels.shape[:2]
        return Sample(number, (width, height), encoding, fit(message))
    except Exception as error:  # the decoders raise whatever their libraries do
        return Sample(number, encoding=encoding, error=words(error))
