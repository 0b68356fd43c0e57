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

"""The TensorRT engine on a fake GPU, which checks the order of things and frees by the book."""

from built_engines import built, CANDIDATES
from fake_cuda import FakeEngine
import numpy as np
import pytest
from small_bundle import small_bundle, TELLING

from jepa_ros.engines.cuda import CudaError
from jepa_ros.engines.manifest import BundleError
from jepa_ros.engines.private_files import CacheError, CacheUnsafeError
from jepa_ros.engines.tensorrt_build import ANY, BuildError, Candidates
from jepa_ros.engines.tensorrt_cache import EngineMissingError
from jepa_ros.engines.tensorrt_entry import key_of, Wish
from jepa_ros.engines.tensorrt_program import CUDA_GRAPHS

trt = pytest.importorskip('tensorrt_rtx')
from tensorrt_rig import question, Rig, same  # noqa: E402, I100  (only where there is TensorRT)

LAUNCH = 'cudaGraphLaunch'


@pytest.fixture
def rig(bundle, tmp_path):
    return Rig(bundle, tmp_path / 'jepa_ros' / 'engines')


def test_it_answers_what_the_device_computes(rig, rng):
    engine = rig.store().engine()
    assert (engine.engine, engine.device, engine.precision) == ('tensorrt', 'sm_89', 'fp32')
    spec = engine.spec
    for _ in range(2):
        image = rng.integers(0, 256, (spec.image_height, spec.image_width, 3), dtype=np.uint8)
        np.testing.assert_array_equal(engine.encode(image), rig.reference.encode(image))
    for candidates in (16, 1, 256, 16):
        inputs = question(spec, candidates, rng)
        same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    engine.close()


def test_it_tells_where_the_goal_lies(tmp_path_factory, tmp_path, rng):
    bundle = small_bundle(tmp_path_factory.getbasetemp(), TELLING)
    rig = Rig(bundle, tmp_path / 'jepa_ros' / 'engines')
    engine = rig.store().engine()
    for candidates in (16, 1):
        inputs = question(engine.spec, candidates, rng)
        told = engine.rollout(*inputs).goal_pose
        np.testing.assert_array_equal(told, rig.reference.rollout(*inputs).goal_pose)
    engine.close()


def test_answers_are_the_caller_s_own(rig, rng):
    engine = rig.store().engine()
    inputs = question(engine.spec, 4, rng)
    first = engine.rollout(*inputs)
    kept = first.latents.copy()
    engine.rollout(*question(engine.spec, 4, rng))
    np.testing.assert_array_equal(first.latents, kept)
    engine.close()


def test_a_number_of_candidates_is_captured_once(rig, rng):
    engine = rig.store().engine()
    inputs = question(engine.spec, 16, rng)
    engine.rollout(*inputs)
    first = rig.calls()
    wanted = ['execute', 'cudaStreamSynchronize', 'cudaStreamBeginCapture', 'execute',
              'cudaStreamEndCapture', 'cudaGraphInstantiate', 'cudaGraphDestroy', LAUNCH]
    at = first.index('execute')
    assert first[at:at + len(wanted)] == wanted
    assert first[at - 4:at] == ['cudaMemcpyAsync'] * 4
    assert first[at + len(wanted):] == [*['cudaMemcpyAsync'] * 3, 'cudaStreamSynchronize']
    engine.rollout(*inputs)
    # of the same question only the candidates are copied in again
    assert rig.calls() == ['cudaMemcpyAsync', LAUNCH, *['cudaMemcpyAsync'] * 3,
                           'cudaStreamSynchronize']
    engine.close()


@pytest.mark.parametrize('changed, copies', [((2,), 1), ((), 1), ((2, 3), 2), ((0, 1, 2, 3), 4)])
def test_only_what_changed_is_copied_in(rig, rng, changed, copies):
    engine = rig.store().engine()
    inputs = question(engine.spec, 16, rng)
    engine.rollout(*inputs)
    rig.calls()
    for i in changed:
        inputs[i] = inputs[i] + np.float32(0.01)
    same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    assert rig.calls() == [*['cudaMemcpyAsync'] * copies, LAUNCH, *['cudaMemcpyAsync'] * 3,
                           'cudaStreamSynchronize']
    engine.close()


