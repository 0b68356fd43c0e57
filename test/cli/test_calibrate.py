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

"""``jepa calibrate`` turns bags of the camera into int8 graphs, and says what is in the way."""

from pathlib import Path
import re
import shutil
import sys

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

from jepa_ros.cli.bag_frames import bag_frames
from jepa_ros.cli.main import main
from jepa_ros.core.preprocess import to_model_image

pytest.importorskip('sensor_msgs')
pytest.importorskip('onnx')

CAMERA, FRONT = '/camera/image_raw', '/front/image_raw/compressed'
STORE = get_typestore(Stores.ROS2_JAZZY)
Time, Header, Image, Compressed, String = (STORE.types[name] for name in (
    'builtin_interfaces/msg/Time', 'std_msgs/msg/Header', 'sensor_msgs/msg/Image',
    'sensor_msgs/msg/CompressedImage', 'std_msgs/msg/String'))
SIZE = 32


def pictures(count, seed=0, height=48, width=64):
    """Return RGB pictures of large patches."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)
    return coarse.repeat(height // 6, axis=1).repeat(width // 8, axis=2)


def header(number):
    return Header(stamp=Time(sec=number // 10, nanosec=number % 10 * 10 ** 8), frame_id='camera')


def raw(picture, number, encoding='rgb8', padding=0):
    """Return an Image whose rows are padded."""
    height, width, depth = picture.shape
    rows = np.pad(picture.reshape(height, width * depth), ((0, 0), (0, padding)),
                  constant_values=7)
    return Image(header=header(number), height=height, width=width, encoding=encoding,
                 is_bigendian=0, step=width * depth + padding, data=rows.ravel())


def png(picture, number):
    done, data = cv2.imencode('.png', picture[..., ::-1])
    assert done
    return Compressed(header=header(number), format='png', data=data.ravel())


def write(folder, topics, plugin=StoragePlugin.MCAP) -> Path:
    """Write a bag of topics, each a list of messages."""
    with Writer(folder, version=9, storage_plugin=plugin) as writer:
        for topic, messages in topics.items():
            kind = messages[0].__msgtype__
            connection = writer.add_connection(topic, kind, typestore=STORE)
            for i, message in enumerate(messages):
                writer.write(connection, i * 10 ** 8, STORE.serialize_cdr(message, kind))
    return folder


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    """Return a bag with a raw and a compressed camera, and one other topic."""
    seen = pictures(40)
    return write(tmp_path_factory.mktemp('bags') / 'drive', {
        CAMERA: [raw(p, i, padding=5) for i, p in enumerate(seen)],
        FRONT: [png(p, i) for i, p in enumerate(seen[::-1])],
        '/chatter': [String(data='hello')]})


@pytest.fixture
def model(bundle, tmp_path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / 'small'))


def calibrate(model, *options):
    return main(['calibrate', '--model', str(model), *map(str, options)])


@pytest.mark.parametrize('plugin', StoragePlugin)
def test_pictures_are_those_that_the_robot_would_see(tmp_path, plugin):
    seen = pictures(5)
    first = write(tmp_path / 'first', {
        CAMERA: [raw(p, i, padding=5) for i, p in enumerate(seen)]}, plugin)
    second = write(tmp_path / 'second', {
        CAMERA: [raw(p[..., ::-1], i, 'bgr8') for i, p in enumerate(seen)]}, plugin)
    found, topic = bag_frames([first, second], None, 100, SIZE, SIZE)
    assert topic == CAMERA
    wanted = [to_model_image(p, SIZE, SIZE) for p in seen]
    np.testing.assert_array_equal(found, wanted + wanted)


def test_of_a_region_only_that_is_seen(tmp_path):
    seen = pictures(3)
    bag = write(tmp_path / 'bag', {CAMERA: [raw(p, i) for i, p in enumerate(seen)]})
    height, width, _ = seen[0].shape
    found, _ = bag_frames([bag], None, 100, SIZE, SIZE, (2, 1, width - 4, height - 2))
    np.testing.assert_array_equal(
        found, [to_model_image(p[1:height - 1, 2:width - 2], SIZE, SIZE) for p in seen])


def test_compressed_pictures_are_read_too(bag):
    found, topic = bag_frames([bag], FRONT, 100, SIZE, SIZE)
    assert topic == FRONT
    np.testing.assert_array_equal(found, [to_model_image(p, SIZE, SIZE)
                                          for p in pictures(40)[::-1]])


def test_pictures_are_spread_evenly_over_all_bags(bag, tmp_path):
    other = write(tmp_path / 'other', {CAMERA: [
        raw(p, i) for i, p in enumerate(pictures(21, seed=1))]})
    found, _ = bag_frames([bag, other], CAMERA, 5, SIZE, SIZE)
    both = [*pictures(40), *pictures(21, seed=1)]
    np.testing.assert_array_equal(found, [to_model_image(both[i], SIZE, SIZE)
                                          for i in (0, 15, 30, 45, 60)])


def test_a_bundle_gets_int8_graphs(model, bag, capsys):
    from jepa_ros.engines.load import load_engine
    from jepa_ros.engines.manifest import load_manifest
    assert calibrate(model, '--bag', bag, '--image', CAMERA) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == (f'small: int8 from 30 frames of {CAMERA}, compared with fp32 on 10 others')
    for name, line in zip(('onnxruntime', 'openvino'), lines[1:3], strict=True):
        assert re.fullmatch(rf'  {name} +latents differ by \d\.\d\d%, costs by \d\.\d\d%, '
                            r'\d+% of the best candidates stay', line), line
    assert lines[3] == (f'written into {model}; on a GPU build its engines next: jepa '
                        f'build-engine --model {model} --precision int8')
    assert f'reading {CAMERA}: 100%' in said.err
    assert 'calibrating: 100%' in said.err
    table = load_manifest(model).raw['int8']
    assert (table['topic'], table['bags'], table['frames'], table['seed']) == (
        CAMERA, ['drive'], 30, 0)
    assert set(table['differences']) == {'onnxruntime', 'openvino'}
    for name in table['differences']:
        assert load_engine(model, name, precision='int8').precision == 'int8'


def test_the_same_bags_make_the_same_bundle(model, bag):
    names = ('encoder.int8.onnx', 'rollout.int8.onnx')
    made = []
    for seed in (0, 0, 1):
        assert calibrate(model, '--bag', bag, '--image', CAMERA, '--seed', seed) == 0
        made.append([(model / name).read_bytes() for name in names])
    assert made[0] == made[1]
    assert made[0][0] == made[2][0]
    assert made[0][1] != made[2][1]


@pytest.mark.parametrize('options, message', [
    ('', 'name at least one bag: --bag BAG'),
    ('--bag {bag} --frames 0', 'frames is 0, must be at least 1'),
    ('--bag {bag} --limit 0', 'limit is 0.0, must be above 0'),
    ('--bag {none}', 'there is no bag {none}'),
    ('--bag {empty}', '{empty} cannot be read as a bag: '),
    ('--bag {spoiled}', '{spoiled} cannot be read as a bag: '),
    ('--bag {cut} --image ' + CAMERA, '{cut} cannot be read as a bag: '),
    ('--bag {bag}',
     '{bag} has 2 topics with pictures, name one with --image; it has /camera/image_raw '
     '(sensor_msgs/msg/Image), /chatter (std_msgs/msg/String), /front/image_raw/compressed '
     '(sensor_msgs/msg/CompressedImage)'),
    ('--bag {bag} --image /other', '{bag} has no topic /other; it has /camera/image_raw ('),
    ('--bag {bag} --image /chatter',
     '/chatter in {bag} holds std_msgs/msg/String, must be sensor_msgs/msg/Image or sensor_msgs'),
    (f'--bag {{bag}} --frames 31 --image {CAMERA}', '31 frames, at least 32 are needed'),
    ('--bag {odd}', "{odd}, picture 3: encoding '16UC1' is not one of rgb8, "),
])
def test_what_is_in_the_way_is_said_in_one_line(model, bag, tmp_path, capsys, options, message):
    places = {name: tmp_path / name for name in ('none', 'empty', 'spoiled', 'cut', 'odd')}
    places['empty'].mkdir()
    for name in ('spoiled', 'cut'):
        shutil.copytree(bag, places[name])
    (places['spoiled'] / 'metadata.yaml').write_text('rosbag2_bagfile_information: 7')
    (file,) = places['cut'].glob('*.mcap')
    file.write_bytes(file.read_bytes()[:-1000])
    write(places['odd'], {CAMERA: [raw(p, i, '16UC1' if i == 3 else 'rgb8')
                                   for i, p in enumerate(pictures(40))]})
    places['bag'] = bag
    before = {p: p.read_bytes() for p in model.iterdir()}
    assert calibrate(model, *options.format(**places).split()) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f'jepa calibrate: {message.format(**places)}')
    assert {p: p.read_bytes() for p in model.iterdir()} == before


def test_a_bag_of_a_robot_that_lost_power_is_refused(model, tmp_path, capsys):
    bag = write(tmp_path / 'bag', {CAMERA: [raw(p, i) for i, p in enumerate(pictures(40))]},
                StoragePlugin.SQLITE3)
    (file,) = bag.glob('*.db3')
    file.write_bytes(file.read_bytes()[:-3000])
    assert calibrate(model, '--bag', bag) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(
        f'jepa calibrate: {bag} cannot be read to its end: ')


def test_what_differs_too_much_is_not_written(model, bag, capsys):
    assert calibrate(model, '--bag', bag, '--image', CAMERA, '--limit', '0.0001') == 2
    said = capsys.readouterr()
    assert re.search(r'int8 differs by 0\.\d\d\d on onnxruntime, limit 0.0001: nothing was '
                     'written', said.err)
    assert 'latents differ by' in said.out
    assert not list(model.glob('*.int8.onnx'))


def test_without_onnx_the_cure_is_named(model, bag, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnx', None)
    assert calibrate(model, '--bag', bag, '--image', CAMERA) == 2
    assert 'pip install -r requirements/train.txt' in capsys.readouterr().err.splitlines()[-1]


def test_without_ros_messages_the_cure_is_named(model, bag, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'sensor_msgs.msg', None)
    monkeypatch.delitem(sys.modules, 'jepa_ros.ros.convert', raising=False)
    assert calibrate(model, '--bag', bag) == 2
    assert 'ROS messages are not installed' in capsys.readouterr().err.splitlines()[-1]
