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
A cache of decoded episodes: a folder for each set of bags and settings, whole or not there.

An entry is ``meta.json``, which has the size and the checksum of every other file and its own, and
the files.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import errno
import fcntl
import hashlib
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any
import zlib

from jepa_ros.engines.private_files import (
    cache_folder,
    CacheError,
    check_folder,
    EngineTamperedError,
    make_folder,
    read_private,
    write_private,
)

_LARGEST_META_BYTES = 2 ** 24
_CHUNK_BYTES = 2 ** 22
_PARTIAL = '.partial-'
_LOCK = 'lock'
_OF_DISKS = (errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.ENOSPC, errno.ENOTDIR, errno.EPERM,
             errno.EROFS)
ELSEWHERE = 'another place: set XDG_CACHE_HOME to a folder'


class EpisodeCache:
    """The entries of one folder, which belongs to this user alone; CacheUnsafeError if not."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder('episodes')
        with self._named():
            self.folder.parent.parent.mkdir(parents=True, exist_ok=True)
            for part in (self.folder.parent, self.folder):
                make_folder(part)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of a disk that is full or cannot be written where it is, and what helps."""
        try:
            yield
        except OSError as error:
            if error.errno not in _OF_DISKS:
                raise
            raise CacheError(f'{self.folder}, where decoded pictures are kept: {error.strerror}; '
                             f'{ELSEWHERE}') from error

    def check_room(self, needed_bytes: int) -> None:
        """Refuse what does not fit on the disk; CacheError gives both numbers."""
        free_bytes = shutil.disk_usage(self.folder).free
        if needed_bytes > free_bytes:
            raise CacheError(f'{self.folder} needs {needed_bytes / 1e6:.0f} MB for decoded '
                             f'pictures, its disk has {free_bytes / 1e6:.0f} MB free; make room, '
                             f'or {ELSEWHERE}')

    def path(self, key: dict[str, Any]) -> Path:
        """Return where the entry of a key is, or would be."""
        return self.folder / _digest(key)[:32]

    def load(self, key: dict[str, Any]) -> dict[str, Any] | None:
        """
        Return what meta.json of a key's entry says, None where there is no entry.

        Every file is read and compared; an entry that is not what was written is removed, and so
        is made again.
        """
        path = self.path(key)
        if not os.path.lexists(path):
            return None
        check_folder(path)
        try:
            meta = json.loads(read_private(path / 'meta.json', _LARGEST_META_BYTES))
            whole = meta.pop('sha256') == _digest(meta)
            if whole and meta['key'] == json.loads(json.dumps(key)) and all(
                    described(path / name) == wanted for name, wanted in meta['files'].items()):
                return dict(meta['content'])
        except (EngineTamperedError, OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        shutil.rmtree(path)
        return None

    @contextmanager
    def made(self, key: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
        """
        Give a folder and a table to fill; they become the key's entry when all went well.

        Whatever else happens leaves nothing: what a killed process left is removed by the next.
        """
        self._sweep()
        with self._named():
            partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self.folder))
        content: dict[str, Any] = {}
        try:
            with self._named(), (partial / _LOCK).open('w') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield partial, content
                files = {path.name: described(path) for path in sorted(partial.iterdir())
                         if path.name != _LOCK}
                meta = {'key': key, 'files': files, 'content': content}
                write_private(partial / 'meta.json', (json.dumps(
                    {**meta, 'sha256': _digest(meta)}, indent=1) + '\n').encode())
                (partial / _LOCK).unlink()
                # where another process was quicker, its entry is as good
                with suppress(FileExistsError, OSError):
                    os.rename(partial, self.path(key))
            if not self.path(key).exists():
                raise CacheError(f'{self.path(key)} could not be made; is {self.folder} writable?')
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what processes that are gone left: nobody holds their lock."""
        for partial in self.folder.glob(f'{_PARTIAL}*'):
            with suppress(OSError), (partial / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(partial, ignore_errors=True)


def _digest(table: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def described(path: Path) -> dict[str, int]:
    """Return size and CRC-32 of a file; OSError where it cannot be read or is a link."""
    crc, size = 0, 0
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, 'rb') as file:
        while chunk := file.read(_CHUNK_BYTES):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return {'bytes': size, 'crc32': crc}