def test_a_goal_changed_in_place_is_seen(rig, rng):
    engine = rig.store().engine()
    inputs = question(engine.spec, 3, rng)
    engine.rollout(*inputs)
    inputs[3] += 1.0
    same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    engine.close()


def test_after_a_failed_copy_nothing_is_taken_for_granted(rig, rng):
    engine = rig.store().engine()
    inputs = question(engine.spec, 3, rng)
    engine.rollout(*inputs)
    changed = [array + np.float32(0.5) for array in inputs]
    rig.cuda.fails = LAUNCH
    with pytest.raises(CudaError, match=r'cudaGraphLaunch: out of memory \(error 2\)'):
        engine.rollout(*changed)
    rig.cuda.fails = ''
    same(engine.rollout(*changed), rig.reference.rollout(*changed))
    same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    engine.close()


def test_few_cuda_graphs_are_kept_at_a_time(rig, rng):
    engine = rig.store().engine()
    for candidates in range(1, CUDA_GRAPHS + 3):
        inputs = question(engine.spec, candidates, rng)
        same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    calls = rig.calls()
    assert calls.count('cudaGraphInstantiate') == CUDA_GRAPHS + 2
    assert calls.count('cudaGraphExecDestroy') == 2
    engine.rollout(*question(engine.spec, 3, rng))      # the oldest that is left
    engine.rollout(*question(engine.spec, 9, rng))
    engine.rollout(*question(engine.spec, 3, rng))
    assert rig.calls().count('cudaGraphInstantiate') == 1
    engine.close()


@pytest.mark.parametrize('jetson', [False, True])
def test_kernels_are_final_and_scratch_is_shared(rig, rng, jetson):
    rig.jetson = jetson
    engine = rig.store('sm_89 Fake GPU' if jetson else 'sm_89').engine()
    assert engine.device == ('sm_89 Fake GPU' if jetson else 'sm_89')
    engine.rollout(*question(engine.spec, 3, rng))
    (how,) = rig.engines[1].strategies
    shared = trt.ExecutionContextAllocationStrategy.USER_MANAGED
    if jetson:
        assert how == shared
    else:
        assert how.allocation == shared
        assert how.dynamic_shapes_kernel_specialization_strategy == (
            trt.DynamicShapesKernelSpecializationStrategy.EAGER)
    engine.close()


def test_what_cannot_be_captured_is_enqueued(rig, rng):
    engine = rig.store().engine()
    rig.engines[1].capturable = False
    for _ in range(2):
        inputs = question(engine.spec, 5, rng)
        same(engine.rollout(*inputs), rig.reference.rollout(*inputs))
    assert LAUNCH not in rig.calls()
    engine.close()


def test_close_frees_everything_and_ends_it(rig, rng):
    engine = rig.store().engine()
    engine.rollout(*question(engine.spec, 3, rng))
    assert len(rig.cuda.living) > 10
    engine.close()
    assert not rig.cuda.living
    with pytest.raises(RuntimeError, match='the engine is closed'):
        engine.rollout(*question(engine.spec, 3, rng))
    engine.close()


def test_an_engine_that_cannot_be_made_frees_what_it_had(rig):
    rig.store().loads = False
    with pytest.raises(BuildError, match=r'TensorRT does not load the engine of encoder.onnx'):
        rig.engine()
    assert not rig.cuda.living


def test_a_run_that_tensorrt_refuses_is_an_error(rig, rng):
    engine = rig.store().engine()
    rig.engines[1].refuses = True
    with pytest.raises(CudaError, match=r'TensorRT did not run rollout.onnx'):
        engine.rollout(*question(engine.spec, 3, rng))


@pytest.mark.parametrize('candidates', [0, 257])
def test_too_many_candidates_are_refused(rig, rng, candidates):
    engine = rig.store().engine()
    with pytest.raises(ValueError, match=f'{candidates} candidates, this engine takes 1 to 256'):
        engine.rollout(*question(engine.spec, 1, rng)[:2],
                       np.zeros((candidates, 3, 5, 2), np.float32), np.zeros((1, 8), np.float32))
    engine.close()


