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

"""``jepa route`` makes a folder of pictures that the planner can follow, or says why not."""

from itertools import pairwise
import json
import os
from pathlib import Path
import shutil
import zlib

from bag_rig import image, SECOND, START, write
import numpy as np
import pytest

from jepa_ros.cli.main import main
from jepa_ros.core.preprocess import to_model_image
from jepa_ros.core.route import Route
from jepa_ros.engines import load
from jepa_ros.engines.route_files import encoder_hash, load_route, RouteError, to_route
from jepa_ros.types import ActionSpec, ModelSpec, Rollout

pytest.importorskip('sensor_msgs')

SIZE = 32
BLOCK = 0.05


class GreyModel:
    """A world model that can be worked out by hand: how far along one is, is how grey it is."""

    spec = ModelSpec(
        image_height=SIZE, image_width=SIZE, history=1, horizon=2, tokens=1, width=1,
        action=ActionSpec(('x',), ('1/s',), (-0.1,), (0.1,), 5, 0.1), arrival_cost=0.3,
        surprise_limit=1.0)

    def encode(self, picture):
        """Return how grey the lower half is, from 0 to 1."""
        return np.array([[picture[SIZE // 2:].mean() / 255]], np.float32)

    def rollout(self, context, executed, candidates, goal):
        """Return the blocks to the goal; there is nothing to say of the rest."""
        to_go = np.full((len(candidates), 3), abs(context[-1] - goal).sum() / BLOCK, np.float32)
        return Rollout(np.zeros((len(candidates), 2, 1, 1), np.float32), to_go[:, -1], to_go)


def view(along, rng):
    """Return what is seen so far along, 0 to 1: stripes above, grey below, a little noise."""
    picture = np.full((48, 64, 3), round(255 * along))
    picture[:24, ::4] = 255
    return np.clip(picture + rng.integers(-2, 3, picture.shape), 0, 255).astype(np.uint8)


def drive(folder, way, seed=0, start=START):
    """Write a bag of a camera at 10 Hz that sees a way."""
    rng = np.random.default_rng(seed)
    rows = [(start + i * SECOND // 10, image(start + i * SECOND // 10, view(along, rng)))
            for i, along in enumerate(way)]
    return write(folder, {'/camera': rows})


# a second of rest, 12 blocks in six seconds, a second of rest
WAY = [0.2] * 10 + list(np.linspace(0.2, 0.8, 60)) + [0.8] * 10


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    """Return a drive along WAY."""
    return drive(tmp_path_factory.mktemp('bags') / 'drive', WAY)


@pytest.fixture
def by_hand(monkeypatch, tmp_path):
    """Return the folder of a bundle whose model is the one that can be worked out."""
    monkeypatch.setattr(load, 'load_engine', lambda *_: GreyModel())
    folder = tmp_path / 'grey'
    folder.mkdir()
    (folder / 'manifest.json').write_text(json.dumps(
        {'graphs': {'encoder': {'file': 'encoder.onnx'}}, 'files': {'encoder.onnx': 'a1b2'}}))
    return folder


def make(bundle, out, *bags, options=()):
    return main(['route', '--model', str(bundle), '--out', str(out), '--bag', *map(str, bags),
                 *options])


@pytest.fixture
def route(by_hand, bag, tmp_path) -> Path:
    """Return the folder of a route."""
    assert make(by_hand, tmp_path / 'route', bag) == 0
    return tmp_path / 'route'


def along(files):
    """Return how far along the pictures of a route are."""
    return [float(GreyModel().encode(picture)[0, 0]) for picture in files.pictures]


def test_the_pictures_are_three_blocks_apart_and_the_last_is_the_end(route):
    files = load_route(route, SIZE, SIZE)
    where = along(files)
    np.testing.assert_allclose(where, [0.2, 0.373, 0.546, 0.719, 0.8], atol=0.02)
    assert [(e.start, e.end) for e in files.edges] == [(i, i + 1) for i in range(4)]
    np.testing.assert_allclose([e.blocks for e in files.edges[:3]], 3.1, atol=0.4)
    raw = json.loads((route / 'route.json').read_text())
    assert raw['model'] == {'name': 'grey', 'encoder': 'a1b2', 'height': SIZE, 'width': SIZE}
    assert raw['drives'] == [{'bag': 'drive', 'topic': '/camera', 'looked_at': 80}]
    assert [p['drive'] for p in raw['pictures']] == [0] * 5
    assert (route / 'route.png').read_bytes().startswith(b'\x89PNG')
    assert not [p for p in route.parent.iterdir() if 'partial' in p.name]


def test_a_real_model_makes_one_and_it_survives_another_model(bundle, bag, tmp_path):
    """Its critic is random, so the numbers are; the pictures are seen as it sees them."""
    out = tmp_path / 'route'
    assert make(bundle, out, bag) == 0
    assert encoder_hash(bundle) != ''
    model, files = load.load_engine(bundle), load_route(out, SIZE, SIZE)
    made, warning = to_route(files, model, encoder_hash(bundle))
    assert warning == ''
    np.testing.assert_array_equal(made.nodes[0], model.encode(files.pictures[0]))
    raw = json.loads((out / 'route.json').read_text())
    seen = sum(edge['seen'] for edge in raw['edges'])
    raw['edges'].append({'start': len(made) - 1, 'end': 0, 'blocks': 0.5, 'seen': True})
    (out / 'route.json').write_text(json.dumps(raw))
    files = load_route(out, SIZE, SIZE)
    assert len(to_route(files, model, encoder_hash(bundle))[0].edges) == len(made.edges) + 1
    other, warning = to_route(files, model, 'another')
    assert len(other.edges) == len(made.edges) - seen
    assert f'made with another model: {seen + 1} of' in warning


def test_two_drives_that_meet_are_one_route(bag, tmp_path, by_hand, capsys):
    """The second begins half way along the first, and goes further."""
    second = drive(tmp_path / 'second', np.linspace(0.51, 0.95, 50), seed=1)
    assert make(by_hand, tmp_path / 'both', bag, second, options=('--same', '1.4')) == 0
    said = capsys.readouterr().out
    assert 'drive: 5 of 80 pictures' in said
    assert 'second: ' in said
    assert 'look like the same place' in said
    files = load_route(tmp_path / 'both', SIZE, SIZE)
    count = len(files.pictures)
    route = Route(np.zeros((count, 1, 1), np.float32), files.edges)
    path = route.path(0, count - 1)
    assert path[0] == 0
    assert any(a < 5 <= b for a, b in pairwise(path))
    assert (4, 5) not in [(e.start, e.end) for e in files.edges if not e.seen]


def refused(capsys, words, *arguments, out=None, **options):
    assert make(*arguments, **options) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith('jepa route: ')
    assert words in said
    if out is not None:
        assert not out.exists()


def test_what_makes_no_route_is_refused_in_a_line(bag, tmp_path, by_hand, capsys):
    bundle, out = by_hand, tmp_path / 'out'
    refused(capsys, 'there is no bag', bundle, out, tmp_path / 'nowhere', out=out)
    refused(capsys, 'has no topic /other', bundle, out, bag, out=out,
            options=('--image', '/other'))
    refused(capsys, 'least 0.6, apart 0.5', bundle, out, bag, out=out, options=('--apart', '0.5'))
    dark = drive(tmp_path / 'dark', [1.0] * 30)
    refused(capsys, 'has 0 pictures of /camera to go by', bundle, out, dark, out=out)
    still = drive(tmp_path / 'still', [0.5] * 30)
    refused(capsys, 'the drive of 30 pictures goes nowhere', bundle, out, still, out=out)
    back = drive(tmp_path / 'back', np.linspace(0, 1, 20))
    assert main(['route', '--bag', str(back)]) == 2
    assert 'name the folder to make' in capsys.readouterr().err
    assert main(['route', '--out', str(out)]) == 2
    assert 'name at least one bag' in capsys.readouterr().err
    out.mkdir()
    refused(capsys, 'is there already', bundle, out, bag)
    assert list(out.iterdir()) == []


def test_a_picture_that_cannot_be_read_is_passed_over(tmp_path, by_hand, capsys):
    rng = np.random.default_rng(0)
    way = np.linspace(0.2, 0.8, 120)
    for name, broken in (('one', 1), ('two', 2)):
        rows = [(START + i * SECOND // 10, image(START + i * SECOND // 10, view(along, rng)))
                for i, along in enumerate(way)]
        for _, message in rows[40:40 + broken]:
            message.encoding = '32FC1'
        bag = write(tmp_path / name, {'/camera': rows})
        if broken == 1:
            assert make(by_hand, tmp_path / 'route', bag) == 0
            assert '1 pictures cannot be read and are left out' in capsys.readouterr().err
        else:
            refused(capsys, "picture 41: encoding '32FC1' is not one of", by_hand,
                    tmp_path / 'out', bag)


def test_a_clock_that_goes_back_is_named(tmp_path, by_hand, capsys):
    rng = np.random.default_rng(0)
    stamps = [START + i * SECOND // 10 for i in (*range(20), *range(5, 25))]
    bag = write(tmp_path / 'jump', {'/camera': [
        (START + i * SECOND // 10, image(ns, view(0.02 * i, rng)))
        for i, ns in enumerate(stamps)]})
    refused(capsys, 'picture 20: its stamp is 1.4 s before the last, limit 0.10 s', by_hand,
            tmp_path / 'out', bag)


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> Path:
    """Return a small route that can be loaded."""
    from jepa_ros.cli.route_folder import Kept, write_route
    from jepa_ros.core.route import Edge, Route
    from jepa_ros.core.route_plan import Spacing
    rng = np.random.default_rng(0)
    pictures = [to_model_image(view(turn, rng), SIZE, SIZE) for turn in (0.0, 0.5, 1.0)]
    folder = tmp_path_factory.mktemp('routes') / 'whole'
    write_route(folder, Route(np.zeros((3, 1, 2), np.float32),
                              (Edge(0, 1, 2.0), Edge(1, 2, 2.0))),
                [Kept('b', '/camera', 9, pictures, [0.0, 1.0, 2.0])],
                {'name': 'm', 'encoder': 'e', 'height': SIZE, 'width': SIZE}, Spacing(),
                (0, 0, 0, 0))
    return folder


def larger_png(height, width):
    """Return a PNG that says a size, and is short."""
    def chunk(kind, data):
        return (len(data).to_bytes(4, 'big') + kind + data
                + zlib.crc32(kind + data).to_bytes(4, 'big'))
    head = width.to_bytes(4, 'big') + height.to_bytes(4, 'big') + b'\x08\x02\x00\x00\x00'
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IEND', b'')


def greedy_png():
    """Return a PNG with a chunk that says more bytes than there are."""
    whole = larger_png(SIZE, SIZE)
    return whole[:33] + b'\x18\x00\x00\x00tEXtabc' + whole[33:]


def change(key, value):
    """Return what changes an entry of route.json."""
    def changed(raw):
        *tables, last = key
        table = raw
        for name in tables:
            table = table[name]
        table[last] = value
    return changed


@pytest.mark.parametrize('spoil, words', [
    (change(['format'], 2), 'format is 2, this version reads 1'),
    (change(['format'], True), 'format is True'),
    (change(['pictures'], []), 'route has 0 pictures'),
    (change(['pictures', 0, 'file'], '../secret.png'), 'is not a plain name'),
    (change(['pictures', 0, 'file'], 'none.png'), 'is missing or not a regular file'),
    (change(['pictures', 0, 'sha256'], '0' * 64), 'SHA-256 is'),
    (change(['pictures', 1], 7), r'pictures[1] is 7, must be a table'),
    (change(['edges', 0, 'end'], 3), 'edges[0] joins [0, 3], must be two of 0 to 2'),
    (change(['edges', 0, 'start'], 1), 'edges[0] joins [1, 1]'),
    (change(['edges', 1, 'blocks'], -1.0), 'edges[1]: blocks is -1.0'),
    (change(['edges', 1, 'blocks'], float('nan')), 'must be finite'),
    (change(['edges', 1, 'seen'], 'yes'), "seen is 'yes', must be true or false"),
    (change(['model', 'height'], 64), 'pictures are 32x64, the model takes 32x32'),
    (change(['model', 'encoder'], 5), 'model: encoder is 5, must be a text'),
    (change(['region'], [1, 2, 3]), 'region is [1, 2, 3], must be 4 numbers'),
])
def test_a_spoiled_route_is_refused_with_what_is_wrong(whole, tmp_path, spoil, words):
    folder = Path(shutil.copytree(whole, tmp_path / 'route'))
    load_route(folder, SIZE, SIZE)
    raw = json.loads((folder / 'route.json').read_text())
    spoil(raw)
    (folder / 'route.json').write_text(json.dumps(raw))
    with pytest.raises(RouteError) as error:
        load_route(folder, SIZE, SIZE)
    assert words in str(error.value)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize('data, words', [
    (greedy_png(), 'its chunk at byte 33 says 402653184 bytes'),
    (b'GIF89a', 'is no PNG'), (larger_png(60000, 60000), 'is 60000x60000, the model takes 32x32'),
    (larger_png(SIZE, SIZE), 'cannot be read as a PNG')])
def test_a_picture_of_another_kind_is_refused_before_it_is_unpacked(whole, tmp_path, data, words):
    import hashlib
    folder = Path(shutil.copytree(whole, tmp_path / 'route'))
    raw = json.loads((folder / 'route.json').read_text())
    name = raw['pictures'][2]['file']
    (folder / name).write_bytes(data)
    raw['pictures'][2]['sha256'] = hashlib.sha256(data).hexdigest()
    (folder / 'route.json').write_text(json.dumps(raw))
    with pytest.raises(RouteError, match=words):
        load_route(folder, SIZE, SIZE)


def test_a_link_or_no_route_at_all_is_refused(whole, tmp_path):
    with pytest.raises(RouteError, match=r'is no route: it has no route\.json; make one'):
        load_route(tmp_path, SIZE, SIZE)
    folder = Path(shutil.copytree(whole, tmp_path / 'route'))
    name = 'picture_00000.png'
    os.rename(folder / name, tmp_path / name)
    os.symlink(tmp_path / name, folder / name)
    with pytest.raises(RouteError, match='a link is none'):
        load_route(folder, SIZE, SIZE)
