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

"""Nothing comes out of the cache but what was put in, by this user, for this device."""

from dataclasses import replace
import json
import os
from pathlib import Path
import stat

import pytest

from jepa_ros.engines.private_files import cache_folder, CacheUnsafeError, EngineTamperedError
from jepa_ros.engines.tensorrt_cache import (
    EngineCache,
    EngineForeignError,
    EngineMissingError,
    EngineStaleError,
    Key,
)

KEY = Key('warehouse', 'rollout.onnx', '1' * 64, 'fp16', 'sm_89', 'tensorrt_rtx', '1.7.1.116',
          (1, 64, 1024), 1)
BLOB = bytes(range(256)) * 4


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path / 'cache' / 'jepa_ros' / 'engines')


@pytest.fixture
def stored(cache):
    """Return (cache, path of its only entry)."""
    return cache, cache.store(KEY, BLOB)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_put_in_comes_out(stored):
    cache, path = stored
    assert cache.load(KEY) == BLOB
    assert path == cache.path(KEY)
    assert sorted(p.suffix for p in cache.folder.iterdir()) == ['.engine', '.json']


def test_it_belongs_to_the_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        cache = EngineCache(tmp_path / 'jepa_ros' / 'engines')
        path = cache.store(KEY, BLOB)
    finally:
        os.umask(before)
    assert mode(cache.folder) == mode(cache.folder.parent) == 0o700
    assert mode(path) == mode(path.with_suffix('.json')) == 0o600


def test_the_folder_is_the_user_s_own(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert cache_folder('engines') == tmp_path / 'jepa_ros' / 'engines'
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))
    for relative in ('', 'somewhere'):
        monkeypatch.setenv('XDG_CACHE_HOME', relative)
        assert cache_folder('engines') == tmp_path / 'home' / '.cache' / 'jepa_ros' / 'engines'


def test_an_empty_cache_says_what_is_missing(cache):
    with pytest.raises(EngineMissingError, match=r'warehouse/rollout.onnx in fp16 was not built '
                       'for sm_89'):
        cache.load(KEY)
    assert not cache.folder.exists()


@pytest.mark.parametrize('change, error, message', [
    ({'graph_sha256': '2' * 64}, EngineStaleError, 'built from graph 1{12}, now 2{12}'),
    ({'runtime_version': '1.8'}, EngineStaleError,
     'built by tensorrt_rtx 1.7.1.116 with recipe 1, now 1.8 with 1'),
    ({'recipe': 2}, EngineStaleError, 'with recipe 1, now 1.7.1.116 with 2'),
    ({'device': 'sm_120'}, EngineForeignError, 'built for sm_89, this is sm_120'),
    ({'precision': 'fp32'}, EngineMissingError, 'in fp32 was not built for sm_89'),
    ({'candidates': (1, 8, 16)}, EngineMissingError, r'candidates \(1, 8, 16\)'),
    ({'runtime': 'tensorrt'}, EngineMissingError, 'was not built'),
    ({'model': 'other'}, EngineMissingError, 'other/rollout.onnx in fp16 was not built'),
])
def test_another_engine_is_refused_with_the_reason(stored, change, error, message):
    cache, _ = stored
    with pytest.raises(error, match=message):
        cache.load(replace(KEY, **change))
    assert cache.load(KEY) == BLOB


@pytest.mark.parametrize('spoil', [lambda b: b[:-1] + b'?', lambda b: b[:-1], lambda b: b + b'?',
                                   lambda b: b''])
def test_a_tampered_engine_is_refused(stored, spoil):
    cache, path = stored
    path.write_bytes(spoil(BLOB))
    with pytest.raises(EngineTamperedError, match=r'SHA-256 is .*, was .* when written'):
        cache.load(KEY)
    cache.store(KEY, BLOB)
    assert cache.load(KEY) == BLOB


@pytest.mark.parametrize('spoil', [
    lambda t: [], lambda t: {}, lambda t: {**t, 'key': 3}, lambda t: {**t, 'key': {}},
    lambda t: {**t, 'key': {**t['key'], 'recipe': 'one'}},
    lambda t: {**t, 'key': {**t['key'], 'candidates': 7}},
    lambda t: {**t, 'key': {**t['key'], 'more': 7}},
    lambda t: {**t, 'key': {**t['key'], 'device': 'sm_120'}},
    lambda t: {**t, 'sha256': '0' * 64}, lambda t: {'key': t['key']},
])
def test_a_tampered_sidecar_is_refused(stored, spoil):
    cache, path = stored
    sidecar = path.with_suffix('.json')
    sidecar.write_text(json.dumps(spoil(json.loads(sidecar.read_text()))))
    with pytest.raises(EngineTamperedError):
        cache.load(KEY)


