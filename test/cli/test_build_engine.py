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

"""``jepa build-engine`` builds without a GPU, into the user's cache, and says what it did."""

from collections import Counter
import contextlib
import re
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from jepa_ros.cli.main import main

pytest.importorskip('tensorrt_rtx')


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Return the folder of a cache of the test's own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'jepa_ros' / 'engines'


def build(bundle, *options):
    return main(['build-engine', '--model', str(bundle), *options])


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_it_says_where_engines_are_and_what_they_are_made_of(bundle, cache, capsys, precision):
    assert build(bundle, '--offline', '--target', 'sm_89', '--precision', precision,
                 '--candidates', '8', '--max-candidates', '32') == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert len(lines) == 2
    for graph, line in zip(('encoder', 'rollout'), lines, strict=True):
        found = re.fullmatch(rf'{graph}.onnx for sm_89: (\S+), \d+\.\d MB, \d+\.\d s, '
                             r'layers: (\d+ \w+(, )?)+', line)
        assert found, line
        assert precision in line
        assert found[1].startswith(str(cache))
    assert len(list(cache.glob('*.engine'))) == 2
    assert 'rollout.onnx: 100%' in said.err


def test_built_offline_it_is_found_by_the_engine(bundle, cache):
    import tensorrt_rtx

    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.engines.tensorrt_build import Candidates
    from jepa_ros.engines.tensorrt_cache import EngineCache, EngineMissingError
    from jepa_ros.engines.tensorrt_entry import find, Wish
    assert build(bundle, '--offline', '--candidates', '8', '--max-candidates', '32') == 0
    manifest = load_manifest(bundle)
    wish = Wish('fp32', Candidates(1, 8, 32), 'sm_89')
    for graph in (manifest.encoder, manifest.rollout):
        blob = find(tensorrt_rtx, EngineCache(), manifest, graph, wish)
        assert blob in [path.read_bytes() for path in cache.glob('*.engine')]
    with pytest.raises(EngineMissingError, match='was not built for sm_89'):
        find(tensorrt_rtx, EngineCache(), manifest, manifest.rollout,
             Wish('fp32', Candidates(), 'sm_89'))


def test_int8_is_built_from_a_bundle_s_int8_graphs(bundle, cache, capsys, tmp_path, rng):
    assert build(bundle, '--offline', '--precision', 'int8') == 2
    assert 'small has no int8 graphs; make them from ' in capsys.readouterr().err.splitlines()[-1]
    assert not cache.exists()
    from jepa_ros.engines.calibration import calibrate
    from jepa_ros.engines.int8_graphs import write_int8
    from jepa_ros.engines.manifest import load_manifest
    copy = shutil.copytree(bundle, tmp_path / 'small')
    manifest = load_manifest(copy)
    frames = rng.integers(0, 256, (32, 32, 32, 3), dtype=np.uint8)
    write_int8(manifest, calibrate(manifest, list(frames)).graphs, {})
    assert build(copy, '--offline', '--precision', 'int8', '--inspect') == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(' ')] == [
        'encoder.int8.onnx', 'rollout.int8.onnx']
    kinds = Counter(tuple(line.split()[:2]) for line in lines if line.startswith(' '))
    assert kinds['int8', 'convolution'] == 2
    assert kinds['int8', 'matrix_multiply'] > 20
    assert len(list(cache.glob('*.engine'))) == 2


def test_inspect_lists_every_layer(bundle, cache, capsys):
    assert build(bundle, '--offline', '--inspect') == 0
    lines = capsys.readouterr().out.splitlines()
    layers = [line.split() for line in lines if line.startswith('  ')]
    assert {'matrix_multiply', 'convolution', 'normalization'} <= {kind for _, kind, _ in layers}
    counts = re.findall(r'(\d+) (?:fp32|int\d+|bool)', '\n'.join(
        line for line in lines if not line.startswith('  ')))
    assert sum(map(int, counts)) == len(layers)


@pytest.mark.parametrize('options, message', [
    (['--target', 'sm_89'], "target is 'sm_89', which is for --offline only"),
    (['--offline', '--target', 'sm_13'], "target is 'sm_13', must be one of any, sm_"),
    (['--offline', '--precision', 'int4'], "precision is 'int4', must be one of fp32, fp16, bf16"),
    (['--offline', '--candidates', '0'], 'candidates are 0, 0, 1024'),
    (['--offline', '--max-candidates', '8'], 'candidates are 1, 32, 8'),
])
def test_wrong_options_are_answered_with_one_line(bundle, cache, capsys, options, message):
    assert build(bundle, *options) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not cache.exists()


def test_without_a_gpu_the_way_to_do_without_is_named(bundle, cache, capsys):
    pytest.importorskip('cuda.bindings.runtime')
    from jepa_ros.engines.cuda import Cuda, CudaError
    with contextlib.suppress(CudaError):
        pytest.skip(f'there is a GPU: {Cuda().device()}')
    assert build(bundle) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith('jepa build-engine: there is no GPU that CUDA can use (cudaGetDevice')
    assert said.endswith('; to build for another machine add --offline')
    assert not cache.exists()


def test_an_unsafe_cache_is_refused(bundle, cache, capsys):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    cache.parent.chmod(0o700)
    assert build(bundle, '--offline') == 2
    assert 'has mode 0777, others may write' in capsys.readouterr().err.splitlines()[-1]
    assert not list(cache.iterdir())


def test_without_tensorrt_the_cure_is_named(bundle, cache, capsys, monkeypatch):
    for name in ('tensorrt', 'tensorrt_rtx'):
        monkeypatch.setitem(sys.modules, name, None)
    assert build(bundle, '--offline') == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        'jepa build-engine: TensorRT is not installed; '
        'pip install -r requirements/tensorrt.txt')


def test_an_old_tensorrt_is_refused(bundle, cache, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tensorrt_rtx', None)
    monkeypatch.setitem(sys.modules, 'tensorrt', SimpleNamespace(__version__='8.6.2'))
    assert build(bundle, '--offline') == 2
    assert 'tensorrt is 8.6.2, must be 10 or later' in capsys.readouterr().err
