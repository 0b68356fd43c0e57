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

"""What a bag holds, as one number: a SHA-256 of its files, remembered while they stay the same."""

from collections.abc import Callable
import hashlib
import json
import os
from pathlib import Path
import time

from jepa_ros.bags.reader import storage_files
from jepa_ros.engines.private_files import CacheError, read_private, write_private

_CHUNK_BYTES = 2 ** 22
_LARGEST_MEMORY_BYTES = 2 ** 24
# a file that changed so lately may change again within the same tick of the disk's clock
_SETTLED_S = 2.0


def fingerprint(bag: Path, memory: 'Memory', told: Callable[[int], object]) -> str:
    """Return the SHA-256 over the content of a bag's files; ``told`` gets the bytes as they go."""
    whole = hashlib.sha256()
    for path in _files(bag):
        whole.update(f'{path.suffixes}\0{memory.digest(path, told)}\n'.encode())
    return whole.hexdigest()


def size_bytes(bag: Path) -> int:
    """Return how large a bag's files are together."""
    return sum(path.stat().st_size for path in _files(bag))


def _files(bag: Path) -> list[Path]:
    metadata = [bag / 'metadata.yaml'] if (bag / 'metadata.yaml').is_file() else []
    return metadata + storage_files(bag)


class Memory:
    """
    Digests of files, kept beside the cache.

    A digest counts while its file keeps inode, size, time of change of content and of status.
    The last of these no program can set, so a file that was edited and dated back is read again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            table = json.loads(read_private(path, _LARGEST_MEMORY_BYTES))
        except (CacheError, OSError, ValueError):
            table = {}     # it only saves time
        self._known: dict[str, str] = {
            key: value for key, value in table.items()
            if isinstance(value, str)} if isinstance(table, dict) else {}

    def digest(self, path: Path, told: Callable[[int], object]) -> str:
        """Return the SHA-256 of a file; ValueError where it changes while it is read."""
        before = _state(path)
        if before in self._known:
            told(path.stat().st_size)
            return self._known[before]
        content = hashlib.sha256()
        left = path.stat().st_size     # a file that grows would have no end
        with path.open('rb') as file:
            while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
                content.update(chunk)
                told(len(chunk))
                left -= len(chunk)
        if _state(path) != before:
            raise ValueError(f'{path} changes while it is read; end its recording first')
        if time.time() - path.stat().st_ctime > _SETTLED_S:
            self._known[before] = content.hexdigest()
        return content.hexdigest()

    def keep(self) -> None:
        """Write what is known."""
        write_private(self._path, json.dumps(self._known).encode())


def _state(path: Path) -> str:
    status = os.stat(path)
    return ':'.join(str(number) for number in (
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
