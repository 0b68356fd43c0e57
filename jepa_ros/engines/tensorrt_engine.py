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

"""Run a bundle's graphs with TensorRT, on an NVIDIA GPU."""

from collections.abc import Sequence
from contextlib import ExitStack
import threading
from typing import Any
import weakref

import numpy as np
from numpy.typing import NDArray

from jepa_ros.engines.cuda import Cuda
from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import GraphSpec, Manifest
from jepa_ros.engines.private_files import CacheError, CacheUnsafeError
from jepa_ros.engines.tensorrt_build import BuildError, Candidates, load_tensorrt, Progress
from jepa_ros.engines.tensorrt_cache import EngineCache
from jepa_ros.engines.tensorrt_entry import device_of, find, store, Wish
from jepa_ros.engines.tensorrt_hooks import errors_logger
from jepa_ros.engines.tensorrt_program import Program
from jepa_ros.types import Array, Image, ModelSpec, Rollout

# of the rollout's inputs: context, executed and goal, which stay the same for a plan's iterations
_KEPT = (0, 1, 3)


class TensorrtEngine:
    """
    A world model behind two TensorRT engines, from the cache or built now.

    ``build`` False takes them from the cache only, as a build may take minutes on a Jetson;
    ``built_because`` then holds, for each graph that was built, why.  CudaError without a GPU,
    BuildError without TensorRT, BundleError without int8 graphs where they are asked for,
    CacheError where the cache has no engine or is not safe.
    The last three arguments are for those who bring their own.
    """

    engine = 'tensorrt'

    def __init__(self, manifest: Manifest, precision: str = 'fp32',
                 candidates: Candidates | None = None, build: bool = True,
                 progress: Progress | None = None, cache: EngineCache | None = None,
                 cuda: Cuda | None = None, trt: Any = None) -> None:
        self._spec, self.precision, self.why = manifest.spec, precision, ''
        self._trt = load_tensorrt() if trt is None else trt
        self._cuda = cuda or Cuda()
        self._cache, self._progress, self._build = cache or EngineCache(), progress, build
        self.device = device_of(self._trt, self._cuda)
        self._wish = Wish(precision, candidates or Candidates(), self.device)
        self.built_because: dict[str, str] = {}
        self._logger = errors_logger(self._trt)
        self._runtime = self._trt.Runtime(self._logger)
        self._runtime.engine_host_code_allowed = False      # no plugins, no code for the host
        self._lock = threading.Lock()
        most = self._wish.candidates.most
        encoder, rollout = graphs_in(manifest, precision)
        with ExitStack() as stack:
            self._stream = self._cuda.stream(stack)
            self._encoder = self._program(manifest, encoder, stack, most)
            self._rollout = self._program(manifest, rollout, stack, most, _KEPT)
            stack.callback(self._cuda.call, 'cudaStreamSynchronize', self._stream)
            # a node that is configured anew drops its engine and does not know of close()
            self._free = weakref.finalize(self, stack.pop_all().close)

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        latent = self._run(self._encoder, (image[None],))[0]
        return np.asarray(latent[0], np.float32)

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs, in one call."""
        return Rollout(*self._run(
            self._rollout, (context, executed, candidates, goal), len(candidates)))

    def close(self) -> None:
        """Free the device's memory now, not when the engine is dropped; no call may follow."""
        with self._lock:
            self._free()

    def _run(self, program: Program, inputs: Sequence[NDArray[Any]], candidates: int = 1
             ) -> list[NDArray[Any]]:
        with self._lock:
            if not self._free.alive:
                raise RuntimeError('the engine is closed')
            return program.run(inputs, candidates)

    def _program(self, manifest: Manifest, graph: GraphSpec, stack: ExitStack, most: int,
                 kept: Sequence[int] = ()) -> Program:
        blob = self._blob(manifest, graph)
        engine = self._runtime.deserialize_cuda_engine(blob)
        if engine is None:
            raise BuildError(f'TensorRT does not load the engine of {graph.file}: '
                             f'{self._logger.last}')
        return Program(self._trt, self._cuda, engine, graph, self._stream, stack, most, kept)

    def _blob(self, manifest: Manifest, graph: GraphSpec) -> bytes:
        try:
            return find(self._trt, self._cache, manifest, graph, self._wish)
        except CacheUnsafeError:
            raise
        except CacheError as error:
            if not self._build:
                raise
            self.built_because[graph.file] = str(error)
        return store(self._trt, self._cache, manifest, graph, self._wish, None,
                     self._progress)[1].blob
