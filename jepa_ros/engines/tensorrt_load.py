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
A bundle's TensorRT engine from the cache, or the reason why there is none.

Nothing is built here: that takes minutes on a Jetson, and a node has seconds to be configured.
"""

from typing import Any

from jepa_ros.engines.cuda import Cuda, CudaError
from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import BundleError, Manifest
from jepa_ros.engines.private_files import CacheError
from jepa_ros.engines.tensorrt_build import BuildError, load_tensorrt, PRECISIONS
from jepa_ros.engines.tensorrt_cache import EngineAbsentError, EngineCache, EngineMissingError
from jepa_ros.engines.tensorrt_engine import TensorrtEngine
from jepa_ros.engines.tensorrt_entry import device_of, newest, Wish


def load_cached(manifest: Manifest, precision: str = 'auto', cache: EngineCache | None = None,
                cuda: Cuda | None = None, trt: Any = None) -> TensorrtEngine:
    """
    Return the engine of a bundle, for the numbers of candidates that were built last.

    ``precision`` auto takes the first of fp32, fp16, bf16, int8 that was built.  BundleError says
    what is missing: TensorRT, cuda-bindings, a GPU, or the engine, with the command that builds
    it.  The last three arguments are for those who bring their own.
    """
    cache = cache or EngineCache()
    try:
        cuda = cuda or Cuda()
        device = _device(cuda)      # before TensorRT, which says less where there is no GPU
        trt = load_tensorrt() if trt is None else trt
        absent: dict[str, EngineAbsentError] = {}
        for wanted in _precisions(manifest, precision):
            found = _find(trt, cuda, cache, manifest, wanted)
            if not isinstance(found, EngineAbsentError):
                return found
            absent[wanted] = found
    except (BuildError, CacheError, CudaError) as error:
        raise BundleError(str(error)) from error
    # one that was built, though for another GPU or from another graph, says more than none
    wanted, reason = min(absent.items(), key=lambda e: isinstance(e[1], EngineMissingError))
    raise BundleError(f'there is a GPU ({device}), but {reason}; build it: jepa build-engine '
                      f'--model {manifest.folder} --precision {wanted}') from reason


def _device(cuda: Cuda) -> str:
    try:
        return f'{cuda.device_name()}, {cuda.device()}'
    except CudaError as error:
        raise CudaError(f'there is no GPU that CUDA can use ({error})') from error


def _find(trt: Any, cuda: Cuda, cache: EngineCache, manifest: Manifest, precision: str
          ) -> TensorrtEngine | EngineAbsentError:
    """Return the engine as it was built last, or why it was not; what is unsafe is raised."""
    _, rollout = graphs_in(manifest, precision)
    wish = Wish(precision, device=device_of(trt, cuda))
    try:
        built = newest(trt, cache, manifest, rollout, wish) or wish
        return TensorrtEngine(manifest, precision, built.candidates, False, None, cache, cuda,
                              trt)
    except EngineAbsentError as error:
        return error


def _precisions(manifest: Manifest, precision: str) -> list[str]:
    """Return the precisions to look for, the most exact first."""
    if precision != 'auto':
        return [precision]
    able = list(PRECISIONS)
    try:
        graphs_in(manifest, 'int8')
    except BundleError:
        able.remove('int8')
    return able
