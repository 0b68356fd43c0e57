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

"""Recordings that were cut off anywhere: what was flushed is saved, nothing else is touched."""

import os
from pathlib import Path

import pytest
from recordings import fill, read, writer

from jepa_ros.ros import bag_metadata, mcap_scan
from jepa_ros.ros.bag_recovery import is_unfinished, recover
from jepa_ros.ros.mcap_file import BeingWrittenError


def cut_off(bag) -> None:
    """Let go of a bag as a process that is killed does: nothing more is written."""
    bag._file.close()


def damage(path, at, data):
    """Write over a few bytes of a file."""
    with path.open('r+b') as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize('options', [{}, {'compress': False}, {'most_s': 1.0}])
def test_everything_that_was_flushed_is_saved(tmp_path, options):
    bag = writer(tmp_path / 'bag', **options)
    written = fill(bag, 350)
    bag.flush()
    fill(bag, 20, 350)      # in memory only
    cut_off(bag)
    assert is_unfinished(tmp_path / 'bag')
    saved = recover(tmp_path / 'bag')
    assert saved.messages == 350
    assert saved.cut_bytes == 0
    assert read(tmp_path / 'bag') == written
    assert not is_unfinished(tmp_path / 'bag')
    assert recover(tmp_path / 'bag') is None


