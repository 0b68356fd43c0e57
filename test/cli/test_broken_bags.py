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

"""Bags that cannot be learnt from: a line that says why, no traceback, and nothing left behind."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import bag_rig as rig
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin

from jepa_ros.cli.main import main

pytest.importorskip('sensor_msgs')
pytest.importorskip('torch')

FEW = 60


def jpegs(cut):
    import cv2
    done, data = cv2.imencode('.jpg', rig.pixels(1, 48, 64))
    assert done
    data = data.ravel()[:cut]
    return [(ns, rig.Compressed(header=rig.header(ns), format='jpeg', data=data))
            for ns, _ in rig.camera(FEW)]


def with_nan(rows):
    return [*rows[:7], (rows[7][0], rig.twist(float('nan'), 0.1)), *rows[8:]]


def sixteen_bit(rows):
    for _, message in rows:
        message.encoding = '16UC1'
    return rows


def small(folder, images=None, actions=None, plugin=StoragePlugin.MCAP):
    return rig.write(folder, {rig.CAMERA: rig.camera(FEW) if images is None else images,
                              rig.DRIVE: rig.commands(2 * FEW) if actions is None else actions},
                     plugin)


def edited(bag, ending, edit):
    (path,) = bag.glob(f'*{ending}')
    path.write_bytes(edit(bytearray(path.read_bytes())))
    return bag


def zeroed(content):
    middle = len(content) // 2
    content[middle:middle + 5000] = bytes(5000)
    return content


def unfinished(folder):
    bag = edited(small(folder), '.mcap', lambda content: content[:-3000])
    (bag / 'metadata.yaml').unlink()
    return bag


def without_file(folder):
    bag = small(folder)
    next(bag.glob('*.mcap')).unlink()
    return bag


def text(folder, name=None, content='hello'):
    (folder if name else folder.parent).mkdir(exist_ok=True)
    path = folder / name if name else folder
    path.write_text(content)
    return folder


def half_rate(folder):
    """Return simulated time at half the rate of the wall clock that recorded it."""
    return small(folder, [(rig.START + 2 * i * rig.SECOND // 10,
                           rig.image((5 + i * 0.1) * rig.SECOND, rig.pixels(i)))
                          for i in range(FEW)])


def joints(folder, names, positions):
    message = rig.JointState(header=rig.header(0), name=names, position=np.array(positions),
                             velocity=np.zeros(0), effort=np.zeros(0))
    return small(folder, actions=[(ns, message) for ns, _ in rig.commands(2 * FEW)])


def elsewhen(folder):
    return small(folder, actions=rig.commands(2 * FEW, start=rig.START + 3600 * rig.SECOND))


# kind: what makes the bag in a folder, options, and what must be said of it
KINDS = {
    'no bag there': (lambda f: f, '', 'there is no bag {bag}'),
    'no bag but a text': (lambda f: text(f), '', 'it is a file, must be the folder of a bag'),
    'no bag but a folder of texts': (lambda f: text(f, 'notes.txt'), '',
                                     'a bag is a folder with metadata.yaml and files *.mcap or'),
    'ROS 1': (lambda f: text(f.with_suffix('.bag')), '', 'is a bag of ROS 1'),
    'no topics': (lambda f: rig.write(f, {}), '', 'has 0 topics with pictures'),
    'no pictures': (lambda f: rig.write(f, {rig.CAMERA: [], rig.DRIVE: rig.commands(9)}), '',
                    'has 0 topics with pictures'),
    'no commands': (lambda f: rig.write(f, {rig.CAMERA: rig.camera(FEW)}), '',
                    'has 0 topics with commands'),
    'wrong topic': (small, '--image /other', f'has no topic /other; it has {rig.CAMERA} (sensor'),
    'wrong type': (small, f'--action {rig.CAMERA}',
                   'holds sensor_msgs/msg/Image, must be geometry_msgs/msg/Twist or '),
    'no odometry': (small, f'--odom {rig.DRIVE}', 'must be nav_msgs/msg/Odometry'),
    'two cameras': (lambda f: rig.write(f, {
        rig.CAMERA: rig.camera(9), '/rear': rig.camera(9), rig.DRIVE: rig.commands(9)}), '',
        'has 2 topics with pictures, name one with --image'),
    'slow camera': (lambda f: small(f, rig.camera(FEW, 0.5)), '',
                    'pictures come at 2.00 Hz, at least 4 are needed'),
    'no overlap': (elsewhen, '', 'none at the same time'),
    'constant commands': (lambda f: small(f, actions=[
        (ns, rig.twist(0.25, 0.0)) for ns, _ in rig.commands(2 * FEW)]), '',
        'the commands never change while there are pictures: linear_x is 0.25'),
    'too few frames': (small, '', 'the bags give 1 episodes of at least 30 frames, 60 frames in '
                       'all; at least 10 episodes and 1000 frames are needed'),
    'pictures cut off': (lambda f: small(f, jpegs(300)), '', f'picture 0 of {rig.CAMERA}: '),
    'unknown encoding': (lambda f: small(f, sixteen_bit(rig.camera(FEW))), '',
                         "encoding '16UC1' is not one of rgb8, "),
    'NaN': (lambda f: small(f, actions=with_nan(rig.commands(2 * FEW))), '',
            f'message 7 of {rig.DRIVE}: linear_x is nan, must be finite'),
    'MCAP cut off': (lambda f: edited(small(f), '.mcap', lambda c: c[:-1000]), '',
                     'cannot be read as a bag: File end magic is invalid'),
    'MCAP overwritten': (lambda f: edited(small(f), '.mcap', zeroed), '',
                         ' messages, 33 can be read: it is damaged'),
    'sqlite3 cut off': (lambda f: edited(small(f, plugin=StoragePlugin.SQLITE3), '.db3',
                                         lambda c: c[:len(c) // 2]), '', 'cannot be read'),
    'sqlite3 overwritten': (lambda f: edited(small(f, plugin=StoragePlugin.SQLITE3), '.db3',
                                             lambda c: bytes(200) + c[200:]), '',
                            'cannot be read as a bag'),
    'killed': (unfinished, '', 'its recording was cut off, complete it: jepa record --recover '
               '{bag}'),
    'a file missing': (without_file, '', 'Some database files are missing'),
    'half rate': (half_rate, '', 'the clock of the pictures runs at 0.500 of the clock of the '
                  'recording'),
    'joints without numbers': (lambda f: joints(f, ['a', 'b'], [1.0]), '',
                               'it has 2 joints and 1 numbers of position'),
    'still joints': (lambda f: joints(f, ['a', 'b'], [1.0, 2.0]), '',
                     'the commands never change while there are pictures: a is 1, b is 2'),
    'wrong region': (small, '--region 10 0 10 12', 'region 10x12 at (10, 0) ends at (20, 12), the '
                     'picture is 16x12'),
    'wrong period': (small, '--period 0.15', 'period is 0.15 s, the camera takes a picture every '
                     '0.1 s; take 0.1 or 0.2'),
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def left_in(folder):
    """Return what is in a folder but for the memory of digests."""
    return [path for path in folder.rglob('*') if path.is_file() and path.name != 'digests.json']


@pytest.mark.parametrize('kind', KINDS)
def test_a_broken_bag_is_named(kind, tmp_path, cache, capsys):
    make, options, words = KINDS[kind]
    bag = make(tmp_path / 'drive')
    words = words.format(bag=bag)
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    assert main(['train', '--out', str(tmp_path / 'run'), '--bag', str(bag),
                 *options.split()]) == 2
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith('jepa train: '), said
    assert words in said.splitlines()[-1]
    assert 'Traceback' not in said
    assert not (tmp_path / 'run').exists()
    assert not left_in(cache)
    assert main(['inspect', str(bag), *options.split()]) == 1
    said = capsys.readouterr()
    (line,) = [line for line in said.out.splitlines() if line.startswith('stops training: ')]
    assert words in line
    assert 'Traceback' not in said.err
    assert {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()
            and cache not in path.parents} == before


def test_a_bag_that_is_named_twice_is_refused(tmp_path, cache, capsys):
    bag = small(tmp_path / 'drive')
    other = shutil.copytree(bag, tmp_path / 'copy')
    assert main(['train', '--out', str(tmp_path / 'run'), '--bag', str(bag), str(other)]) == 2
    assert f'{other} has the same content as {bag}' in capsys.readouterr().err.splitlines()[-1]
    assert not left_in(cache)


@pytest.mark.parametrize('verb', ['train', 'inspect'])
def test_a_command_ends_without_a_traceback(verb, tmp_path, environment, cache):
    bag = unfinished(tmp_path / 'drive')
    options = ['--out', str(tmp_path / 'run'), '--bag', str(bag)] if verb == 'train' else [
        str(bag)]
    done = subprocess.run([sys.executable, '-m', 'jepa_ros.cli.main', verb, *options],
                          env={**os.environ, **environment, 'XDG_CACHE_HOME': str(cache)},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == (2 if verb == 'train' else 1), done.stderr
    assert 'Traceback' not in done.stderr + done.stdout
    assert f'jepa record --recover {bag}' in done.stderr + done.stdout
    assert not (tmp_path / 'run').exists()
    assert not left_in(cache)
