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

"""Bundles that are not what they should be are refused, with the value and the limit."""

import hashlib
import json
import re

import pytest

from jepa_ros.engines import bundle_files as module
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, load_manifest, sha256


def put(path, value):
    """Return a function that sets an entry of a manifest, 'graphs.encoder.file' for example."""
    def spoil(raw):
        *way, last = path.split('.')
        table = raw
        for key in way:
            table = table[int(key) if key.isdigit() else key]
        table[last] = value
    return spoil


def drop(path):
    """Return a function that removes an entry of a manifest."""
    def spoil(raw):
        *way, last = path.split('.')
        table = raw
        for key in way:
            table = table[key]
        del table[last]
    return spoil


def refuse(folder, message):
    """Check that a bundle is refused with a message."""
    with pytest.raises(BundleError, match=message):
        load_engine(folder)


def test_a_position_need_not_be_able_to_be_zero(broken, edit):
    edit(put('action.units', ['m', 'rad']))
    edit(put('action.low', [0.2, -1.5]))
    assert load_manifest(broken).spec.action.low == (0.2, -1.5)


def test_a_whole_bundle_is_accepted(bundle, broken):
    assert load_manifest(broken).spec == load_manifest(bundle).spec
    assert load_engine(broken).spec == load_manifest(bundle).spec


@pytest.mark.parametrize('key', [
    'name', 'image', 'latent', 'history', 'horizon', 'action', 'graphs', 'arrival', 'surprise',
    'files'])
def test_a_missing_key_is_named(broken, edit, key):
    edit(drop(key))
    refuse(broken, f"manifest has no '{key}'")


@pytest.mark.parametrize('path, where', [
    ('image.width', "image has no 'width'"), ('latent.tokens', "latent has no 'tokens'"),
    ('action.low', "action has no 'low'"), ('action.period_s', "action has no 'period_s'"),
    ('graphs.rollout', "graphs has no 'rollout'"),
    ('graphs.encoder.file', "graphs.encoder has no 'file'"),
    ('arrival.cost', "arrival has no 'cost'"), ('surprise.p99', "surprise has no 'p99'")])
def test_a_missing_entry_is_named(broken, edit, path, where):
    edit(drop(path))
    refuse(broken, re.escape(where))


@pytest.mark.parametrize('path, value, message', [
    ('format', 2, 'format is 2, this version reads 1'),
    ('format', None, 'format is None, this version reads 1'),
    ('name', 3, 'name is 3, must be'),
    ('history', '1', "history is '1', must be"),
    ('history', 1.0, 'history is 1.0, must be'),
    ('history', True, 'history is True, must be'),
    ('history', 0, 'history is 0, must be at least 1'),
    ('horizon', -3, 'horizon is -3, must be at least 1'),
    ('latent', [], r'latent is \[\], must be'),
    ('latent.width', 0, 'width is 0, must be at least 1'),
    ('image.height', None, 'height is None, must be'),
    ('image.colour', 'bgr', "image.colour is 'bgr', must be 'rgb'"),
    ('image.type', 'float32', "image.type is 'float32', must be 'uint8'"),
    ('image.layout', 'NCHW', "image.layout is 'NCHW', must be 'NHWC'"),
    ('action.names', 'linear_x', "names is 'linear_x', must be"),
    ('action.units', ['m/s'], 'units has 1 entries, names has 2'),
    ('action.low', [-0.6], 'low has 1 entries, names has 2'),
    ('action.low', [0.7, -1.5], "'linear_x': low 0.7 must be below high 0.6"),
    ('action.low', [0.2, -1.5], "'linear_x' has limits 0.2 to 0.6 m/s, those of a velocity must "
                                'include 0'),
    ('action.high', [0.6, -0.1], "'angular_z' has limits -1.5 to -0.1 rad/s, those of a "
                                 'velocity must include 0'),
    ('action.low', ['a', 'b'], r"action: low\[0\] is 'a', must be a number"),
    ('action.low', [float('nan'), -1.5], r'action: low\[0\] is nan, must be finite'),
    ('action.high', [0.6, float('inf')], r'action: high\[1\] is inf, must be finite'),
    ('action.high', [0.6, None], r'action: high\[1\] is None, must be a number'),
    ('action.high', [True, 1.5], r'action: high\[0\] is True, must be a number'),
    ('action.high', [1e300, 1.5], r'action: high\[0\] is 1e\+300, must be within 1e\+06 of 0'),
    pytest.param('action.high', [0.6, 10 ** 400], 'high.*must be within 1e', id='huge high'),
    ('action.block', 0, 'block is 0, must be at least 1'),
    ('action.period_s', 0.0, r'period_s is 0.0, must be in \(0, 10\]'),
    ('action.period_s', float('nan'), 'period_s is nan, must be finite'),
    ('action.period_s', '0.1', "period_s is '0.1', must be"),
    ('arrival.cost', float('nan'), 'cost is nan, must be finite'),
    pytest.param('arrival.cost', 10 ** 400, 'cost is 1000.*must be within 1e', id='huge cost'),
    ('surprise.p99', float('inf'), 'p99 is inf, must be finite'),
    ('graphs', [], r'graphs is \[\], must be'),
    ('graphs.encoder', 'encoder.onnx', "encoder is 'encoder.onnx', must be"),
    ('graphs.encoder.inputs', {}, 'inputs is {}, must be'),
    ('graphs.encoder.inputs', [3], "graphs.encoder has no 'name'"),
    ('files', ['encoder.onnx'], r"files is \['encoder.onnx'\], must be"),
    ('action.names', ['linear_x', 3], r'action: names\[1\] is 3, must be a text'),
    ('action.names', ['linear_x', 'linear_x'], 'must be 1 to 64, all different'),
    ('action.names', ['linear_x', 'y' * 65], 'names are at most 64 characters'),
    ('action.units', ['m/s', None], r'action: units\[1\] is None, must be a text'),
    ('history', 2000, 'history is 2000, must be at least 1, at most 1024'),
    ('image.height', 4097, 'height is 4097, must be at least 1, at most 4096'),
    ('latent.tokens', 2 ** 20, '1048576 tokens of width 8 are 8388608 numbers, limit 4194304'),
    ('arrival.cost', -0.1, 'arrival: cost is -0.1, must be at least 0'),
    ('surprise.p99', -0.1, 'surprise: p99 is -0.1, must be at least 0'),
    ('graphs.encoder.inputs.0.shape', [1, 32.0, 32, 3], r'shape is 32.0, must be a whole number'),
    ('files', {'encoder.onnx': 3}, 'files: encoder.onnx is 3, must be a text'),
    ('files', {}, "files has no hash of 'encoder.onnx'"),
    ('graphs.encoder.file', 'other.onnx', "files has no hash of 'other.onnx'"),
])
def test_a_wrong_value_is_named(broken, edit, path, value, message):
    edit(put(path, value))
    refuse(broken, message)


