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

"""Files and folders that only this user can write: made so, and checked before they are read."""

import os
from pathlib import Path
import stat
import tempfile


class CacheError(RuntimeError):
    """There is no engine to be had from the cache; the message says why."""


class EngineTamperedError(CacheError):
    """An entry is not what was written."""


class CacheUnsafeError(CacheError):
    """Another user could have written an entry: owner, rights or a link are wrong."""


def cache_folder(name: str) -> Path:
    """Return jepa_ros/NAME in $XDG_CACHE_HOME, or in ~/.cache where that is not absolute."""
    said = Path(os.environ.get('XDG_CACHE_HOME', ''))
    return (said if said.is_absolute() else Path.home() / '.cache') / 'jepa_ros' / name


def make_folder(folder: Path) -> None:
    """Make a folder with mode 0700, or check the one there; CacheUnsafeError says why not."""
    if not os.path.lexists(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Refuse a folder that others could change; one that is not there is harmless."""
    if os.path.lexists(folder):
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise CacheUnsafeError(f'{folder} is not a folder, or a link to one; remove it')
        _check_rights(folder, status)


def _check_rights(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise CacheUnsafeError(f'{path} belongs to user {status.st_uid}, must be {os.geteuid()}')
    if status.st_mode & 0o022:
        raise CacheUnsafeError(
            f'{path} has mode {stat.S_IMODE(status.st_mode):04o}, others may write; must be 0700 '
            'for a folder, 0600 for a file')


def read_private(path: Path, limit_bytes: int) -> bytes:
    """Read a file that no other user can write, and that is not a link."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise EngineTamperedError(f'{path} is missing, its other half is there') from error
    except OSError as error:
        raise CacheUnsafeError(f'{path} is a link or cannot be read: {error.strerror}') from error
    with os.fdopen(handle, 'rb') as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise CacheUnsafeError(f'{path} is not a regular file')
        _check_rights(path, status)
        if status.st_size > limit_bytes:
            raise EngineTamperedError(f'{path} has {status.st_size} bytes, limit {limit_bytes}')
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600, whole or not at all."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix='.', suffix='.partial')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
