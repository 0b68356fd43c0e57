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

"""Help for tests of recordings: bags to write, and what rosbags reads in them."""

from pathlib import Path

from rosbags.rosbag2 import Reader

from jepa_ros.ros.bag_types import definition
from jepa_ros.ros.bag_writer import BagConfig, BagWriter

KIND = 'std_msgs/msg/UInt8MultiArray'
QOS = """- history: keep_last
  depth: 5
  reliability: best_effort
  durability: volatile
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: automatic
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
"""
START_NS = 1_700_000_000 * 10 ** 9


def message(number: int, size: int = 200) -> bytes:
    """Return a serialised message that is told from every other, as raw as DDS has it."""
    from rclpy.serialization import serialize_message
    from std_msgs.msg import UInt8MultiArray
    noise = bytes((number * 31 + i * i) % 251 for i in range(min(size, 1000)))
    data = (noise * (size // max(1, len(noise)) + 1))[:size]
    return serialize_message(UInt8MultiArray(data=number.to_bytes(4, 'little') + data))


def writer(folder: Path, topics: tuple[str, ...] = ('/one', '/two'), **options) -> BagWriter:
    """Return a writer of a new bag with some topics, numbered from 1."""
    bag = BagWriter(folder, BagConfig(**options))
    for topic in topics:
        bag.add(topic, KIND, *definition(KIND), QOS)
    return bag


def fill(bag: BagWriter, count: int, first: int = 0, size: int = 200) -> list[tuple]:
    """Write messages to topics 1 and 2 in turn, 10 ms apart; return what a reader is to find."""
    written = []
    for number in range(first, first + count):
        channel, time_ns = number % 2 + 1, START_NS + number * 10 ** 7
        data = message(number, size)
        bag.write(channel, time_ns, data)
        written.append((('/one', '/two')[channel - 1], time_ns, data))
    return written


def read(folder: Path) -> list[tuple[str, int, bytes]]:
    """Return (topic, time, serialised message) of a whole bag, as rosbags has them."""
    with Reader(folder) as reader:
        return [(connection.topic, time_ns, bytes(data))
                for connection, time_ns, data in reader.messages()]
