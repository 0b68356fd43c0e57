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

"""Fuzz bags, which people hand around: metadata.yaml, and storage as sqlite3 and MCAP."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import struct

from fuzz_edits import Edit, edit_bytes, edit_tree, edits
from fuzz_pictures import compressed
from fuzz_run import Target
from hypothesis import strategies as st
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from ruamel.yaml import YAML

from jepa_ros.bags.align import align
from jepa_ros.bags.scan import scan
from jepa_ros.bags.settings import BagSettings
from jepa_ros.cli.bag_frames import bag_frames

TOPIC, COMMANDS, SIDE_PX, SECOND_NS = '/camera', '/drive', 6, 10 ** 9
SETTINGS = BagSettings(SIDE_PX, SIDE_PX)
STORE = get_typestore(Stores.ROS2_JAZZY)
Time, Header, Image, Compressed, Twist, Vector3, JointState = (STORE.types[name] for name in (
    'builtin_interfaces/msg/Time', 'std_msgs/msg/Header', 'sensor_msgs/msg/Image',
    'sensor_msgs/msg/CompressedImage', 'geometry_msgs/msg/Twist', 'geometry_msgs/msg/Vector3',
    'sensor_msgs/msg/JointState'))
_MCAP_MAGIC_BYTES = 8
_CHUNK = 6


def write(folder: Path, plugin: StoragePlugin, messages: list, commands: list) -> Path:
    """Write a bag of pictures and commands; return its storage file."""
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        for topic, rows in ((TOPIC, messages), (COMMANDS, commands)):
            kind = rows[0].__msgtype__
            connection = writer.add_connection(topic, kind, typestore=STORE)
            for i, message in enumerate(rows):
                writer.write(connection, SECOND_NS + i * SECOND_NS // 10,
                             STORE.serialize_cdr(message, kind))
    return next(path for path in folder.iterdir() if path.name != 'metadata.yaml')


def unsigned(mcap: bytes) -> bytes:
    """Return an MCAP file whose chunks have no checksum, so that edits get further."""
    out, at = bytearray(mcap), _MCAP_MAGIC_BYTES
    while at + 9 <= len(out):
        length, = struct.unpack_from('<Q', out, at + 1)
        if out[at] == _CHUNK:
            out[at + 33:at + 37] = bytes(4)
        at += 9 + length
    return bytes(out)


def bags(folder: Path) -> list[tuple[Path, dict, bytes]]:
    """Return small bags: storage file, metadata as a tree, storage as bytes."""
    headers = [Header(stamp=Time(sec=1, nanosec=i * SECOND_NS // 10), frame_id='camera')
               for i in range(3)]
    raw = [Image(header=header, height=2, width=2, encoding='rgb8', is_bigendian=0, step=6,
                 data=np.arange(12, dtype=np.uint8)) for header in headers]
    packed = [Compressed(header=header, format='jpeg', data=np.frombuffer(data, np.uint8))
              for header in headers for data in compressed()[:1]]
    drive = [Twist(linear=Vector3(x=0.1 * i, y=0.0, z=0.0),
                   angular=Vector3(x=0.0, y=0.0, z=0.5 * i)) for i in range(3)]
    joints = [JointState(header=header, name=['a', 'b'], position=np.array([0.1 * i, 1.0]),
                         velocity=np.array([0.2 * i, -0.1 * i]), effort=np.zeros(0))
              for i, header in enumerate(headers)]
    found = []
    for name, plugin, messages, commands in (
            ('raw_mcap', StoragePlugin.MCAP, raw, drive),
            ('jpeg_mcap', StoragePlugin.MCAP, packed, joints),
            ('raw_sqlite', StoragePlugin.SQLITE3, raw, drive)):
        storage = write(folder / name, plugin, messages, commands)
        tree = YAML(typ='safe').load((storage.parent / 'metadata.yaml').read_text())
        content = storage.read_bytes()
        found.append((storage, tree,
                      unsigned(content) if plugin is StoragePlugin.MCAP else content))
    return found


def read_pictures(bag: Path) -> None:
    """Read as ``jepa calibrate`` does."""
    frames, topic = bag_frames([bag], None, 4, SIDE_PX, SIDE_PX)
    assert all(frame.shape == (SIDE_PX, SIDE_PX, 3) for frame in frames)
    assert isinstance(topic, str)


def read_drive(bag: Path) -> None:
    """Read as ``jepa train`` does."""
    rows = align([scan(bag, SETTINGS, lambda number: None)], SETTINGS)
    assert np.isfinite(rows.actions).all()
    assert all(low < high for low, high in zip(rows.low, rows.high, strict=True))


@contextmanager
def bag_reading(folder: Path) -> Iterator[Target]:
    """Edit metadata or storage of a bag, and read its pictures and its commands."""
    bases = bags(folder)

    def check(value: tuple[int, list[Edit], list[Edit]]) -> None:
        which, tree, content = value
        storage, metadata, whole = bases[which]
        storage.write_bytes(edit_bytes(whole, content))
        # JSON is YAML, and much faster to write
        (storage.parent / 'metadata.yaml').write_text(json.dumps(edit_tree(metadata, tree)))
        try:
            read_pictures(storage.parent)
        finally:
            read_drive(storage.parent)

    for which in range(len(bases)):
        check((which, [], []))
    yield Target('bag_reading', st.tuples(
        st.integers(0, len(bases) - 1), st.just([]) | edits(3), st.just([]) | edits(3)),
        check, (ValueError,), 256.0)