@pytest.mark.parametrize('content, message', [
    (b'', 'is not JSON'),
    (b'{"format": 1', 'is not JSON'),
    (b'\xff\xfe{}', 'is not JSON'),
    (b'[1]', "format is 'list', this version reads 1"),
    (b'"bundle"', "format is 'str', this version reads 1"),
    (b'{}', 'format is None, this version reads 1'),
    (b'[' * 200_000, 'is not JSON'),
    (b'{"a":' * 100_000, 'is not JSON'),
    (b'{"format": ' + b'9' * 5000 + b'}', 'is not JSON|format is 9'),
    (b'{"format": true}', 'format is True, this version reads 1'),
    (b'{"format": 1.0}', 'format is 1.0, this version reads 1'),
    (b'{"format": 1, "name": {"a": 1, "b": 2, "a": 3}}', "key 'a' is there twice"),
    (b'{"format": 1, "name": "\\ud800"}', 'is not JSON.*surrogates not allowed'),
])
def test_a_manifest_that_is_none_is_refused(broken, content, message):
    (broken / 'manifest.json').write_bytes(content)
    refuse(broken, message)


def test_what_is_no_bundle_is_refused(tmp_path):
    refuse(tmp_path, 'is not a bundle: it has no manifest.json')
    refuse(tmp_path / 'none', 'is not a bundle: it has no manifest.json')


def test_a_changed_file_is_found(broken):
    path = broken / 'rollout.onnx'
    content = bytearray(path.read_bytes())
    wanted = hashlib.sha256(content).hexdigest()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    refuse(broken, f'rollout.onnx: SHA-256 is {found}, manifest says {wanted!r}')


@pytest.mark.parametrize('name', ['encoder.onnx', 'rollout.onnx', 'weights.safetensors'])
def test_a_truncated_file_is_found(broken, name):
    path = broken / name
    path.write_bytes(path.read_bytes()[:-1])
    refuse(broken, f'{name}: SHA-256 is')
    path.unlink()
    refuse(broken, f'{name} is missing or not a regular file')


def test_the_hash_of_a_file(tmp_path):
    path = tmp_path / 'abc'
    path.write_bytes(b'abc')
    # the example of FIPS 180-2
    assert sha256(path) == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'


