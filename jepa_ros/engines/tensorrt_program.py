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
One TensorRT engine on the device: its memory, and a CUDA graph for each number of candidates.

Everything is allocated when it is made, for the largest number; a call copies in what changed,
launches one graph, copies out, and waits once.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_ros.engines.cuda import Buffer, Cuda, CudaError
from jepa_ros.engines.manifest import BundleError, GraphSpec, TensorSpec

# numbers of candidates in use at a time: the planner's, one for the present latent, some spare
CUDA_GRAPHS = 4


@dataclass(frozen=True)
class _Launch:
    """What runs S candidates: a context, and its CUDA graph where it could be captured."""

    context: Any
    graph: Any


class Program:
    """
    Run one engine; ``kept`` are inputs, by number, copied only when their content changed.

    ``most`` is the largest number of candidates.  BundleError where the engine's inputs and
    outputs are not those of the manifest.  What it allocates is freed with ``stack``.
    """

    def __init__(self, trt: Any, cuda: Cuda, engine: Any, graph: GraphSpec, stream: int,
                 stack: ExitStack, most: int, kept: Sequence[int] = ()) -> None:
        self._trt, self._cuda, self._engine, self._graph = trt, cuda, engine, graph
        self._stream, self._most = stream, most
        self._kept = {graph.inputs[number].name for number in kept}
        _check_tensors(trt, engine, graph, most)
        self._buffers = {t.name: Buffer(cuda, stack, _sized(t, most), t.dtype)
                         for t in (*graph.inputs, *graph.outputs)}
        self._on_device: set[str] = set()
        self._launches: OrderedDict[int, _Launch] = OrderedDict()
        # one scratch for all contexts: they run one after another, on one stream
        self._scratch_bytes = int(engine.device_memory_size_v2)
        self._scratch = cuda.memory(stack, self._scratch_bytes)
        stack.callback(self._forget_all)

    def run(self, inputs: Sequence[NDArray[Any]], candidates: int = 1) -> list[NDArray[Any]]:
        """
        Return the outputs as arrays of the caller's own; both are in the manifest's order.

        ValueError where an input has another shape or type than the manifest says.
        """
        if not 1 <= candidates <= self._most:
            raise ValueError(f'{candidates} candidates, this engine takes 1 to {self._most}; '
                             'build one with --max-candidates')
        for tensor, array in zip(self._graph.inputs, inputs, strict=True):
            _check_input(tensor, array, candidates)
        copied = set()
        for tensor, array in zip(self._graph.inputs, inputs, strict=True):
            buffer = self._buffers[tensor.name]
            part = buffer.host[:len(array)]
            if tensor.name in self._on_device and np.array_equal(part, array):
                continue
            self._on_device.discard(tensor.name)
            part[...] = array
            buffer.to_device(part, self._stream)
            copied.add(tensor.name)
        self._launch(candidates)
        outputs = []
        for tensor in self._graph.outputs:
            buffer = self._buffers[tensor.name]
            outputs.append(buffer.host[:_sized(tensor, candidates)[0]])
            buffer.to_host(outputs[-1], self._stream)
        self._cuda.call('cudaStreamSynchronize', self._stream)
        self._on_device |= copied & self._kept      # known only now that the stream is through
        return [output.copy() for output in outputs]

    def _launch(self, candidates: int) -> None:
        launch = self._launches.get(candidates)
        if launch is None:
            while len(self._launches) >= CUDA_GRAPHS:
                self._forget(next(iter(self._launches)))
            launch = self._launches[candidates] = self._capture(candidates)
        self._launches.move_to_end(candidates)
        if launch.graph is None:
            self._enqueue(launch.context)
        else:
            self._cuda.call('cudaGraphLaunch', launch.graph, self._stream)

    def _capture(self, candidates: int) -> _Launch:
        """Make a context for S candidates; run it once, as TensorRT asks, and capture it."""
        context = self._context()
        context.set_device_memory(self._scratch, self._scratch_bytes)
        for tensor in self._graph.inputs:
            if not context.set_input_shape(tensor.name, _sized(tensor, candidates)):
                raise CudaError(f'TensorRT does not take {tensor.name} '
                                f'{_sized(tensor, candidates)}')
        for name, buffer in self._buffers.items():
            if not context.set_tensor_address(name, buffer.device):
                raise CudaError(f'TensorRT does not take the address of {name}')
        missing = context.infer_shapes()
        if missing:
            raise CudaError(f'TensorRT does not know the shapes of {", ".join(missing)}')
        self._enqueue(context)
        self._cuda.call('cudaStreamSynchronize', self._stream)
        # tensorrt_rtx may say no: then it is enqueued each time, which is slower and as right
        if not getattr(context, 'is_stream_capturable', lambda stream: True)(self._stream):
            return _Launch(context, None)
        modes = self._cuda.names.cudaStreamCaptureMode
        self._cuda.call('cudaStreamBeginCapture', self._stream,
                        modes.cudaStreamCaptureModeThreadLocal)
        try:
            self._enqueue(context)
        finally:
            captured = self._cuda.call('cudaStreamEndCapture', self._stream)
        try:
            return _Launch(context, self._cuda.call('cudaGraphInstantiate', captured, 0))
        finally:
            self._cuda.call('cudaGraphDestroy', captured)

    def _context(self) -> Any:
        """Return a context that is given its scratch, and whose kernels are final at once."""
        trt = self._trt
        how: Any = trt.ExecutionContextAllocationStrategy.USER_MANAGED
        if hasattr(trt, 'DynamicShapesKernelSpecializationStrategy'):
            # a graph would keep the makeshift kernels that tensorrt_rtx begins with
            config = self._engine.create_runtime_config()
            config.set_execution_context_allocation_strategy(how)
            config.dynamic_shapes_kernel_specialization_strategy = (
                trt.DynamicShapesKernelSpecializationStrategy.EAGER)
            how = config
        context = self._engine.create_execution_context(how)
        if context is None:
            raise CudaError(f'TensorRT made no context for {self._graph.file}')
        return context

    def _enqueue(self, context: Any) -> None:
        if not context.execute_async_v3(self._stream):
            raise CudaError(f'TensorRT did not run {self._graph.file}')

    def _forget(self, candidates: int) -> None:
        launch = self._launches.pop(candidates)
        if launch.graph is not None:
            self._cuda.call('cudaGraphExecDestroy', launch.graph)

    def _forget_all(self) -> None:
        for candidates in list(self._launches):
            self._forget(candidates)


