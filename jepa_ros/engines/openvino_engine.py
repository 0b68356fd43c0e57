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
"""Run a bundle's graphs with OpenVINO, on the CPU."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
import openvino

from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import BundleError, GraphSpec, Manifest, read_graph
from jepa_ros.engines.openvino_bf16 import narrow
from jepa_ros.types import Array, Image, ModelSpec, Rollout

PRECISIONS = ('fp32', 'bf16', 'int8')
# a plan asks for a few numbers of candidates; each is compiled for its size, a tenth faster
_MOST_SIZES = 16


def available_precisions() -> tuple[str, ...]:
    """Return what this CPU computes in: fp32, and what it has instructions for."""
    able = openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    return tuple(p for p in PRECISIONS if p == 'fp32' or p.upper() in able)


class _Request:
    """A compiled graph; who asks while it runs waits, as it has one set of buffers."""

    def __init__(self, request: Any, file: str) -> None:
        self._request, self._file, self._lock = request, file, threading.Lock()

    def run(self, inputs: Sequence[NDArray[Any]]) -> list[Array]:
        """Run the graph; return copies of its outputs.  BundleError where it cannot run."""
        with self._lock:
            try:
                self._request.infer(list(inputs), share_inputs=True)
            except Exception as error:  # OpenVINO's errors are RuntimeError, or its bindings' own
                raise BundleError(f'{self._file} does not run: {error}') from error
            return [np.array(tensor.data, np.float32) for tensor in self._request.output_tensors]


class _Compiler:
    """
    What reads and compiles graphs for this CPU, in one precision.

    ValueError where the CPU lacks the precision, or there are no threads.
    """

    def __init__(self, threads: int, precision: str) -> None:
        if threads < 1:
            raise ValueError(f'threads is {threads}, must be at least 1')
        able = available_precisions()
        if precision not in able:
            raise ValueError(f'precision is {precision!r}, this CPU has {", ".join(able)}')
        self._core, self._precision = openvino.Core(), precision
        self._options = {
            # each graph says itself what is computed in less
            'INFERENCE_PRECISION_HINT': 'f32',
            'INFERENCE_NUM_THREADS': threads, 'NUM_STREAMS': 1,
            # the scheduler knows better than we which core the rest of the robot leaves free
            'ENABLE_CPU_PINNING': False}

    def read(self, manifest: Manifest, graph: GraphSpec) -> Any:
        """Return a graph's model; BundleError where it is not what the manifest says."""
        content, path = read_graph(manifest, graph), manifest.path(graph)
        found = {}
        try:
            model = self._core.read_model(content, b'')
            for label, ports in (('input', model.inputs), ('output', model.outputs)):
                found[label] = [
                    (port.get_any_name(), port.element_type.to_dtype().name,
                     [d.get_length() if d.is_static else -1 for d in port.partial_shape])
                    for port in ports]
        except Exception as error:  # also of a port without a name, a number of axes or a type
            raise BundleError(f'{path} does not load: {error}') from error
        for label, specs in (('input', graph.inputs), ('output', graph.outputs)):
            wanted = [(t.name, t.dtype, [d if isinstance(d, int) else -1 for d in t.shape])
                      for t in specs]
            if wanted != found[label]:
                raise BundleError(f'{path}: {label}s are {found[label]}, manifest says {wanted}')
        return model

    def request(self, model: Any, file: str) -> _Request:
        """Return what runs a model of this file, which is this compiler's from now on."""
        try:
            if self._precision == 'bf16':
                narrow(model)
            compiled = self._core.compile_model(model, 'CPU', self._options)
        except Exception as error:  # what the reader took need not be what the CPU has
            raise BundleError(f'{file} does not compile: {error}') from error
        return _Request(compiled.create_infer_request(), file)


def compile_graph(manifest: Manifest, graph: GraphSpec, threads: int = 1, precision: str = 'fp32'
                  ) -> Callable[[Sequence[NDArray[Any]]], list[Array]]:
    """Return what runs one graph of fixed sizes: a list of inputs to a list of outputs."""
    compiler = _Compiler(threads, precision)
    return compiler.request(compiler.read(manifest, graph), graph.file).run


class OpenvinoEngine:
    """
    A world model behind two graphs that OpenVINO compiles for this CPU.

    The rollout is compiled anew for each number of candidates, the first time it is met (about
    0.1 s), so let a plan be made before it counts.  ``threads`` is how many cores one call may
    use; ``precision`` is fp32, bf16 or int8.  Raises BundleError where a graph's inputs or
    outputs are not those that the manifest names or the bundle has no int8 graphs, ValueError
    where the CPU lacks the precision.
    """

    engine = 'openvino'
    device = 'cpu'

    def __init__(self, manifest: Manifest, threads: int = 1, precision: str = 'fp32') -> None:
        self.precision, self.why = precision, ''
        self._spec = manifest.spec
        self._compiler = _Compiler(threads, precision)
        encoder, rollout = graphs_in(manifest, precision)
        self._encoder = self._compiler.request(self._compiler.read(manifest, encoder),
                                               encoder.file)
        self._model, self._file = self._compiler.read(manifest, rollout), rollout.file
        self._requests: OrderedDict[int, _Request] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        latent: Array = self._encoder.run([image[None]])[0][0]
        return latent

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs, in one call."""
        with self._lock:
            request = self._request(len(candidates))
        return Rollout(*request.run([np.ascontiguousarray(a, np.float32)
                                     for a in (context, executed, candidates, goal)]))

    def _request(self, candidates: int) -> _Request:
        """Return what runs the rollout for a number of candidates, compiled when first asked."""
        if candidates not in self._requests:
            model = self._model.clone()
            spec = self._spec
            shape = [candidates, spec.horizon, spec.action.block, spec.action.width]
            try:
                model.reshape({model.input(2): shape})
            except RuntimeError as error:
                raise BundleError(f'{self._file} does not take {candidates} candidates: '
                                  f'{error}') from error
            self._requests[candidates] = self._compiler.request(model, self._file)
            if len(self._requests) > _MOST_SIZES:
                self._requests.popitem(last=False)
        self._requests.move_to_end(candidates)
        return self._requests[candidates]
