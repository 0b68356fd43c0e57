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

"""From bags to arrays: what the robot would see, whole in the cache or not there."""

import errno
import json
import os
from pathlib import Path
import shutil
import stat
import subprocess
import sys

import bag_rig as rig
from bag_rig import CAMERA, commands, DRIVE, pixels
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionMode

from jepa_ros.bags.align import align
from jepa_ros.bags.arrays import bags_to_arrays
from jepa_ros.bags.cache import EpisodeCache
from jepa_ros.bags.decode import decode, FrameFile
from jepa_ros.bags.scan import scan
from jepa_ros.bags.settings import BagSettings
from jepa_ros.core.preprocess import to_model_image

pytest.importorskip('sensor_msgs')

SIZE = BagSettings(6, 8)
KILLED = """
import os, signal, sys
from pathlib import Path
from jepa_ros.bags import arrays
from jepa_ros.bags.settings import BagSettings

real = arrays.decode


def killed(recordings, rows, settings, file, told):
    count = iter(range(500))
    return real(recordings, rows, settings, file,
                lambda n: None if next(count, None) is not None
                else os.kill(os.getpid(), signal.SIGKILL))


arrays.decode = killed
arrays.bags_to_arrays([Path(sys.argv[1])], BagSettings(6, 8), Path(sys.argv[2]))
"""


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    return rig.drive(tmp_path_factory.mktemp('bags') / 'drive', 1300)


@pytest.fixture(scope='module')
def entry(bag, tmp_path_factory) -> Path:
    """Return a cache with one entry; never write into it."""
    folder = tmp_path_factory.mktemp('entry') / 'cache'
    bags_to_arrays([bag], SIZE, folder)
    return folder


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / 'cache' / 'jepa_ros' / 'episodes'


@pytest.fixture
def made(capfd):
    """Return what tells whether anything was decoded since it was last asked."""
    def told():
        return 'decoding' in capfd.readouterr().err
    return told


def frames_of(folder, part):
    return np.load(folder / f'{part}_frames.npy', mmap_mode='r', allow_pickle=False)


@pytest.mark.parametrize('encoding, plugin', [
    ('rgb8', rig.StoragePlugin.SQLITE3), ('bgra8', rig.StoragePlugin.MCAP)])
def test_frames_are_bit_for_bit_what_the_robot_sees(tmp_path, cache, plugin, encoding):
    bag = rig.write(tmp_path / 'drive', {
        CAMERA: rig.camera(1300, encoding=encoding), DRIVE: commands(2600)}, plugin)
    folder, table = bags_to_arrays([bag], SIZE, cache)
    seen = [to_model_image(pixels(i), 6, 8) for i in range(1300)]
    held = table['held_out_frames']
    training, held_out = frames_of(folder, 'training'), frames_of(folder, 'held_out')
    assert (len(training), len(held_out)) == (1300 - 40 - held, held)
    # 13 parts of a hundred; the tenth is held out, and two seconds are left free on its sides
    np.testing.assert_array_equal(held_out, seen[900:1000])
    np.testing.assert_array_equal(training, seen[:880] + seen[1020:])


def test_numbers_lie_beside_the_frames(bag, cache):
    folder, table = bags_to_arrays([bag], SIZE, cache)
    assert table['action'] == {
        'names': ['linear_x', 'angular_z'], 'units': ['m/s', 'rad/s'], 'period_s': 0.1,
        'delay_s': 0.0, 'low': table['action']['low'], 'high': table['action']['high']}
    rows = align([scan(bag, SIZE, lambda n: None)], SIZE)
    with np.load(folder / 'training.npz') as numbers:
        first, last, actions = (numbers[name] for name in ('first', 'last', 'actions'))
        assert numbers['proprioception'].shape == (len(actions), 0)
        assert np.isnan(numbers['poses']).all()
    np.testing.assert_array_equal(first[last == np.arange(len(last))],
                                  [0, 100, 200, 300, 400, 500, 600, 700, 800, 880, 960, 1060])
    whole = np.concatenate([rows.actions[:880], rows.actions[1020:]]).astype(np.float32)
    inner = last != np.arange(len(last))
    np.testing.assert_array_equal(actions[inner], whole[inner])
    assert not actions[~inner].any()
    assert (whole.max(axis=0) <= np.float32(table['action']['high']) + 1e-3).all()


