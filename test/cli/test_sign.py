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

"""``jepa sign``: keys, a signature of a whole bundle, and one line for what is wrong."""

import shutil

import pytest

from jepa_ros.cli.main import main
from jepa_ros.engines.signature import check_signature, SIGNATURE

pytest.importorskip('cryptography')


@pytest.fixture
def keys(tmp_path, capsys):
    """Return the folder of a new pair of keys."""
    assert main(['sign', '--new-key', str(tmp_path / 'keys')]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(': ')[0] for line in said] == [
        str(tmp_path / 'keys' / name) for name in ('signing_key.pem', 'trusted_key.pem')]
    return tmp_path / 'keys'


@pytest.fixture
def model(bundle, tmp_path):
    """Return a bundle of the test's own."""
    copy = shutil.copytree(bundle, tmp_path / 'small')
    copy.chmod(0o755)
    (copy / 'manifest.json').chmod(0o644)
    return copy


def sign(model, key):
    return main(['sign', '--model', str(model), '--key', str(key)])


def test_a_signed_bundle_is_still_one(model, keys, capsys):
    from jepa_ros.engines.manifest import load_manifest
    assert sign(model, keys / 'signing_key.pem') == 0
    fingerprint = check_signature(model, keys / 'trusted_key.pem')
    assert capsys.readouterr().out == (
        f'{model / SIGNATURE}: small signed, key {fingerprint}\n')
    assert load_manifest(model).name == 'small'


def test_a_broken_bundle_is_not_signed(model, keys, capsys):
    with (model / 'rollout.onnx').open('ab') as file:
        file.write(b'\0')
    assert sign(model, keys / 'signing_key.pem') == 2
    assert 'rollout.onnx' in capsys.readouterr().err
    assert not (model / SIGNATURE).exists()


def test_a_changed_file_needs_a_changed_manifest_which_the_signature_refuses(model, keys):
    """The chain: file, its hash in the manifest, the signature."""
    from jepa_ros.engines.manifest import BundleError, load_manifest, sha256
    assert sign(model, keys / 'signing_key.pem') == 0
    graph, path = model / 'encoder.onnx', model / 'manifest.json'
    before = sha256(graph)
    with graph.open('ab') as file:
        file.write(b'\0')
    check_signature(model, keys / 'trusted_key.pem')
    with pytest.raises(BundleError, match=r'encoder\.onnx'):
        load_manifest(model)
    path.write_text(path.read_text().replace(before, sha256(graph)))
    load_manifest(model)
    with pytest.raises(BundleError, match='the manifest was changed'):
        check_signature(model, keys / 'trusted_key.pem')


def test_wrong_calls_are_answered_with_one_line(model, keys, capsys):
    for arguments, message in (
            ([], 'give either --key KEY, to sign, or --new-key DIR'),
            (['--key', 'a', '--new-key', 'b'], 'give either --key KEY'),
            (['--model', str(model), '--key', str(keys / 'trusted_key.pem')], 'others may use it'),
            (['--model', str(model), '--key', 'nothing.pem'], 'cannot be read: No such file'),
            (['--new-key', str(keys)], 'signing_key.pem is there already')):
        assert main(['sign', *arguments]) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert said[0].startswith('jepa sign: ')
        assert message in said[0]