def test_cut_at_any_byte_it_is_whole_up_to_the_last_flush(tmp_path):
    """Every length of an unfinished file that is possible, in steps."""
    bag = writer(tmp_path / 'bag')
    written, ends = [], [0]
    for flush in range(6):
        written += fill(bag, 10, 10 * flush)
        bag.flush()
        ends.append(bag.size_bytes)
    cut_off(bag)
    (file,) = (tmp_path / 'bag').iterdir()
    whole = file.read_bytes()
    assert len(whole) == ends[-1]
    lengths = {*range(0, len(whole), len(whole) // 40), *ends, *(end - 1 for end in ends[1:])}
    for length in sorted(lengths):
        (tmp_path / 'bag' / 'metadata.yaml').unlink(missing_ok=True)
        file.write_bytes(whole[:length])
        saved = recover(tmp_path / 'bag')
        flushes = sum(end <= length for end in ends[1:])
        assert saved.messages == 10 * flushes, length
        assert read(tmp_path / 'bag') == written[:10 * flushes], length


def test_readers_name_what_completes_a_bag_whose_first_files_are_listed(tmp_path):
    """Without its last file a bag can be read, and would be short without a word."""
    from jepa_ros.bags.reader import opened
    bag = writer(tmp_path / 'bag', most_s=1.0)
    fill(bag, 350)
    bag.flush()
    cut_off(bag)
    with pytest.raises(ValueError, match=r'unfinished.*jepa record --recover .*bag'):
        opened(tmp_path / 'bag').__enter__()
    recover(tmp_path / 'bag')
    with opened(tmp_path / 'bag') as reader:
        assert reader.message_count == 350


def test_recovery_that_is_cut_off_itself_is_begun_again(tmp_path, monkeypatch):
    bag = writer(tmp_path / 'bag')
    written = fill(bag, 50)
    bag.flush()
    cut_off(bag)

    def fail(*_):
        raise OSError('the machine is switched off')

    with monkeypatch.context() as patch:
        patch.setattr(bag_metadata, 'write', fail)
        with pytest.raises(OSError, match='switched off'):
            recover(tmp_path / 'bag')
    assert is_unfinished(tmp_path / 'bag')
    assert recover(tmp_path / 'bag').messages == 50
    assert read(tmp_path / 'bag') == written


def test_a_recording_that_goes_on_is_left_alone(tmp_path):
    bag = writer(tmp_path / 'bag')
    written = fill(bag, 20)
    bag.flush()
    with pytest.raises(BeingWrittenError, match='is still being recorded'):
        recover(tmp_path / 'bag')
    written += fill(bag, 20, 20)
    bag.close()
    assert read(tmp_path / 'bag') == written


def test_what_is_damaged_is_left_out_and_the_rest_stays(tmp_path):
    bag = writer(tmp_path / 'bag', compress=False)
    written = fill(bag, 10)
    bag.flush()
    start = bag.size_bytes
    fill(bag, 10, 10)
    bag.flush()
    written += fill(bag, 10, 20)
    bag.flush()
    cut_off(bag)
    (file,) = (tmp_path / 'bag').iterdir()
    damage(file, start + 300, b'\xff')
    assert recover(tmp_path / 'bag').messages == 20
    assert read(tmp_path / 'bag') == written


@pytest.mark.parametrize('tail', [bytes(100_000), b'\x06' + b'\xff' * 8 + b'?' * 500,
                                  os.urandom(1000)])
def test_a_tail_of_anything_is_cut_off(tmp_path, tail):
    bag = writer(tmp_path / 'bag')
    written = fill(bag, 10)
    bag.flush()
    cut_off(bag)
    (file,) = (tmp_path / 'bag').iterdir()
    file.write_bytes(file.read_bytes() + tail)
    saved = recover(tmp_path / 'bag')
    assert (saved.messages, saved.cut_bytes) == (10, len(tail))
    assert read(tmp_path / 'bag') == written


def test_a_chunk_that_says_it_is_huge_is_not_believed(tmp_path, monkeypatch):
    bag = writer(tmp_path / 'bag')
    fill(bag, 10, size=2000)
    bag.flush()
    cut_off(bag)
    monkeypatch.setattr(mcap_scan, 'LARGEST_CHUNK_BYTES', 10_000)
    assert recover(tmp_path / 'bag').messages == 0


def test_another_program_s_file_is_not_touched(tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP):
        pass
    (tmp_path / 'bag' / 'bag.mcap').rename(tmp_path / 'bag' / 'bag_0.mcap')
    (tmp_path / 'bag' / 'metadata.yaml').unlink()
    before = (tmp_path / 'bag' / 'bag_0.mcap').read_bytes()
    with pytest.raises(ValueError, match=r"was written by 'rosbags-.*must complete it itself"):
        recover(tmp_path / 'bag')
    assert (tmp_path / 'bag' / 'bag_0.mcap').read_bytes() == before


@pytest.mark.parametrize('content, words', [
    (None, 'is no recording: it has no file'), (b'SQLite format 3\0', 'is no MCAP file')])
def test_what_is_no_recording_is_named(tmp_path, content, words):
    if content:
        (tmp_path / 'bag_0.mcap').write_bytes(content)
    with pytest.raises(ValueError, match=words):
        recover(tmp_path)


@pytest.mark.parametrize('content', [b'', bytes(500), b'just text', b'{a: [', b'\xff\xfe', b'[]',
                                     b'rosbag2_bagfile_information: {relative_file_paths: one}'])
@pytest.mark.parametrize('complete', [True, False])
def test_metadata_that_cannot_be_read_is_made_again(tmp_path, content, complete):
    """A power cut leaves such files; readers say what helps, and it does."""
    from jepa_ros.bags.reader import opened
    bag = writer(tmp_path / 'bag', most_s=1.0)
    written = fill(bag, 250)
    bag.flush()
    bag.close() if complete else cut_off(bag)
    (tmp_path / 'bag' / 'metadata.yaml').write_bytes(content)
    with pytest.raises(ValueError, match=r'unfinished.*jepa record --recover .*bag'):
        opened(tmp_path / 'bag').__enter__()
    saved = recover(tmp_path / 'bag')
    assert (saved.messages, saved.cut_bytes) == (250, 0)
    assert read(tmp_path / 'bag') == written
    with opened(tmp_path / 'bag') as reader:
        assert reader.message_count == 250


def test_what_metadata_lists_is_on_the_disk_before_it(tmp_path, monkeypatch):
    """In an order in which a power cut leaves nothing listed that is not there."""
    done = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor):
        done.append(Path(os.readlink(f'/proc/self/fd/{descriptor}')).name)
        sync(descriptor)

    def replaced(path, target):
        done.append(f'{path.name} becomes {target.name}')
        return replace(path, target)

    monkeypatch.setattr(os, 'fsync', synced)
    monkeypatch.setattr(Path, 'replace', replaced)
    bag = writer(tmp_path / 'bag')
    fill(bag, 10)
    bag.close()
    assert done == ['bag_0.mcap', 'metadata.yaml.partial',
                    'metadata.yaml.partial becomes metadata.yaml', 'bag']
