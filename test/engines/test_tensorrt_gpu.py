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
The TensorRT engine on a real GPU answers like ONNX Runtime.

Within 1e-4 in fp32, 2 % in fp16, and 5 % where both run int8.
Without a GPU: the fake one is like the real one, and real CUDA takes what it is given.
"""

from built_engines import SHIPPED
from fake_cuda import FakeContext, FakeCuda, FakeEngine, FakeRuntimeConfig
from int8_rig import int8_bundle
import numpy as np
import pytest

from jepa_ros.cli.main import main
from jepa_ros.engines.cuda import Cuda, CudaError
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.tensorrt_build import Candidates
from jepa_ros.engines.tensorrt_cache import EngineCache
from jepa_ros.engines.tensorrt_engine import TensorrtEngine

trt = pytest.importorskip('tensorrt_rtx')
from tensorrt_rig import question, same  # noqa: E402, I100  (only where there is TensorRT)


def test_fakes_have_no_names_that_the_real_ones_lack():
    runtime = pytest.importorskip('cuda.bindings.runtime')
    for fake, real in ((FakeContext, trt.IExecutionContext), (FakeEngine, trt.ICudaEngine),
                       (FakeCuda, runtime), (FakeRuntimeConfig, trt.IRuntimeConfig)):
        names = {name for name in vars(fake) if not name.startswith('_') and name != 'enqueue'}
        assert names
        assert not {name for name in names if not hasattr(real, name)}
    for name in ('cudaDeviceAttr', 'cudaMemcpyKind', 'cudaStreamCaptureMode'):
        for member in vars(getattr(FakeCuda, name)):
            assert hasattr(getattr(runtime, name), member)
    assert hasattr(trt.Runtime, 'engine_host_code_allowed')


def has_gpu():
    try:
        Cuda().device()
    except CudaError:
        return False
    return True


def test_without_a_gpu_the_error_says_so():
    pytest.importorskip('cuda.bindings.runtime')
    if has_gpu():
        pytest.skip('there is a GPU')
    with pytest.raises(CudaError, match=r'cudaGetDevice.*: .* \(error \d+\)'):
        Cuda().device()


def test_real_cuda_takes_the_arguments_that_it_is_given():
    """Without a GPU each call fails for want of one, and not for its arguments."""
    pytest.importorskip('cuda.bindings.runtime')
    if has_gpu():
        pytest.skip('there is a GPU')
    cuda = Cuda()
    modes, kinds = cuda.names.cudaStreamCaptureMode, cuda.names.cudaMemcpyKind
    for call in (('cudaMalloc', 8), ('cudaMallocHost', 8), ('cudaStreamCreateWithFlags', 1),
                 ('cudaMemcpyAsync', 0, 0, 8, kinds.cudaMemcpyHostToDevice, 0),
                 ('cudaStreamBeginCapture', 0, modes.cudaStreamCaptureModeThreadLocal),
                 ('cudaStreamEndCapture', 0), ('cudaStreamSynchronize', 0),
                 ('cudaGetDeviceProperties', 0)):
        with pytest.raises(CudaError, match=call[0]):
            cuda.call(*call)


@pytest.mark.gpu
@pytest.mark.parametrize('precision, relative', [('fp32', 1e-4), ('fp16', 2e-2), ('int8', 5e-2)])
@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_a_real_gpu_answers_like_onnx_runtime(folder, precision, relative, tmp_path, rng):
    if not has_gpu():
        pytest.skip('there is no GPU')
    manifest = load_manifest(int8_bundle(folder) if precision == 'int8' else folder)
    reference = OnnxEngine(manifest, precision='int8' if precision == 'int8' else 'fp32')
    engine = TensorrtEngine(manifest, precision, Candidates(1, 16, 256),
                            cache=EngineCache(tmp_path / 'jepa_ros' / 'engines'))
    spec = engine.spec
    for _ in range(2):
        image = rng.integers(0, 256, (spec.image_height, spec.image_width, 3), dtype=np.uint8)
        a, b = engine.encode(image), reference.encode(image)
        assert np.abs(a - b).max() <= relative * max(1.0, np.abs(b).max())
    for candidates in (1, 16, 256, 16, 3, 5, 7):
        inputs = question(spec, candidates, rng)
        for _ in range(2):
            same(engine.rollout(*inputs), reference.rollout(*inputs), relative)
            inputs[3] = inputs[3] + np.float32(0.5)
    engine.close()


@pytest.mark.gpu
def test_auto_takes_a_real_gpu_once_the_engines_are_built(bundle, tmp_path, monkeypatch):
    if not has_gpu():
        pytest.skip('there is no GPU')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert 'build it: jepa build-engine' in load_engine(bundle).why
    assert main(['build-engine', '--model', str(bundle), '--precision', 'fp16']) == 0
    engine = load_engine(bundle)
    assert (engine.engine, engine.precision) == ('tensorrt', 'fp16')