def _sized(tensor: TensorSpec, candidates: int) -> tuple[int, ...]:
    return tuple(candidates if isinstance(size, str) else size for size in tensor.shape)


def _check_input(tensor: TensorSpec, array: NDArray[Any], candidates: int) -> None:
    wanted = _sized(tensor, candidates)
    if array.shape != wanted or array.dtype != np.dtype(tensor.dtype):
        raise ValueError(f'{tensor.name} is {array.dtype} {array.shape}, must be '
                         f'{tensor.dtype} {wanted}')


def _check_tensors(trt: Any, engine: Any, graph: GraphSpec, most: int) -> None:
    """Refuse an engine that is not of this graph: its memory would be read as something else."""
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    found = {(name, engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT,
              np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name,
              tuple(engine.get_tensor_shape(name))) for name in names}
    wanted = {(t.name, inward, t.dtype, _sized(t, -1))
              for inward, tensors in ((True, graph.inputs), (False, graph.outputs))
              for t in tensors}
    if found != wanted:
        raise BundleError(f'the engine of {graph.file} has {sorted(found - wanted)}, the manifest '
                          f'says {sorted(wanted - found)}')
    for tensor in graph.inputs:
        largest = tuple(engine.get_tensor_profile_shape(tensor.name, 0)[2])
        if largest != _sized(tensor, most):
            raise BundleError(f'the engine of {graph.file} takes {tensor.name} up to {largest}, '
                              f'wanted {_sized(tensor, most)}')