@pytest.mark.parametrize('content', [b'\xff', b'{', b'[' * 60_000, b' ' * 70_000])
def test_a_sidecar_that_is_no_json_is_refused(stored, content):
    cache, path = stored
    path.with_suffix('.json').write_bytes(content)
    with pytest.raises(EngineTamperedError):
        cache.load(KEY)


def test_half_an_entry_is_none(stored):
    cache, path = stored
    path.unlink()
    with pytest.raises(EngineTamperedError, match='is missing, its other half is there'):
        cache.load(KEY)
    cache.store(KEY, BLOB)
    path.with_suffix('.json').unlink()
    with pytest.raises(EngineMissingError):
        cache.load(KEY)


@pytest.mark.parametrize('which', ['.engine', '.json'])
def test_a_link_is_refused(stored, tmp_path, which):
    cache, path = stored
    entry = path.with_suffix(which)
    elsewhere = tmp_path / 'elsewhere'
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)
    with pytest.raises(CacheUnsafeError, match=f'{which} is a link or cannot be read'):
        cache.load(KEY)


@pytest.mark.parametrize('which', ['.engine', '.json'])
def test_what_is_no_file_is_refused(stored, which):
    cache, path = stored
    entry = path.with_suffix(which)
    entry.unlink()
    os.mkfifo(entry, 0o600)
    with pytest.raises(CacheUnsafeError, match='is not a regular file'):
        cache.load(KEY)


@pytest.mark.parametrize('rights', [0o602, 0o620, 0o666])
@pytest.mark.parametrize('which', ['.engine', '.json'])
def test_a_file_that_others_may_write_is_refused(stored, which, rights):
    cache, path = stored
    path.with_suffix(which).chmod(rights)
    with pytest.raises(CacheUnsafeError, match=f'has mode {rights:04o}, others may write'):
        cache.load(KEY)


@pytest.mark.parametrize('upper', [False, True])
@pytest.mark.parametrize('rights', [0o702, 0o720, 0o777])
def test_a_folder_that_others_may_write_is_refused(stored, rights, upper):
    cache, _ = stored
    folder = cache.folder.parent if upper else cache.folder
    folder.chmod(rights)
    for use in (lambda: cache.load(KEY), lambda: cache.store(KEY, BLOB)):
        with pytest.raises(CacheUnsafeError, match=f'has mode {rights:04o}, others may write'):
            use()


@pytest.mark.parametrize('upper', [False, True])
def test_a_folder_that_is_a_link_is_refused(stored, tmp_path, upper):
    cache, _ = stored
    folder = cache.folder.parent if upper else cache.folder
    folder.rename(tmp_path / 'elsewhere')
    folder.symlink_to(tmp_path / 'elsewhere')
    for use in (lambda: cache.load(KEY), lambda: cache.store(KEY, BLOB)):
        with pytest.raises(CacheUnsafeError, match='is not a folder, or a link to one'):
            use()


def test_what_belongs_to_another_is_refused(stored, monkeypatch):
    cache, _ = stored
    me = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: me + 1)
    with pytest.raises(CacheUnsafeError, match=f'belongs to user {me}, must be {me + 1}'):
        cache.load(KEY)


def test_a_newer_engine_takes_the_place_of_a_stale_one_only(cache):
    newer = replace(KEY, graph_sha256='2' * 64)
    others = [replace(KEY, device='any'), replace(KEY, precision='fp32'),
              replace(KEY, graph='encoder.onnx', candidates=()), replace(KEY, runtime='tensorrt'),
              replace(KEY, candidates=(1, 8, 16))]
    for key in (KEY, *others, newer):
        cache.store(key, key.digest.encode())
    for key in (*others, newer):
        assert cache.load(key) == key.digest.encode()
    with pytest.raises(EngineStaleError):
        cache.load(KEY)
    assert len(list(cache.folder.iterdir())) == 2 * 6


def test_a_write_that_is_cut_short_leaves_no_entry(stored, monkeypatch):
    cache, _ = stored

    def full(source, target):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', full)
    with pytest.raises(OSError, match='No space left'):
        cache.store(KEY, BLOB * 2)
    monkeypatch.undo()
    with pytest.raises(EngineMissingError):
        cache.load(KEY)
    assert not list(cache.folder.glob('.*.partial'))


def test_every_field_of_a_key_counts():
    changes = {name: (7,) if name == 'candidates' else 7 if name == 'recipe' else 'x'
               for name in Key.__annotations__}
    digests = {KEY.digest, *(replace(KEY, **{n: v}).digest for n, v in changes.items())}
    assert len(digests) == len(changes) + 1
    assert Path(f'{KEY.digest}.engine').name == f'{KEY.digest}.engine'
