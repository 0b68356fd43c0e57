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

"""Files that are written whole or not at all, and then are on the disk itself."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
from typing import BinaryIO


def partial_of(path: Path) -> Path:
    """Return where a file is until it is whole."""
    return path.with_name(f'{path.name}.partial')


@contextmanager
def whole_file(path: Path, former: Path | None = None) -> Iterator[BinaryIO]:
    """
    Yield a file to write to; when all is written it takes its place at ``path``, in one step.

    A file that was there hands its rights on, and is kept as ``former`` where that is given.
    What fails leaves it as it was and nothing beside it; a kill leaves the partial file, which
    the next writing begins anew.  A power cut after this takes nothing back.  OSError where it
    cannot be written.
    """
    partial = partial_of(path)
    try:
        with partial.open('wb') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, partial)
            if former is not None:
                path.replace(former)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def check_fetched(path: Path) -> None:
    """Refuse a file that only says where Git LFS keeps what it stands for; ValueError."""
    with path.open('rb') as file:
        begin = file.read(200)
    if begin.startswith(b'version ') and b'\noid sha256:' in begin:
        raise ValueError(f'{path} is a pointer of Git LFS, not the file itself; fetch it: git lfs '
                         'pull')


def write_whole(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, by ``whole_file``."""
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk itself, where its file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
