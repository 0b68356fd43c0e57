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

"""
The signature of a bundle: Ed25519 over the bytes of manifest.json, in manifest.sig.

The manifest has the hash of every file, so this signs them all.  Keys are PEM files; a signature
is 64 bytes, as openssl makes and checks them too.
"""

import hashlib
import os
from pathlib import Path
import stat
from typing import TYPE_CHECKING

from jepa_ros.engines.bundle_files import BundleError, LARGEST_MANIFEST_BYTES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE = 'manifest.sig'
PRIVATE_KEY, PUBLIC_KEY = 'signing_key.pem', 'trusted_key.pem'
_SIGNATURE_BYTES = 64
_LARGEST_KEY_BYTES = 2 ** 14


class SignatureError(BundleError):
    """A bundle that is not signed by whom it should be, or a key that cannot be used."""


def make_keys(folder: Path) -> tuple[Path, Path]:
    """
    Make a new pair of keys; return where the private one (mode 0600) and the public one are.

    Makes the folder where there is none.  SignatureError where there is a key already.
    """
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    key = Ed25519PrivateKey.generate()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private, public = folder / PRIVATE_KEY, folder / PUBLIC_KEY
    for path in (private, public):
        if os.path.lexists(path):
            raise SignatureError(f'{path} is there already; a key is never overwritten')
    _write_new(private, key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()), 0o600)
    _write_new(public, key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo), 0o644)
    return private, public


def sign(bundle: Path, private_key: Path) -> str:
    """
    Write a bundle's signature; return the fingerprint of the key that checks it.

    SignatureError where the key is not an Ed25519 key, or others may read it.
    """
    _need_cryptography()
    key = _private(private_key)
    signature = key.sign(_read(bundle / 'manifest.json', LARGEST_MANIFEST_BYTES)[0])
    path = bundle / SIGNATURE
    path.unlink(missing_ok=True)
    _write_new(path, signature, 0o644)
    return _fingerprint(key.public_key())


def check_signature(bundle: Path, trusted_key: Path) -> str:
    """
    Check that a bundle's manifest was signed by a key; return the key's fingerprint.

    SignatureError says what is wrong: with the signature, or with who may write the key's file
    and the bundle's folder.  That must be nobody but root and this user: else another could put
    his own there, the manifest after it was checked too.
    """
    _need_cryptography()
    from cryptography.exceptions import InvalidSignature
    key = _public(trusted_key)
    _refuse_others(bundle, bundle.stat())
    path = bundle / SIGNATURE
    if not os.path.lexists(path):
        raise SignatureError(f'{bundle} is not signed: it has no {SIGNATURE}, and trusted_key '
                             'asks for one')
    signature, _ = _read(path, LARGEST_MANIFEST_BYTES)
    if len(signature) != _SIGNATURE_BYTES:
        raise SignatureError(f'{path} has {len(signature)} bytes, must have {_SIGNATURE_BYTES}')
    manifest, status = _read(bundle / 'manifest.json', LARGEST_MANIFEST_BYTES)
    _refuse_others(bundle / 'manifest.json', status)
    try:
        key.verify(signature, manifest)
    except InvalidSignature as error:
        raise SignatureError(
            f'{path} does not fit manifest.json and the trusted key {_fingerprint(key)}: the '
            'manifest was changed, or another key signed it') from error
    return _fingerprint(key)


def _need_cryptography() -> None:
    """Raise SignatureError that names the cure where the package is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise SignatureError(f'cryptography is not installed ({error}); signatures need it: '
                             'pip install -r requirements/signing.txt') from error


def _fingerprint(key: 'Ed25519PublicKey') -> str:
    """Return the first half of the SHA-256 of a public key, to tell keys apart."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:32]


def _private(path: Path) -> 'Ed25519PrivateKey':
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    content, status = _read(path, _LARGEST_KEY_BYTES)
    if status.st_mode & 0o077:
        raise SignatureError(f'{path} has mode {stat.S_IMODE(status.st_mode):04o}, others may '
                             'use it; must be 0600')
    try:
        key = load_pem_private_key(content, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f'{path} is not a private key without a password: {error}') from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f'{path} is a {type(key).__name__}, must be an Ed25519 key')
    return key


def _public(path: Path) -> 'Ed25519PublicKey':
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    content, status = _read(path, _LARGEST_KEY_BYTES)
    _refuse_others(path, status)
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f'{path} is not a public key: {error}') from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f'{path} is a {type(key).__name__}, must be an Ed25519 key')
    return key


def _refuse_others(path: Path, status: os.stat_result) -> None:
    """Refuse what another user than root and this one can write."""
    if status.st_uid not in (0, os.geteuid()):
        raise SignatureError(f'{path} belongs to user {status.st_uid}, must be root or '
                             f'{os.geteuid()}')
    if status.st_mode & 0o022:
        raise SignatureError(f'{path} has mode {stat.S_IMODE(status.st_mode):04o}, others may '
                             'write it; take their right away: chmod go-w')


def _read(path: Path, limit_bytes: int) -> tuple[bytes, os.stat_result]:
    """Return a regular file's bytes and status; SignatureError for a link, or what is too long."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SignatureError(f'{path} is a link or cannot be read: {error.strerror}') from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise SignatureError(f'{path} is not a regular file')
    with os.fdopen(handle, 'rb') as file:
        if status.st_size > limit_bytes:
            raise SignatureError(f'{path} has {status.st_size} bytes, limit {limit_bytes}')
        return file.read(limit_bytes), status


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet; FileExistsError where it is."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, 'wb') as file:
        file.write(content)