@pytest.mark.parametrize('name', ['encoder.onnx', 'manifest.json'])
def test_links_are_refused(broken, tmp_path, name):
    outside = tmp_path / name
    (broken / name).rename(outside)
    (broken / name).symlink_to(outside)
    refuse(broken, 'is missing or not a regular file|has no manifest.json')


@pytest.mark.parametrize('name', [
    '../secret', '/etc/passwd', 'sub/encoder.onnx', '..', '.hidden', './encoder.onnx',
    'two\nlines', 'a\0b', '', 'é'])
def test_files_outside_the_bundle_are_refused(broken, edit, tmp_path, name):
    (tmp_path / 'secret').write_bytes(b'x')
    edit(lambda raw: raw['files'].update({name: hashlib.sha256(b'x').hexdigest()}))
    refuse(broken, re.escape(f'file {name!r} is not a plain name inside the bundle'))


def test_a_folder_is_no_file(broken, edit):
    (broken / 'sub').mkdir()
    edit(put('files.sub', '00'))
    refuse(broken, 'sub is missing or not a regular file')


def test_files_have_a_limit(broken, monkeypatch):
    size = (broken / 'rollout.onnx').stat().st_size
    most = max(p.stat().st_size for p in broken.iterdir())
    monkeypatch.setattr(module, 'LARGEST_FILE_BYTES', most)
    load_manifest(broken)
    monkeypatch.setattr(module, 'LARGEST_FILE_BYTES', 100)
    refuse(broken, 'bytes, limit 100')
    assert size > 100


def test_the_manifest_has_a_limit(broken, monkeypatch):
    size = (broken / 'manifest.json').stat().st_size
    monkeypatch.setattr(module, 'LARGEST_MANIFEST_BYTES', size)
    load_manifest(broken)
    monkeypatch.setattr(module, 'LARGEST_MANIFEST_BYTES', size - 1)
    refuse(broken, f'manifest.json has {size} bytes, limit {size - 1}')


def rehash(raw, folder):
    """Bring a manifest's hashes up to what is in the folder."""
    raw['files'] = {name: sha256(folder / name) for name in raw['files']}


def test_a_graph_with_data_elsewhere_is_refused(broken, edit):
    import onnx
    path = broken / 'encoder.onnx'
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location='weights.bin',
                    size_threshold=0)
    edit(lambda raw: rehash(raw, broken))
    refuse(broken, 'encoder.onnx keeps tensors in other files')


def test_a_file_that_is_no_graph_is_refused(broken, edit):
    (broken / 'rollout.onnx').write_bytes(b'not a graph')
    edit(lambda raw: rehash(raw, broken))
    refuse(broken, 'rollout.onnx does not load')


def test_graphs_that_are_swapped_are_refused(broken, edit):
    def swap(raw):
        files = raw['graphs']
        files['encoder']['file'], files['rollout']['file'] = 'rollout.onnx', 'encoder.onnx'
    edit(swap)
    refuse(broken, r"rollout.onnx: inputs are .*'context'.* manifest says .*'image'")


@pytest.mark.parametrize('path, value, message', [
    ('graphs.encoder.inputs.0.shape', [1, 64, 64, 3],
     r'encoder inputs have shapes .*1, 64, 64, 3.*make .*1, 32, 32, 3'),
    ('graphs.encoder.inputs.0.type', 'float32', "'uint8'.*says.*'float32'"),
    ('graphs.encoder.outputs.0.name', 'z', "'latent'.*says.*'z'"),
    ('graphs.rollout.inputs.2.shape', ['candidates', 4, 5, 2],
     r'rollout inputs.*4, 5, 2.*make.*3, 5, 2'),
    ('graphs.rollout.outputs.1.shape', ['candidates', 1], 'rollout outputs have shapes'),
    ('graphs.rollout.outputs', [], r'rollout outputs have shapes \[\]'),
    ('graphs.rollout.outputs', [
        {'name': name, 'type': 'float32', 'shape': shape} for name, shape in (
            ('latents', ['candidates', 3, 1, 8]), ('cost', ['candidates']),
            ('cost_to_go', ['candidates', 4]), ('goal_pose', [5]))],
     r'rollout outputs have shapes .*\(5,\).* make .*\(6,\)'),
    ('graphs.rollout.inputs.2.shape', [16, 3, 5, 2], 'rollout (in|out)puts have shapes'),
])
def test_graphs_must_be_what_the_manifest_says(broken, edit, path, value, message):
    edit(put(path, value))
    refuse(broken, message)


def test_nothing_but_data_is_in_a_manifest(bundle):
    raw = json.loads((bundle / 'manifest.json').read_text())
    assert load_manifest(bundle).raw == raw
