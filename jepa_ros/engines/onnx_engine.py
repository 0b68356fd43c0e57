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

"""Run a bundle's graphs with ONNX Runtime: on the CPU, or through a provider for NVIDIA GPUs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
import onnxruntime

from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import BundleError, GraphSpec, Manifest, read_graph
from jepa_ros.types import Array, Image, ModelSpec, Rollout

PRECISIONS = ('fp32', 'int8')
_TYPES = {'tensor(float)': 'float32', 'tensor(uint8)': 'uint8'}
# device: the provider that ONNX Runtime knows it by, and its options
_PROVIDERS: dict[str, tuple[str, dict[str, Any]]] = {
    'cpu': ('CPUExecutionProvider', {}),
    'cuda': ('CUDAExecutionProvider', {}),
    # what it compiles would go to the working folder unchecked; `engine: tensorrt` has a cache
    'tensorrt': ('TensorrtExecutionProvider', {'trt_engine_cache_enable': False}),
}


class OnnxEngine:
    """
    A world model behind two ONNX graphs.

    ``threads`` is how many cores one call may use; ``device`` is cpu, cuda or tensorrt;
    ``precision`` is fp32 or int8.  Raises BundleError where a graph's inputs or outputs are not
    those that the manifest names or the bundle has no int8 graphs, ValueError where this build of
    ONNX Runtime has no provider for the device.
    """

    engine = 'onnxruntime'

    def __init__(self, manifest: Manifest, threads: int = 1, device: str = 'cpu',
                 precision: str = 'fp32') -> None:
        if threads < 1:
            raise ValueError(f'threads is {threads}, must be at least 1')
        if precision not in PRECISIONS:
            raise ValueError(f'precision is {precision!r}, must be one of {", ".join(PRECISIONS)}')
        self.device, self.precision, self.why = device, precision, ''
        self._spec = manifest.spec
        self._encoder, self._rollout = (
            _Runner(_session(manifest, graph, threads, device), graph)
            for graph in graphs_in(manifest, precision))

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        latent = self._encoder.run([image[None]])[0]
        return np.asarray(latent[0], np.float32)

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs, in one call."""
        return Rollout(*self._rollout.run([context, executed, candidates, goal]))


def compile_graph(manifest: Manifest, graph: GraphSpec, threads: int = 1, precision: str = 'fp32'
                  ) -> Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]:
    """Return what runs one graph of fixed sizes on the CPU: a list of inputs to one of outputs."""
    if precision not in PRECISIONS:
        raise ValueError(f'precision is {precision!r}, must be one of {", ".join(PRECISIONS)}')
    return _Runner(_session(manifest, graph, threads, 'cpu'), graph).run


class _Runner:
    """A graph that is loaded."""

    def __init__(self, session: onnxruntime.InferenceSession, graph: GraphSpec) -> None:
        self._session, self._graph = session, graph
        self._names = [tensor.name for tensor in graph.inputs]

    def run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the graph; BundleError where it cannot run, or answers in other shapes."""
        feed = dict(zip(self._names, inputs, strict=True))
        try:
            outputs = list(self._session.run(None, feed))
        except Exception as error:  # ONNX Runtime's errors share no public base class
            raise BundleError(f'{self._graph.file} does not run: {error}') from error
        for tensor, array in zip(self._graph.outputs, outputs, strict=True):
            # the shape that a graph declares does not bind what is in it
            if len(array.shape) != len(tensor.shape) or any(
                    isinstance(size, int) and size != found
                    for size, found in zip(tensor.shape, array.shape, strict=True)):
                raise BundleError(f'{self._graph.file}: output {tensor.name} has shape '
                                  f'{array.shape}, manifest says {tensor.shape}')
        return outputs


def _session(manifest: Manifest, graph: GraphSpec, threads: int, device: str
             ) -> onnxruntime.InferenceSession:
    provider, provider_options = _PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise ValueError(f'this ONNX Runtime has no {provider}, only '
                         f'{", ".join(onnxruntime.get_available_providers())}')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # one arena that grows once and is kept: a plan asks for the same sizes again and again
    options.enable_cpu_mem_arena = True
    # idle workers that spin would take the core that the rest of the robot needs
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            read_graph(manifest, graph), options, providers=[(provider, provider_options)])
    except BundleError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise BundleError(f'{manifest.path(graph)} does not load: {error}') from error
    if session.get_providers()[0] != provider:
        # it would go on with the CPU, and call that success
        raise ValueError(f'{provider} did not start; ONNX Runtime fell back to '
                         f'{session.get_providers()[0]}')
    for label, specs, found in (('input', graph.inputs, session.get_inputs()),
                                ('output', graph.outputs, session.get_outputs())):
        wanted = [(t.name, t.dtype, list(t.shape)) for t in specs]
        actual = [(t.name, _TYPES.get(t.type, t.type), list(t.shape)) for t in found]
        if wanted != actual:
            raise BundleError(f'{manifest.path(graph)}: {label}s are {actual}, '
                              f'manifest says {wanted}')
    return session
