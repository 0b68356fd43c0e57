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

"""Bags that are written: rosbags reads every byte of them; full disks leave whole bags."""

import errno
import os
from pathlib import Path
import subprocess
import sys

import pytest
from recordings import fill, KIND, message, QOS, read, START_NS, writer
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosReliability
from rosbags.rosbag2 import Reader

from jepa_ros.ros.bag_recovery import is_unfinished, recover
from jepa_ros.ros.bag_writer import BagConfig
from jepa_ros.ros.mcap_file import McapFile

ROOT = Path(__file__).parents[2]
# writes a bag where no file may be larger than so much, as on a disk that is full
FULL = """
import resource, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + '/test/ros']
from recordings import fill, writer
bag = writer(Path(sys.argv[2]), compress=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
written = 0
try:
    for number in range(1000):
        fill(bag, 1, number, 20_000)
        written += 1
        if number % 10 == 9:
            bag.flush()
except OSError as error:
    print('error', error.errno)
bag.close()
assert sum(bag.counts().values()) == written - bag.lost
print(written, bag.lost)
"""


@pytest.mark.parametrize('compress', [True, False])
@pytest.mark.parametrize('count, size', [(1, 10), (500, 200), (8, 1_500_000)])
def test_rosbags_reads_what_was_written(tmp_path, compress, count, size):
    bag = writer(tmp_path / 'bag', compress=compress)
    written = fill(bag, count, size=size)
    bag.close()
    assert read(tmp_path / 'bag') == written
    assert not is_unfinished(tmp_path / 'bag')
    assert recover(tmp_path / 'bag') is None


def test_a_compressed_bag_is_smaller(tmp_path):
    sizes = []
    for name, compress in (('small', True), ('large', False)):
        bag = writer(tmp_path / name, compress=compress)
        fill(bag, 50, size=5000)
        bag.close()
        sizes.append(bag.size_bytes)
        assert bag.size_bytes == sum(p.stat().st_size for p in (tmp_path / name).glob('*.mcap'))
    assert sizes[0] < sizes[1] / 4


def test_metadata_is_that_of_rosbag2(tmp_path):
    bag = writer(tmp_path / 'bag')
    fill(bag, 11)
    bag.close()
    with Reader(tmp_path / 'bag') as reader:
        assert reader.message_count == 11
        assert (reader.start_time, reader.duration) == (START_NS, 10 ** 8 + 1)
        counts = {c.topic: c.msgcount for c in reader.connections}
        assert counts == {'/one': 6, '/two': 5}
        for connection in reader.connections:
            assert connection.msgtype == KIND
            (qos,) = connection.ext.offered_qos_profiles
            assert (qos.reliability, qos.depth) == (QosReliability.BEST_EFFORT, 5)
            assert connection.digest.startswith('RIHS01_')
            assert 'uint8[] data' in connection.msgdef.data
    with AnyReader([tmp_path / 'bag']) as reader:
        connection, _, data = next(reader.messages())
        assert reader.deserialize(data, connection.msgtype).data[:4].tobytes() == bytes(4)


@pytest.mark.parametrize('options, files', [
    ({'most_bytes': 20_000, 'compress': False}, 6), ({'most_s': 1.0}, 4), ({}, 1)])
def test_rotation_makes_files_of_one_bag(tmp_path, options, files):
    bag = writer(tmp_path / 'bag', **options)
    written = fill(bag, 400)
    assert bag.files == files
    bag.close()
    assert bag.counts() == {'/one': 200, '/two': 200}
    names = sorted(path.name for path in (tmp_path / 'bag').iterdir())
    assert names == [*(f'bag_{i}.mcap' for i in range(files)), 'metadata.yaml']
    assert read(tmp_path / 'bag') == written
    with AnyReader([tmp_path / 'bag']) as reader:
        assert reader.message_count == 400
        assert {name: topic.msgcount for name, topic in reader.topics.items()} == {
            '/one': 200, '/two': 200}


def test_a_topic_that_comes_late_is_in_every_file_from_then_on(tmp_path):
    bag = writer(tmp_path / 'bag', topics=('/one',), most_s=1.0)
    written = [('/one', START_NS, message(0))]
    bag.write(1, *written[0][1:])
    late = bag.add('/late', KIND, 'uint8[] data\n', 'RIHS01_0', QOS)
    for second in (1, 2, 3):
        written.append(('/late', START_NS + second * 10 ** 9, message(second)))
        bag.write(late, *written[-1][1:])
    bag.close()
    assert bag.files == 4
    assert read(tmp_path / 'bag') == written


def test_a_folder_that_is_there_is_not_written_into(tmp_path):
    with pytest.raises(ValueError, match='exists already; choose another folder'):
        writer(tmp_path)
    assert not list(tmp_path.iterdir())


def test_config_refuses_nonsense():
    with pytest.raises(ValueError, match='most_bytes -1 and most_s 0'):
        BagConfig(most_bytes=-1)
    with pytest.raises(ValueError, match='most_s nan'):
        BagConfig(most_s=float('nan'))


