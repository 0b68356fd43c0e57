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

"""The files of a bundle: plain ones inside it, of limited size, with the hashes that it says."""

from collections.abc import Iterable
import hashlib
import json
from pathlib import Path
import re
import reprlib
from typing import Any

from jepa_ros.engines.graph_order import check_order

# what one protobuf message, an ONNX graph, may have
LARGEST_FILE_BYTES = 2 ** 31 - 1
LARGEST_MANIFEST_BYTES = 2 ** 20
LONGEST_NAME = 128
_CHUNK_BYTES = 2 ** 20
# nothing that a shell, a log or a file system takes for something else
_PLAIN = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.+-]*')
# the key of a protobuf entry that points an ONNX tensor to a file outside the graph; its tag and
# its length may be written with more bytes than they need, which readers take too, whatever bits
# are in those that go beyond 32
_EXTERNAL_DATA_KEY = b'location'
_BEFORE_KEY = re.compile(
    rb'(\x0a|\x8a[\x80-\xff]{0,8}[\x00-\x7f])(\x08|\x88[\x80-\xff]{0,8}[\x00-\x7f])\Z', re.DOTALL)
_LONGEST_BEFORE_KEY = 20

_said = reprlib.Repr()
_said.maxstring = _said.maxother = _said.maxlong = 70
_said.maxlist = _said.maxtuple = _said.maxdict = 8


class BundleError(ValueError):
    """A bundle that is not what its manifest says, or a manifest that is not one."""


def said(value: Any) -> str:
    """Return a value as an error may show it: whatever it is, a line that fits on a screen."""
    return _said.repr(value)


def _check_plain(path: Path, limit_bytes: int) -> None:
    """Refuse what is no regular file, or too large a one; BundleError, or OSError of the disk."""
    if path.is_symlink() or not path.is_file():
        raise BundleError(f'{path} is missing or not a regular file; a link is none')
    size = path.stat().st_size
    if size > limit_bytes:
        raise BundleError(f'{path} has {size} bytes, limit {limit_bytes}')


def read_json(path: Path) -> Any:
    """
    Read a JSON file as data.

    BundleError where it is a link, too large, not JSON, has a key twice in one table, of which
    two readers could take different ones, or text that is no Unicode.
    """
    try:
        _check_plain(path, LARGEST_MANIFEST_BYTES)
        raw = json.loads(path.read_text(encoding='utf-8'), object_pairs_hook=_table)
        # half of a surrogate pair can be escaped in JSON, and cannot be logged or published
        json.dumps(raw, ensure_ascii=False).encode()
    except BundleError:
        raise
    except OSError as error:
        raise BundleError(f'{path} cannot be read: {error.strerror}') from error
    except _RepeatedKeyError as error:
        raise BundleError(f'{path}: {error}') from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f'{path} is not JSON: {error}') from error
    return raw


class _RepeatedKeyError(ValueError):
    """A table with a key twice."""


def _table(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise _RepeatedKeyError(f'key {said(key)} is there twice in one table, limit 1')
        table[key] = value
    return table


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def check_name(name: str) -> None:
    """Refuse the name of a file that need not be inside the bundle; BundleError."""
    if not _PLAIN.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BundleError(f'file {said(name)} is not a plain name inside the bundle: letters, '
                          f'digits, _ . + -, at most {LONGEST_NAME}, no . at the start')


def check_file(folder: Path, name: str, wanted: str) -> None:
    """Refuse a file that is not a plain one in the folder with this SHA-256; BundleError."""
    check_name(name)
    path = folder / name
    try:
        _check_plain(path, LARGEST_FILE_BYTES)
        found = sha256(path)
    except OSError as error:
        raise BundleError(f'{path} cannot be read: {error.strerror}') from error
    if found != wanted:
        raise BundleError(f'{path}: SHA-256 is {found}, manifest says {said(wanted)}')


def read_checked(path: Path, wanted: str | None) -> bytes:
    """
    Return the bytes of an ONNX graph, which are hashed again: they may have changed since.

    BundleError where they have, None excepted, where the graph keeps tensors in another file, or
    where it is in no order.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f'{path} cannot be read: {error.strerror}') from error
    found = hashlib.sha256(content).hexdigest()
    if wanted is not None and found != wanted:
        raise BundleError(f'{path} changed after it was checked: SHA-256 is {found}, manifest '
                          f'says {said(wanted)}')
    if has_external_data(content):
        raise BundleError(f'{path} keeps tensors in other files; '
                          'export it with its weights inside')
    try:
        check_order(content)
    except ValueError as error:
        raise BundleError(f'{path} does not load: {error}') from error
    return content


def has_external_data(graph: bytes) -> bool:
    """Return whether an ONNX graph points to tensors in another file."""
    at = graph.find(_EXTERNAL_DATA_KEY)
    while at >= 0:
        if _BEFORE_KEY.search(graph[max(0, at - _LONGEST_BEFORE_KEY):at]):
            return True
        at = graph.find(_EXTERNAL_DATA_KEY, at + 1)
    return False