def test_a_large_picture_of_bgra_and_a_compressed_one_are_read(tmp_path):
    import cv2
    big = [pixels(i, 720, 1280) for i in range(3)]
    raw = [(ns, rig.image(ns, rgb, 'bgra8')) for (ns, _), rgb in
           zip(rig.camera(3), big, strict=True)]
    png = []
    for (ns, _), rgb in zip(rig.camera(3), big, strict=True):
        done, data = cv2.imencode('.png', rgb[..., ::-1])
        assert done
        png.append((ns, rig.Compressed(header=rig.header(ns), format='bgra8; png compressed',
                                       data=data.ravel())))
    bag = rig.write(tmp_path / 'drive', {CAMERA: raw, '/packed': png, DRIVE: commands(20)})
    for topic in (CAMERA, '/packed'):
        settings = BagSettings(64, 64, image=topic)
        recording = scan(bag, settings, lambda n: None)
        assert recording.samples[0].size == (1280, 720)
        rows = align([recording], settings)
        path = tmp_path / f'{topic.strip("/").replace("/", "_")}.npy'
        with FrameFile(path, 3, 64, 64) as file:
            assert decode([recording], rows, settings, file, lambda n: None) == []
        np.testing.assert_array_equal(np.load(path), [to_model_image(p, 64, 64) for p in big])


def test_a_region_is_cut_out_as_the_planner_does(tmp_path):
    settings = BagSettings(6, 8, region=(4, 3, 8, 6))
    bag = rig.write(tmp_path / 'drive', {CAMERA: rig.camera(20), DRIVE: commands(40)})
    recording = scan(bag, settings, lambda n: None)
    sample = recording.samples[3]
    np.testing.assert_array_equal(sample.picture, pixels(sample.number)[3:9, 4:12])


def test_the_second_time_it_is_there(bag, cache, made):
    first = bags_to_arrays([bag], SIZE, cache)
    assert made()
    assert bags_to_arrays([bag], SIZE, cache) == first
    assert not made()
    assert stat.S_IMODE(first[0].stat().st_mode) == 0o700
    # another size, or another name for it, is another entry
    assert bags_to_arrays([bag], BagSettings(3, 4), cache)[0] != first[0]
    assert made()


@pytest.mark.parametrize('how', ['shorter', 'changed', 'missing'])
@pytest.mark.parametrize('name', ['training_frames.npy', 'held_out.npz', 'meta.json'])
def test_an_entry_that_was_spoiled_is_none(entry, tmp_path, name, how):
    folder = tmp_path / 'cache'
    shutil.copytree(entry, folder)
    cache = EpisodeCache(folder)
    (path,) = folder.glob(f'*/{name}')
    key = json.loads((path.parent / 'meta.json').read_text())['key']
    assert cache.load(key) is not None
    content = bytearray(path.read_bytes())
    if how == 'missing':
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content[:-100] if how == 'shorter' else content)
    assert cache.load(key) is None
    assert not path.parent.exists()


def test_what_was_spoiled_is_made_again(bag, entry, tmp_path, made):
    folder = tmp_path / 'cache'
    shutil.copytree(entry, folder)
    (path,) = folder.glob('*/training_frames.npy')
    wanted = path.read_bytes()
    assert bags_to_arrays([bag], SIZE, folder)[0] == path.parent
    assert not made()
    path.write_bytes(wanted[:-1] + b'x')
    assert bags_to_arrays([bag], SIZE, folder)[0] == path.parent
    assert made()
    assert path.read_bytes() == wanted


def test_a_bag_that_changed_is_another_though_its_size_and_date_are_the_same(
        bag, cache, tmp_path, made):
    bag = Path(shutil.copytree(bag, tmp_path / 'drive'))
    first, _ = bags_to_arrays([bag], SIZE, cache)
    (path,) = bag.glob('*.mcap')
    before = path.stat()
    content = bytearray(path.read_bytes())
    at = content.index(pixels(700).tobytes())
    content[at] ^= 255
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    made()
    second, _ = bags_to_arrays([bag], SIZE, cache)
    assert made()
    assert second != first
    assert (frames_of(first, 'training') != frames_of(second, 'training')).any()


def test_a_memory_of_digests_that_is_spoiled_is_none(bag, entry, tmp_path, made):
    folder = tmp_path / 'cache'
    shutil.copytree(entry, folder)
    for content in ('{"a": 1', '[]', '{"a": 1}'):
        (folder / 'digests.json').write_text(content)
        bags_to_arrays([bag], SIZE, folder)
        assert not made()


