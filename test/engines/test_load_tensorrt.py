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

"""``engine: tensorrt`` and ``auto`` on a fake GPU: what they take, what they refuse, and why."""

from dataclasses import replace
import gc
import json
from pathlib import Path
import shutil

from built_engines import built, CANDIDATES
from int8_rig import int8_bundle
import pytest

from jepa_ros.engines import tensorrt_load
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, load_manifest
from jepa_ros.engines.tensorrt_build import ANY, Candidates
from jepa_ros.engines.tensorrt_entry import key_of, Wish

trt = pytest.importorskip('tensorrt_rtx')
from tensorrt_rig import question, Rig, same  # noqa: E402, I100  (only where there is TensorRT)

ON_CPU = 'the fastest on a CPU that answers as torch does; not tensorrt: '


@pytest.fixture
def rig(bundle, tmp_path, monkeypatch):
    """Return a rig whose GPU, TensorRT and cache are what load_engine finds."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    rig = Rig(bundle, tmp_path / 'jepa_ros' / 'engines')
    rig.gpu = True

    class Cuda(tensorrt_load.Cuda):
        """What knows the fake GPU."""

        def __init__(self):
            super().__init__(rig.cuda)

    monkeypatch.setattr(tensorrt_load, 'Cuda', Cuda)
    monkeypatch.setattr(tensorrt_load, 'load_tensorrt', lambda: rig.trt)
    return rig


def put(rig, precision='fp32', candidates=CANDIDATES, device=ANY, **changed):
    """Put engines of other kinds into the cache; their content is that of fp32."""
    for graph in (rig.manifest.encoder, rig.manifest.rollout):
        blob = built(rig.manifest.folder)[graph.file].blob
        key = key_of(rig.trt, rig.manifest, graph, Wish(precision, candidates, device))
        rig.cache.store(replace(key, **changed), blob)


@pytest.mark.parametrize('name, why', [
    ('tensorrt', 'asked for by name'),
    ('auto', 'there is a GPU, and an engine that was built for it')])
def test_what_was_built_is_taken(rig, bundle, rng, name, why):
    rig.store()
    engine = load_engine(bundle, name)
    assert (engine.engine, engine.device, engine.precision) == ('tensorrt', 'sm_89', 'fp32')
    assert engine.why == why
    inputs = question(engine.spec, 5, rng)
    same(engine.rollout(*inputs), rig.reference.rollout(*inputs))


def test_an_engine_that_is_dropped_frees_its_memory(rig, bundle, rng):
    rig.store()
    engine = load_engine(bundle, 'tensorrt')
    engine.rollout(*question(engine.spec, 5, rng))
    assert len(rig.cuda.living) > 10
    del engine
    gc.collect()
    assert not rig.cuda.living


def test_without_an_engine_the_command_is_named(rig, bundle):
    said = (r'there is a GPU \(Fake GPU, sm_89\), but the engine of small/encoder.onnx in fp32 '
            r'was not built for sm_89 .*; build it: jepa build-engine --model '
            f'{bundle} --precision fp32')
    with pytest.raises(BundleError, match=said):
        load_engine(bundle, 'tensorrt')
    assert not rig.cache.folder.exists()
    engine = load_engine(bundle)
    assert (engine.engine, engine.device, engine.precision) == ('openvino', 'cpu', 'fp32')
    assert engine.why.startswith(f'{ON_CPU}there is a GPU (Fake GPU, sm_89), but the engine of ')
    assert engine.why.endswith(f'jepa build-engine --model {bundle} --precision fp32')


def test_the_most_exact_that_was_built_is_taken(rig, bundle):
    put(rig, 'bf16')
    assert load_engine(bundle, 'tensorrt').precision == 'bf16'
    put(rig, 'fp16')
    assert load_engine(bundle).precision == 'fp16'
    assert load_engine(bundle, precision='bf16').precision == 'bf16'
    with pytest.raises(BundleError, match=r'in fp32 was not built .* --precision fp32'):
        load_engine(bundle, 'tensorrt', precision='fp32')


def test_the_numbers_of_candidates_built_last_are_taken(rig, bundle, monkeypatch):
    asked = []
    whole = tensorrt_load.TensorrtEngine

    def noted(manifest, precision, candidates, *rest):
        asked.append(candidates)
        return whole(manifest, precision, CANDIDATES, *rest)

    monkeypatch.setattr(tensorrt_load, 'TensorrtEngine', noted)
    rig.store()
    for candidates in (Candidates(1, 8, 128), Candidates(1, 300, 2048)):
        put(rig, candidates=candidates)
        load_engine(bundle, 'tensorrt')
        assert asked[-1] == candidates
    put(rig, candidates=CANDIDATES, device='sm_89')     # for this very GPU
    load_engine(bundle, 'tensorrt')
    assert asked[-1] == CANDIDATES


@pytest.mark.parametrize('changed, message', [
    ({'graph_sha256': '2' * 64}, 'in fp16 was built from graph 2{12}, now '),
    ({'runtime_version': '1.0'}, 'in fp16 was built by tensorrt_rtx 1.0 with recipe '),
    ({'device': 'sm_120'}, 'in fp16 was built for sm_120, this is sm_89'),
])
def test_a_stale_or_foreign_engine_says_more_than_none(rig, bundle, changed, message):
    put(rig, 'fp16', **{'device': 'sm_89', **changed})
    with pytest.raises(BundleError, match=f'{message}.*; build it: .* --precision fp16'):
        load_engine(bundle, 'tensorrt')
    assert load_engine(bundle).engine == 'openvino'


def test_a_tampered_engine_is_refused_and_another_does_not_stand_in(rig, bundle):
    rig.store()
    put(rig, 'fp16')
    path = rig.cache.path(key_of(rig.trt, rig.manifest, rig.manifest.rollout,
                                 Wish('fp32', CANDIDATES, ANY)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r'SHA-256 is .* when written'):
        load_engine(bundle, 'tensorrt')
    engine = load_engine(bundle)
    assert engine.engine == 'openvino'
    assert 'not tensorrt: ' in engine.why


def test_a_cache_that_others_may_write_is_refused(rig, bundle):
    rig.store()
    rig.cache.folder.chmod(0o777)
    with pytest.raises(BundleError, match='has mode 0777, others may write'):
        load_engine(bundle, 'tensorrt')
    assert 'not tensorrt: ' in load_engine(bundle).why
    assert 'has mode 0777' in load_engine(bundle).why


def test_without_a_gpu_it_says_so(rig, bundle):
    rig.store().cuda.fails = 'cudaGetDevice'
    with pytest.raises(BundleError, match=r'there is no GPU that CUDA can use .cudaGetDevice: '):
        load_engine(bundle, 'tensorrt')
    assert load_engine(bundle).why.startswith(f'{ON_CPU}there is no GPU that CUDA can use')


def test_an_engine_that_tensorrt_does_not_load_is_an_error(rig, bundle):
    rig.store().loads = False
    with pytest.raises(BundleError, match=r'TensorRT does not load the engine of encoder.onnx'):
        load_engine(bundle, 'tensorrt')
    assert not rig.cuda.living
    assert load_engine(bundle).engine == 'openvino'


def test_int8_needs_int8_graphs(rig, bundle):
    with pytest.raises(BundleError, match=r'small has no int8 graphs; .* jepa calibrate'):
        load_engine(bundle, 'tensorrt', precision='int8')


def test_int8_that_is_out_of_date_is_not_in_the_way_of_others(rig, bundle, tmp_path):
    stale = Path(shutil.copytree(int8_bundle(bundle), tmp_path / 'stale'))
    raw = json.loads((stale / 'manifest.json').read_text())
    raw['int8']['made_from']['encoder.onnx'] = '1' * 64
    (stale / 'manifest.json').write_text(json.dumps(raw))
    with pytest.raises(BundleError, match=r'in fp32 was not built .* --precision fp32'):
        load_engine(stale, 'tensorrt')
    rig.store()
    assert load_engine(stale, 'tensorrt').precision == 'fp32'


def test_precisions_that_only_a_gpu_has_are_refused_without_one(rig, bundle):
    rig.cuda.fails = 'cudaGetDevice'
    with pytest.raises(ValueError, match="precision is 'fp16', openvino has fp32, bf16, int8"):
        load_engine(bundle, precision='fp16')
    with pytest.raises(ValueError, match="precision is 'int4', tensorrt has fp32, fp16, bf16"):
        load_engine(bundle, 'tensorrt', precision='int4')


def test_engines_of_a_bundle_with_the_same_name_are_not_mixed_up(rig, bundle):
    """The key has the hash of the graph: a model that was trained again has none."""
    rig.store()
    assert load_manifest(bundle).name == 'small'
    put(rig, graph_sha256='3' * 64, device='sm_89')     # newer, and for this very GPU
    load_engine(bundle, 'tensorrt')
    assert [e.graph.file for e in rig.engines] == ['encoder.onnx', 'rollout.onnx']
