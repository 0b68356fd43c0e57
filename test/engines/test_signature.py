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

"""A bundle's signature: whoever changes a byte, or signs with another key, is found out."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from jepa_ros.engines.signature import check_signature, make_keys, sign, SIGNATURE, SignatureError

serialization = pytest.importorskip('cryptography.hazmat.primitives.serialization')
ec = pytest.importorskip('cryptography.hazmat.primitives.asymmetric.ec')


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """Hold a pair of keys: the private one and the public one."""
    return make_keys(tmp_path / 'keys')


@pytest.fixture
def signed(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """Hold a signed folder; a signature asks for a manifest only."""
    folder = tmp_path / 'model'
    folder.mkdir(mode=0o755)
    (folder / 'manifest.json').write_text('{"format": 1}')
    (folder / 'manifest.json').chmod(0o644)
    sign(folder, keys[0])
    return folder


def refused(folder: Path, key: Path) -> str:
    """Return why a bundle is refused."""
    with pytest.raises(SignatureError) as error:
        check_signature(folder, key)
    return str(error.value)


def test_what_was_signed_passes(signed, keys):
    fingerprint = check_signature(signed, keys[1])
    assert len(fingerprint) == 32
    assert fingerprint == sign(signed, keys[0])     # again, over the old one
    assert check_signature(signed, keys[1]) == fingerprint


def test_a_changed_manifest_is_refused(signed, keys):
    path = signed / 'manifest.json'
    before = path.read_bytes()
    for place in range(len(before)):
        path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1:])
        assert 'the manifest was changed, or another key signed it' in refused(signed, keys[1])
    for content in (before + b' ', before[:-1], b''):
        path.write_bytes(content)
        assert 'does not fit manifest.json' in refused(signed, keys[1])
    path.write_bytes(before)
    check_signature(signed, keys[1])


def test_a_changed_signature_is_refused(signed, keys):
    path = signed / SIGNATURE
    before = path.read_bytes()
    for place in range(len(before)):
        path.write_bytes(before[:place] + bytes([before[place] ^ 128]) + before[place + 1:])
        assert 'does not fit manifest.json' in refused(signed, keys[1])


@pytest.mark.parametrize('content, said', [
    (b'', 'has 0 bytes, must have 64'),
    (b'x' * 63, 'has 63 bytes, must have 64'),
    (b'x' * 65, 'has 65 bytes, must have 64'),
    (b'x' * (2 ** 20 + 1), 'has 1048577 bytes, limit 1048576'),
])
def test_what_is_no_signature_is_refused(signed, keys, content, said):
    (signed / SIGNATURE).write_bytes(content)
    assert f'{SIGNATURE} {said}' in refused(signed, keys[1])


def test_another_key_is_refused_with_its_fingerprint(signed, keys, tmp_path):
    _, other = make_keys(tmp_path / 'other')
    message = refused(signed, other)
    assert 'another key signed it' in message
    (tmp_path / 'again').mkdir()
    assert sign(signed, tmp_path / 'other' / 'signing_key.pem') in message


def test_an_unsigned_bundle_is_refused(signed, keys):
    (signed / SIGNATURE).unlink()
    assert refused(signed, keys[1]) == (
        f'{signed} is not signed: it has no manifest.sig, and trusted_key asks for one')


def test_another_bundle_s_signature_is_refused(signed, keys, tmp_path):
    other = tmp_path / 'other_model'
    other.mkdir(mode=0o755)
    (other / 'manifest.json').write_text('{"format": 2}')
    shutil.copy(signed / SIGNATURE, other)
    assert 'does not fit manifest.json' in refused(other, keys[1])


@pytest.mark.parametrize('name', ['manifest.json', SIGNATURE])
def test_links_are_refused(signed, keys, tmp_path, name):
    shutil.move(signed / name, tmp_path / name)
    (signed / name).symlink_to(tmp_path / name)
    assert f'{name} is a link or cannot be read' in refused(signed, keys[1])


def test_a_trusted_key_that_is_a_link_is_refused(signed, keys, tmp_path):
    link = tmp_path / 'link.pem'
    link.symlink_to(keys[1])
    assert 'link.pem is a link or cannot be read' in refused(signed, link)


def test_a_folder_or_a_pipe_is_no_key(signed, keys, tmp_path):
    assert 'is not a regular file' in refused(signed, tmp_path)
    os.mkfifo(tmp_path / 'pipe')
    assert 'is not a regular file' in refused(signed, tmp_path / 'pipe')


def test_no_key_at_all(signed, tmp_path):
    assert 'nothing.pem is a link or cannot be read: No such file' in refused(
        signed, tmp_path / 'nothing.pem')


@pytest.mark.parametrize('mode', [0o666, 0o664, 0o646])
def test_a_trusted_key_that_others_may_write_is_refused(signed, keys, mode):
    keys[1].chmod(mode)
    assert f'trusted_key.pem has mode {mode:04o}, others may write it' in refused(signed, keys[1])


@pytest.mark.parametrize('name', ['.', 'manifest.json'])
def test_a_bundle_that_others_may_write_is_refused(signed, keys, name):
    (signed / name).chmod(0o777)
    assert f'{signed / name} has mode 0777, others may write it' in refused(signed, keys[1])


def test_the_key_of_another_user_is_refused(signed, keys, monkeypatch):
    if os.geteuid() == 0:       # whose own files are trusted by everyone
        os.chown(keys[1], 4321, -1)
        said = 'belongs to user 4321, must be root or 0'
    else:
        monkeypatch.setattr(os, 'geteuid', lambda: 4321)
        said = 'must be root or 4321'
    assert said in refused(signed, keys[1])


def pem(key) -> tuple[bytes, bytes]:
    """Return a key in the format of our own files."""
    return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()),
            key.public_key().public_bytes(serialization.Encoding.PEM,
                                          serialization.PublicFormat.SubjectPublicKeyInfo))


def test_keys_of_another_kind_are_named(signed, keys, tmp_path):
    private, public = pem(ec.generate_private_key(ec.SECP256R1()))
    keys[0].write_bytes(private)
    keys[1].write_bytes(public)
    with pytest.raises(SignatureError, match='ECPrivateKey, must be an Ed25519 key'):
        sign(signed, keys[0])
    assert 'ECPublicKey, must be an Ed25519 key' in refused(signed, keys[1])


@pytest.mark.parametrize('content', [b'', b'hello', b'-----BEGIN PUBLIC KEY-----\nAAAA\n'])
def test_what_is_no_key_is_refused(signed, keys, content):
    keys[0].write_bytes(content)
    keys[1].write_bytes(content)
    with pytest.raises(SignatureError, match='is not a private key without a password'):
        sign(signed, keys[0])
    assert 'is not a public key' in refused(signed, keys[1])


def test_the_private_key_is_no_trusted_key(signed, keys):
    assert 'is not a public key' in refused(signed, keys[0])


def test_a_private_key_that_others_may_read_is_refused(signed, keys):
    keys[0].chmod(0o640)
    with pytest.raises(SignatureError, match='has mode 0640, others may use it; must be 0600'):
        sign(signed, keys[0])


def test_keys_are_private_and_never_overwritten(tmp_path):
    before = os.umask(0)
    try:
        private, public = make_keys(tmp_path / 'a' / 'keys')
    finally:
        os.umask(before)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public.stat().st_mode & 0o777 == 0o644
    assert private.parent.stat().st_mode & 0o777 == 0o700
    content = private.read_bytes()
    with pytest.raises(SignatureError, match='is there already; a key is never overwritten'):
        make_keys(tmp_path / 'a' / 'keys')
    private.unlink()
    with pytest.raises(SignatureError, match=r'trusted_key\.pem is there already'):
        make_keys(tmp_path / 'a' / 'keys')
    assert not private.exists()
    assert b'PRIVATE KEY' in content
    assert b'PRIVATE' not in public.read_bytes()


def test_openssl_agrees(signed, keys):
    """What is written is no format of our own."""
    if shutil.which('openssl') is None:
        pytest.skip('openssl is not installed')
    done = subprocess.run(
        ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', keys[1], '-rawin', '-in',
         signed / 'manifest.json', '-sigfile', signed / SIGNATURE],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def test_without_cryptography_the_cure_is_named(signed, keys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cryptography', None)
    said = 'cryptography is not installed .*pip install -r requirements/signing.txt'
    with pytest.raises(SignatureError, match=said):
        check_signature(signed, keys[1])
    with pytest.raises(SignatureError, match=said):
        sign(signed, keys[0])
    with pytest.raises(SignatureError, match=said):
        make_keys(tmp_path / 'new')
    assert not (tmp_path / 'new').exists()