def test_a_killed_decode_leaves_nothing_that_counts(bag, cache, made):
    done = subprocess.run([sys.executable, '-c', KILLED, str(bag), str(cache)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == -9, done.stderr
    (left,) = [path for path in cache.iterdir() if path.is_dir()]
    assert left.name.startswith('.partial-')
    folder, table = bags_to_arrays([bag], SIZE, cache)
    assert made()
    assert table['frames'] == len(frames_of(folder, 'training')) + len(
        frames_of(folder, 'held_out'))
    assert [path for path in cache.iterdir() if path.is_dir()] == [folder]


def test_an_error_leaves_nothing(bag, cache):
    with pytest.raises(ValueError, match='--low has 1 numbers'):
        bags_to_arrays([bag], BagSettings(6, 8, low=(0.0,)), cache)
    assert [path.name for path in cache.iterdir()] == ['digests.json']


def test_a_picture_now_and_then_that_cannot_be_read_parts_the_drive(tmp_path, cache):
    shown = rig.camera(1300)
    for i in (450, 451, 700):
        shown[i][1].encoding = '16UC1'
    bag = rig.write(tmp_path / 'drive', {CAMERA: shown, DRIVE: commands(2600)})
    folder, table = bags_to_arrays([bag], SIZE, cache)
    assert table['noted'] == {'pictures that cannot be read': 3}
    seen = {pixels(i).tobytes(): i for i in range(1300)}
    small = {to_model_image(pixels(i), 6, 8).tobytes(): i for i in range(1300)}
    assert len(small) == len(seen) == 1300
    with np.load(folder / 'training.npz') as numbers:
        first = numbers['first']
    which = np.array([small[frame.tobytes()] for frame in frames_of(folder, 'training')])
    assert not {450, 451, 700} & set(which.tolist())
    # within an episode pictures follow each other
    assert ((np.diff(which) == 1) | (np.diff(first) > 0)).all()


def test_more_of_them_are_an_error(tmp_path, cache):
    shown = rig.camera(1300)
    for i in range(401, 440):
        shown[i][1].encoding = '16UC1'
    bag = rig.write(tmp_path / 'drive', {CAMERA: shown, DRIVE: commands(2600)})
    with pytest.raises(ValueError, match=r"picture 401: encoding '16UC1' .*\(14 of 415 pictures "
                                         r'cannot be read, limit 1%\)'):
        bags_to_arrays([bag], SIZE, cache)
    assert not [path for path in cache.iterdir() if path.is_dir()]


def test_several_bags_are_joined_in_their_order(tmp_path, cache):
    bags = [rig.write(tmp_path / name, {
        CAMERA: rig.camera(600, start=rig.START + day * 86400 * rig.SECOND),
        DRIVE: [(ns + day * 86400 * rig.SECOND, m) for ns, m in commands(1200)]}, plugin)
        for day, (name, plugin) in enumerate(zip(('one', 'two'), rig.StoragePlugin, strict=True))]
    folder, table = bags_to_arrays(bags, SIZE, cache)
    assert table['bags'] == ['one', 'two']
    seen = [to_model_image(pixels(i), 6, 8) for i in range(600)]
    training = frames_of(folder, 'training')
    np.testing.assert_array_equal(training[:600], seen)
    np.testing.assert_array_equal(training[-100:], seen[-100:])


def test_a_cache_without_room_says_how_much_and_where_else(bag, cache, monkeypatch):
    full = shutil.disk_usage(bag)._replace(free=1000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: full)
    with pytest.raises(RuntimeError, match=r'episodes needs 0 MB for decoded pictures, its disk '
                                           r'has 0 MB free; make room, or .*XDG_CACHE_HOME'):
        bags_to_arrays([bag], SIZE, cache)
    assert [path.name for path in cache.iterdir()] == ['digests.json']


def test_a_disk_that_is_full_all_the_same_is_named(bag, cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FrameFile, 'write', full)
    with pytest.raises(RuntimeError, match=r'episodes, where decoded pictures are kept: No space '
                                           r'left on device; another place: set XDG_CACHE_HOME'):
        bags_to_arrays([bag], SIZE, cache)
    assert [path.name for path in cache.iterdir()] == ['digests.json']


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'home').write_text('')
    with pytest.raises(RuntimeError, match=r'episodes, where decoded pictures are kept: '
                                           r'(File exists|Not a directory); another place: set '):
        EpisodeCache(tmp_path / 'home' / 'jepa_ros' / 'episodes')


@pytest.mark.parametrize('mode', ['FILE', 'MESSAGE'])
@pytest.mark.parametrize('plugin', list(rig.StoragePlugin))
def test_what_ros2_bag_record_compressed_is_read(plugin, mode, tmp_path):
    bag = rig.write(tmp_path / 'drive', {CAMERA: rig.camera(40), DRIVE: commands(80)}, plugin,
                    CompressionMode[mode])
    found = scan(bag, SIZE, lambda n: None)
    assert (len(found.frames), len(found.values)) == (40, 80)
    assert not any(sample.error for sample in found.samples)


def test_a_topic_of_two_types_stops_no_other(tmp_path):
    bag = rig.write(tmp_path / 'drive', {CAMERA: rig.camera(40), DRIVE: commands(80),
                                         '/odd': commands(2) + rig.camera(2)})
    found = scan(bag, SIZE, lambda n: None, every_topic=True)
    assert found.found['/odd'][0] == 'more than one type'
    assert len(found.frames) == 40
    with pytest.raises(ValueError, match=r'/odd in .* holds more than one type, must be '):
        scan(bag, BagSettings(6, 8, action='/odd'), lambda n: None)


def test_a_cache_that_others_may_write_is_refused(bag, cache):
    bags_to_arrays([bag], SIZE, cache)
    cache.chmod(0o777)
    with pytest.raises(RuntimeError, match='others may write'):
        bags_to_arrays([bag], SIZE, cache)
