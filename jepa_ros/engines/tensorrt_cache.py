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
Built engines in the user's cache folder: owner only, named by what they were built from.

An engine is code for a GPU, so nothing comes out of here that another user could have put in.
"""

from dataclasses import asdict, dataclass, replace
import hashlib
import json
import os
from pathlib import Path

from jepa_ros.engines.private_files import (
    cache_folder,
    CacheError,
    check_folder,
    EngineTamperedError,
    make_folder,
    read_private,
    write_private,
)
from jepa_ros.engines.tensorrt_build import Candidates

LARGEST_ENTRY_BYTES = 2 ** 31
_LARGEST_SIDECAR_BYTES = 2 ** 16


class EngineAbsentError(CacheError):
    """There is no such engine, and nothing is wrong with that."""


class EngineMissingError(EngineAbsentError):
    """Nothing like it was ever built."""


class EngineStaleError(EngineAbsentError):
    """One was built with another runtime version, or from another graph."""


class EngineForeignError(EngineAbsentError):
    """One was built for another device."""


@dataclass(frozen=True)
class Key:
    """
    What an engine is built from; any difference is another engine.

    ``device`` is the compute capability or the target; ``candidates`` (fewest, usual, most), empty
    for a graph without them; ``recipe`` the version of what we change in a graph.
    """

    model: str
    graph: str
    graph_sha256: str
    precision: str
    device: str
    runtime: str
    runtime_version: str
    candidates: tuple[int, ...]
    recipe: int

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all fields, the name of the entry."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @classmethod
    def of(cls, table: object) -> 'Key':
        """Return a key from a sidecar's table; TypeError or ValueError where it is not one."""
        if not isinstance(table, dict):
            raise TypeError(f'key is a {type(table).__name__}, must be an object')
        key = cls(**{**table, 'candidates': tuple(table.get('candidates', ()))})
        for name, kind in cls.__annotations__.items():
            wanted = {str: str, int: int}.get(kind, tuple)
            if not isinstance(getattr(key, name), wanted):
                raise ValueError(f'{name} is {getattr(key, name)!r}')
        if key.candidates:
            Candidates(*key.candidates)     # refuses what are none
        return key


class EngineCache:
    """
    The entries of one folder: DIGEST.engine, and DIGEST.json with the key and the blob's hash.

    Folder and files belong to this user alone; CacheUnsafeError where they do not.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder('engines')

    def path(self, key: Key) -> Path:
        """Return where the engine of a key is, or would be."""
        return self.folder / f'{key.digest}.engine'

    def store(self, key: Key, blob: bytes) -> Path:
        """Write an entry whole or not at all, drop those it makes stale; return its path."""
        self.folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder.parent, self.folder):
            make_folder(folder)
        path = self.path(key)
        sidecar = {'key': asdict(key), 'sha256': hashlib.sha256(blob).hexdigest(),
                   'bytes': len(blob)}
        # without its sidecar a blob is no entry, so a cut between the two leaves none
        path.with_suffix('.json').unlink(missing_ok=True)
        write_private(path, blob)
        write_private(path.with_suffix('.json'), (json.dumps(sidecar, indent=2) + '\n').encode())
        for other in self._keys():
            if other != key and _stale(other, key) and other.device == key.device:
                for suffix in ('.json', '.engine'):
                    self.path(other).with_suffix(suffix).unlink(missing_ok=True)
        return path

    def load(self, key: Key) -> bytes:
        """Return an engine's bytes, checked; else one of the errors above, with the reason."""
        self._check_folders()
        path = self.path(key)
        if not os.path.lexists(path.with_suffix('.json')):
            raise self._absent(key)
        _, wanted = self._sidecar(path.with_suffix('.json'))
        blob = read_private(path, LARGEST_ENTRY_BYTES)
        found = hashlib.sha256(blob).hexdigest()
        if found != wanted:
            raise EngineTamperedError(f'{path}: SHA-256 is {found}, was {wanted} when written')
        return blob

    def variants(self, key: Key) -> list[Key]:
        """Return the keys in here that differ in candidates alone or not at all, newest first."""
        self._check_folders()
        same = [k for k in self._keys() if replace(k, candidates=key.candidates) == key]
        return sorted(same, key=lambda k: self.path(k).with_suffix('.json').lstat().st_mtime_ns,
                      reverse=True)

    def _absent(self, key: Key) -> EngineAbsentError:
        """Say why there is no entry, from those that come closest."""
        what = f'the engine of {key.model}/{key.graph} in {key.precision}'
        others = [k for k in self._keys() if _stale(k, key)]
        for other in others:
            if other.device != key.device:
                continue
            if other.graph_sha256 != key.graph_sha256:
                return EngineStaleError(f'{what} was built from graph {other.graph_sha256[:12]}, '
                                        f'now {key.graph_sha256[:12]}')
            return EngineStaleError(
                f'{what} was built by {other.runtime} {other.runtime_version} with recipe '
                f'{other.recipe}, now {key.runtime_version} with {key.recipe}')
        if others:
            devices = ', '.join(sorted({other.device for other in others}))
            return EngineForeignError(f'{what} was built for {devices}, this is {key.device}')
        return EngineMissingError(f'{what} was not built for {key.device} and candidates '
                                  f'{key.candidates}: it is not in {self.folder}')

    def _keys(self) -> list[Key]:
        """Return the keys of all entries that can be read; the others are no one's business."""
        def key(path: Path) -> Key | None:
            try:
                return self._sidecar(path)[0]
            except CacheError:
                return None

        return [k for k in map(key, sorted(self.folder.glob('*.json'))) if k is not None]

    def _sidecar(self, path: Path) -> tuple[Key, str]:
        raw = read_private(path, _LARGEST_SIDECAR_BYTES)
        try:
            table = json.loads(raw)
            key = Key.of(table['key'])
            said = str(table['sha256'])
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise EngineTamperedError(f'{path} is not what was written: {error!r}') from error
        if path.stem != key.digest:
            raise EngineTamperedError(f'{path}: its key is not the one that names it')
        return key, said

    def _check_folders(self) -> None:
        for folder in (self.folder.parent, self.folder):
            check_folder(folder)


def _stale(other: Key, key: Key) -> bool:
    """Tell whether one engine took the place of another that it differs from only by versions."""
    def place(k: Key) -> tuple[object, ...]:
        return (k.model, k.graph, k.precision, k.runtime, k.candidates)
    return place(other) == place(key)