@pytest.mark.parametrize('limit', [1_000_000, 1_000_500, 1_019_000])
def test_a_full_disk_leaves_a_whole_bag(tmp_path, limit):
    """Messages that have no room are counted; those before them stay, with a summary."""
    done = subprocess.run([sys.executable, '-c', FULL, str(ROOT), str(tmp_path / 'bag'),
                           str(limit)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    error, counts = done.stdout.splitlines()
    written, lost = map(int, counts.split())
    assert error.startswith('error ')
    found = read(tmp_path / 'bag')
    assert len(found) == written - lost
    assert len(found) >= 30
    assert found == [(('/one', '/two')[n % 2], START_NS + n * 10 ** 7, message(n, 20_000))
                     for n in range(len(found))]
    assert max(path.stat().st_size for path in (tmp_path / 'bag').iterdir()) <= limit
    assert not is_unfinished(tmp_path / 'bag')


def test_no_room_for_the_next_file_leaves_a_whole_bag(tmp_path, monkeypatch):
    """The file before it is complete already; only the message that began the next is lost."""
    bag = writer(tmp_path / 'bag', most_s=1.0)
    written = fill(bag, 100)
    real, opens = os.open, []

    def full(path, *rest, **named):
        if str(path).endswith('_1.mcap'):
            opens.append(path)
            raise OSError(errno.ENOSPC, 'No space left on device')
        return real(path, *rest, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'open', full)
        with pytest.raises(OSError, match='No space left'):
            fill(bag, 1, 100)
        with pytest.raises(OSError, match='No space left'):
            fill(bag, 1, 101)
    assert len(opens) == 2
    assert (bag.lost, bag.files) == (2, 1)
    assert bag.size_bytes == (tmp_path / 'bag' / 'bag_0.mcap').stat().st_size
    bag.close()
    assert bag.counts() == {'/one': 50, '/two': 50}
    assert read(tmp_path / 'bag') == written
    assert not is_unfinished(tmp_path / 'bag')


def test_no_room_for_the_topics_of_the_next_file_leaves_a_whole_bag(tmp_path, monkeypatch):
    bag = writer(tmp_path / 'bag', most_s=1.0)
    written = fill(bag, 100)
    real = McapFile.add

    def full(file, channel):
        if file.path.name == 'bag_1.mcap' and channel.number == 2:
            raise OSError(errno.ENOSPC, 'No space left on device')
        real(file, channel)

    with monkeypatch.context() as patch:
        patch.setattr(McapFile, 'add', full)
        with pytest.raises(OSError, match='No space left'):
            fill(bag, 1, 100)
    assert bag.lost == 1
    assert not (tmp_path / 'bag' / 'bag_1.mcap').exists()
    # there is room again
    written += fill(bag, 10, 101)
    bag.close()
    assert read(tmp_path / 'bag') == written
    assert bag.counts() == {'/one': 55, '/two': 55}


def test_what_waits_is_counted_where_a_full_disk_ends_a_file(tmp_path, monkeypatch):
    """A new file begins after some messages, which the present one has no room for."""
    bag = writer(tmp_path / 'bag', most_s=1.0)
    written = fill(bag, 90)
    bag.flush()
    fill(bag, 10, 90)
    real = McapFile.flush

    def full(file):
        if file.pending:
            file._begin_chunk()
            raise OSError(errno.ENOSPC, 'No space left on device')
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(McapFile, 'flush', full)
        fill(bag, 1, 100)
        bag.close()
    assert bag.lost == 11
    assert read(tmp_path / 'bag') == written


@pytest.mark.skipif(os.geteuid() != 0, reason='mounting wants root')
def test_a_disk_without_any_room_leaves_a_whole_bag(tmp_path):
    """The same on a real file system that is full to its last block."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', str(disk)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f'no tmpfs can be mounted here: {mounted.stderr.strip()}')
    try:
        bag = writer(disk / 'bag', compress=False)

        def go_on():
            for number in range(1000):
                written.extend(fill(bag, 1, number, 20_000))
                bag.flush()

        written: list[tuple] = []
        with pytest.raises(OSError, match='No space left on device'):
            go_on()
        bag.close()
        found = read(disk / 'bag')
        assert found == written[:len(found)]
        assert len(found) == len(written) - bag.lost >= 80
    finally:
        subprocess.run(['umount', str(disk)], check=True)


def test_a_folder_that_is_moved_away_takes_nothing_of_what_was_written(tmp_path):
    bag = writer(tmp_path / 'bag')
    written = []
    for number in range(30):
        written += fill(bag, 1, number, 20_000)
        bag.flush()
    (tmp_path / 'bag').rename(tmp_path / 'elsewhere')
    with pytest.raises(FileNotFoundError):
        bag.close()
    assert bag.lost == 0
    assert recover(tmp_path / 'elsewhere').messages == 30
    assert read(tmp_path / 'elsewhere') == written


def test_a_disk_that_takes_no_more_files_takes_little_of_what_was_written(tmp_path, monkeypatch):
    """It says that it is full, and no room in the present one helps."""
    bag = writer(tmp_path / 'bag', compress=False)
    for number in range(100):
        fill(bag, 1, number, 20_000)
        bag.flush()

    def full(folder, parts):
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr('jepa_ros.ros.bag_metadata.write', full)
        for _ in range(2):
            with pytest.raises(OSError, match='No space left'):
                bag.close()
    assert 0 < bag.lost < 20
    assert recover(tmp_path / 'bag').messages == 100 - bag.lost