def test_inputs_of_another_shape_or_type_are_refused(rig, rng):
    engine = rig.store().engine()
    context, executed, candidates, goal = question(engine.spec, 2, rng)
    with pytest.raises(ValueError, match=r'goal is float64 \(1, 8\), must be float32 \(1, 8\)'):
        engine.rollout(context, executed, candidates, goal.astype(np.float64))
    with pytest.raises(ValueError, match=r'goal is float32 \(8,\), must be float32 \(1, 8\)'):
        engine.rollout(context, executed, candidates, goal[0])
    with pytest.raises(ValueError, match=r'image is uint8 \(1, 8, 8, 3\), must be uint8 \(1, 32'):
        engine.encode(np.zeros((8, 8, 3), np.uint8))
    engine.close()


def test_an_engine_of_other_tensors_is_refused(rig, monkeypatch):
    monkeypatch.setattr(FakeEngine, 'get_tensor_shape', lambda self, name: (1, 2))
    with pytest.raises(BundleError, match=r"the engine of encoder.onnx has .*'image', True"):
        rig.store().engine()
    assert not rig.cuda.living


def test_an_engine_for_fewer_candidates_is_refused(rig, monkeypatch):
    whole = FakeEngine.get_tensor_profile_shape
    monkeypatch.setattr(FakeEngine, 'get_tensor_profile_shape', lambda self, name, index: [
        shape if shape[0] != 256 else (64, *shape[1:])
        for shape in whole(self, name, index)])
    with pytest.raises(BundleError, match=r'takes candidates up to .64, 3, 5, 2., wanted .256'):
        rig.store().engine()


def test_without_an_engine_in_the_cache_it_is_built_or_refused(rig, monkeypatch):
    with pytest.raises(EngineMissingError, match=r'encoder.onnx in fp32 was not built for sm_89'):
        rig.engine()
    asked = []

    def build(trt, manifest, graph, precision, candidates, target, progress):
        asked.append((graph.file, precision, candidates, target))
        return next(e for name, e in built(rig.manifest.folder).items() if name == graph.file)

    monkeypatch.setattr('jepa_ros.engines.tensorrt_entry.build', build)
    engine = rig.engine(build=True)
    assert asked == [(name, 'fp32', CANDIDATES, None) for name in ('encoder.onnx',
                                                                   'rollout.onnx')]
    assert set(engine.built_because) == {'encoder.onnx', 'rollout.onnx'}
    assert 'was not built for sm_89' in engine.built_because['rollout.onnx']
    engine.close()
    again = rig.engine(build=True)      # now from the cache
    assert len(asked) == 2
    assert not again.built_because
    again.close()


def test_the_engine_for_the_device_comes_before_the_one_for_any(rig):
    rig.store('sm_89').store(ANY)
    wide = rig.cache.path(key_of(rig.trt, rig.manifest, rig.manifest.encoder,
                                 Wish('fp32', CANDIDATES, ANY)))
    wide.write_bytes(b'spoiled')
    rig.engine().close()


def test_a_spoiled_engine_never_reaches_tensorrt(rig):
    rig.store()
    for path in rig.cache.folder.glob('*.engine'):
        path.write_bytes(path.read_bytes()[:-1] + b'?')
    with pytest.raises(CacheError):
        rig.engine()
    assert not rig.engines


def test_an_unsafe_cache_is_refused_and_not_rebuilt(rig):
    rig.store().cache.folder.chmod(0o777)
    with pytest.raises(CacheUnsafeError, match='has mode 0777, others may write'):
        rig.engine(build=True)
    assert not rig.engines


def test_one_encoder_serves_all_numbers_of_candidates(rig):
    wishes = [Wish('fp32', Candidates(1, n, 256), ANY) for n in (8, 16)]
    a, b = (key_of(rig.trt, rig.manifest, rig.manifest.encoder, wish) for wish in wishes)
    assert a == b
    a, b = (key_of(rig.trt, rig.manifest, rig.manifest.rollout, wish) for wish in wishes)
    assert a.digest != b.digest
