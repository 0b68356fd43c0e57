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
A GPU of numpy: memory, streams and CUDA graphs that do what they are told, when they are told.

Work on a stream waits until the stream is synchronised, as on a real device, so an answer that is
read too early, or an input that is overwritten too early, is wrong here too.
"""

from collections.abc import Callable
import ctypes
from types import SimpleNamespace

import numpy as np


class FakeCuda:
    """The functions of cuda.bindings.runtime that engines use; ``calls`` names them in order."""

    cudaStreamNonBlocking = 1   # noqa: N815  (CUDA's own names)
    cudaDeviceAttr = SimpleNamespace(   # noqa: N815
        cudaDevAttrComputeCapabilityMajor=75, cudaDevAttrComputeCapabilityMinor=76)
    cudaMemcpyKind = SimpleNamespace(   # noqa: N815
        cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)     # noqa: N815

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.living: dict[int, object] = {}     # memory, streams and graphs that are not freed
        self.fails = ''                         # the function that fails
        self._queue: list[Callable[[], None]] = []
        self._captured: list[Callable[[], None]] | None = None
        self._handles = iter(range(1, 10 ** 6))

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if not name.startswith('cuda') or not callable(found):
            return found

        def noted(*arguments):
            self.calls.append(name)
            if self.fails == name:
                return (2, None)
            return (0, *found(*arguments))
        return noted

    def enqueue(self, work: Callable[[], None]) -> None:
        """Put work on the stream, or into the graph that is being captured."""
        (self._queue if self._captured is None else self._captured).append(work)

    def cudaGetErrorString(self, error):    # noqa: N802
        return (b'out of memory',)

    def cudaGetDevice(self):    # noqa: N802
        return (0,)

    def cudaDeviceGetAttribute(self, kind, device):     # noqa: N802
        return ({75: 8, 76: 9}[kind],)

    def cudaGetDeviceProperties(self, device):      # noqa: N802
        return (SimpleNamespace(name=b'Fake GPU'),)

    def cudaMalloc(self, size):     # noqa: N802
        memory = ctypes.create_string_buffer(b'\x7f' * size, size)
        self.living[ctypes.addressof(memory)] = memory
        return (ctypes.addressof(memory),)

    cudaMallocHost = cudaMalloc     # noqa: N815

    def cudaFree(self, address):    # noqa: N802
        assert not self._queue, 'memory is freed while work waits'
        del self.living[address]
        return ()

    cudaFreeHost = cudaFree     # noqa: N815
    cudaStreamDestroy = cudaFree    # noqa: N815

    def cudaGraphDestroy(self, graph):      # noqa: N802
        del self.living[graph]
        return ()

    cudaGraphExecDestroy = cudaGraphDestroy     # noqa: N815

    def _new(self, thing):
        handle = next(self._handles)
        self.living[handle] = thing
        return (handle,)

    def cudaStreamCreateWithFlags(self, flags):     # noqa: N802
        return self._new('stream')

    def cudaMemcpyAsync(self, target, source, size, kind, stream):      # noqa: N802
        assert self.living[stream] == 'stream'
        self.enqueue(lambda: ctypes.memmove(target, source, size))
        return ()

    def cudaStreamSynchronize(self, stream):    # noqa: N802
        assert self._captured is None, 'a stream that is captured cannot be waited for'
        for work in self._queue:
            work()
        self._queue.clear()
        return ()

    def cudaStreamBeginCapture(self, stream, mode):     # noqa: N802
        assert not self._queue, 'captured before deferred work was through'
        self._captured = []
        return ()

    def cudaStreamEndCapture(self, stream):     # noqa: N802
        captured, self._captured = self._captured, None
        return self._new(captured)

    def cudaGraphInstantiate(self, graph, flags):   # noqa: N802
        return self._new(list(self.living[graph]))

    def cudaGraphLaunch(self, graph, stream):   # noqa: N802
        self._queue.extend(self.living[graph])
        return ()


class FakeContext:
    """An execution context that runs a function of numpy arrays on the fake device's memory."""

    def __init__(self, engine: 'FakeEngine') -> None:
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._scratch = (0, 0)

    def set_device_memory(self, memory, size):
        self._scratch = (memory, size)

    def set_input_shape(self, name, shape):
        low, _, high = self._engine.get_tensor_profile_shape(name, 0)
        self._shapes[name] = shape
        return all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))

    def set_tensor_address(self, name, memory):
        self._addresses[name] = memory
        return memory in self._engine.cuda.living

    def infer_shapes(self):
        return [t.name for t in self._engine.graph.inputs if t.name not in self._shapes]

    def is_stream_capturable(self, stream):
        return self._engine.capturable

    def execute_async_v3(self, stream_handle):
        engine = self._engine
        engine.cuda.calls.append('execute')
        assert self._scratch[0] in engine.cuda.living
        assert self._scratch[1] >= engine.device_memory_size_v2
        assert set(self._addresses) == {t.name for t in (*engine.graph.inputs,
                                                         *engine.graph.outputs)}
        engine.cuda.enqueue(self._compute)
        return not engine.refuses

    def _compute(self):
        graph = self._engine.graph
        inputs = {t.name: self._view(t, self._shapes[t.name]) for t in graph.inputs}
        for tensor, answer in zip(graph.outputs, self._engine.answer(inputs), strict=True):
            self._view(tensor, answer.shape)[...] = answer

    def _view(self, tensor, shape):
        size = int(np.prod(shape)) * np.dtype(tensor.dtype).itemsize
        memory = (ctypes.c_char * size).from_address(self._addresses[tensor.name])
        return np.frombuffer(memory, tensor.dtype).reshape(shape)


class FakeEngine:
    """A graph that ``answer``s, behind the face of ICudaEngine."""

    device_memory_size_v2 = 4096

    def __init__(self, trt, cuda, graph, answer, most) -> None:
        self.trt, self.cuda, self.graph, self.answer, self.most = trt, cuda, graph, answer, most
        self.capturable, self.refuses = True, False
        self.strategies: list[object] = []
        self._tensors = {t.name: t for t in (*graph.inputs, *graph.outputs)}

    @property
    def num_io_tensors(self):
        return len(self._tensors)

    def get_tensor_name(self, index):
        return list(self._tensors)[index]

    def get_tensor_mode(self, name):
        inward = self._tensors[name] in self.graph.inputs
        return self.trt.TensorIOMode.INPUT if inward else self.trt.TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name):
        return {'uint8': self.trt.uint8, 'float32': self.trt.float32}[self._tensors[name].dtype]

    def get_tensor_shape(self, name):
        return tuple(-1 if isinstance(n, str) else n for n in self._tensors[name].shape)

    def get_tensor_profile_shape(self, name, profile_index):
        return [tuple(size if isinstance(n, str) else n for n in self._tensors[name].shape)
                for size in (1, min(64, self.most), self.most)]

    def create_runtime_config(self):
        return FakeRuntimeConfig()

    def create_execution_context(self, how):
        self.strategies.append(how)
        return FakeContext(self)


class FakeRuntimeConfig:
    """Holds what is set."""

    dynamic_shapes_kernel_specialization_strategy = None

    def set_execution_context_allocation_strategy(self, strategy):
        self.allocation = strategy
