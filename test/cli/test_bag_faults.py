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

"""Bags that are not what they say are refused with what is wrong, and do not fill the memory."""

from pathlib import Path
import shutil

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

from jepa_ros.bags import reader as module
from jepa_ros.cli.bag_frames import bag_frames

pytest.importorskip('sensor_msgs')

STORE = get_typestore(Stores.ROS2_JAZZY)
IMAGE = 'sensor_msgs/msg/Image'


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    """Return a bag of three small pictures."""
    folder = tmp_path_factory.mktemp('bags') / 'drive'
    kinds = STORE.types
    header = kinds['std_msgs/msg/Header'](
        stamp=kinds['builtin_interfaces/msg/Time'](sec=1, nanosec=0), frame_id='camera')
    picture = kinds[IMAGE](header=header, height=4, width=4, encoding='rgb8', is_bigendian=0,
                           step=12, data=np.arange(48, dtype=np.uint8))
    with Writer(folder, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connection = writer.add_connection('/camera', IMAGE, typestore=STORE)
        for i in range(3):
            writer.write(connection, i, STORE.serialize_cdr(picture, IMAGE))
    return folder


@pytest.fixture
def bag(whole, tmp_path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / 'drive'))


def read(bag):
    return bag_frames([bag], None, 10, 4, 4)


def rewrite(bag, old, new):
    """Replace a text in the bag's metadata, where it must be."""
    path = bag / 'metadata.yaml'
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new))


def refuse(bag, words):
    with pytest.raises(ValueError, match=words) as error:
        read(bag)
    assert str(bag) in str(error.value)
    assert len(str(error.value)) < 500 + len(str(bag))


def test_a_whole_bag_is_read(bag):
    frames, topic = read(bag)
    assert (len(frames), topic) == (3, '/camera')


@pytest.mark.parametrize('old, new, words', [
    ('version: 9', 'version: [9]', 'cannot be read as a bag'),
    ('version: 9', 'version: 99', 'version 99 not supported'),
    ('storage_identifier: sqlite3', 'storage_identifier: {}', 'cannot be read as a bag'),
    ('storage_identifier: sqlite3', 'storage_identifier: mcap', 'cannot be read as a bag'),
    ('name: /camera', 'name: "\\ud800"', r'has a topic or a type \\ud800, must be a text'),
    ('name: /camera', 'name: 7', 'has a topic or a type 7, must be a text'),
    ('name: /camera', 'name: [/camera]', 'cannot be read'),
    ('type: sensor_msgs/msg/Image', 'type: [a, b]', 'cannot be read'),
    ('type: sensor_msgs/msg/Image', 'type: null', 'has a topic or a type None, must be a text'),
    ('message_count: 3', 'message_count: -3', 'has -3 messages, must be a number'),
    ('message_count: 3', 'message_count: many', 'cannot be read|has many messages'),
    ('message_count: 3', f'message_count: {10 ** 30}', 'messages, must be a number of at least'),
])
def test_metadata_of_another_kind_is_refused(bag, old, new, words):
    rewrite(bag, old, new)
    refuse(bag, words)


def test_aliases_that_stand_for_more_than_a_memory_holds_are_refused(bag):
    """Ten levels of ten: a text of them all would have ten thousand million entries."""
    lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    lines += [f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 10)}]' for i in range(1, 10)]
    path = bag / 'metadata.yaml'
    path.write_text('\n'.join([*lines, path.read_text()]))
    refuse(bag, 'has YAML anchors, limit 0')


def test_an_ampersand_in_a_text_is_no_anchor(bag):
    rewrite(bag, 'custom_data: null', 'custom_data: {place: R&D & yard}')
    assert len(read(bag)[0]) == 3


def test_metadata_without_end_is_refused(bag, monkeypatch):
    path = bag / 'metadata.yaml'
    monkeypatch.setattr(module, 'LARGEST_METADATA_BYTES', path.stat().st_size)
    read(bag)
    path.write_text(path.read_text() + '\n')
    refuse(bag, 'bytes, limit')


def test_metadata_nested_without_end_is_refused(bag):
    (bag / 'metadata.yaml').write_text('[' * 5000)
    refuse(bag, 'cannot be read as a bag')


def test_a_storage_that_is_none_is_refused(bag):
    (bag / 'drive.db3').write_bytes(b'SQLite format 3\0' + bytes(100))
    refuse(bag, 'cannot be read as a bag')


def test_a_message_cut_short_is_named(bag):
    """Picture 1 of 3."""
    import sqlite3
    with sqlite3.connect(bag / 'drive.db3') as database:
        database.execute('UPDATE messages SET data = substr(data, 1, 20) WHERE id = 2')
    database.close()
    refuse(bag, 'picture 1: ')


def test_an_mcap_that_says_terabytes_is_refused(tmp_path):
    """Of its first record; nothing is made ready for them."""
    bag = tmp_path / 'drive.mcap'
    bag.write_bytes(b'\x89MCAP0\r\n\x01' + (2 ** 42).to_bytes(8, 'little') + bytes(100))
    refuse(bag, 'cannot be read as a bag')
