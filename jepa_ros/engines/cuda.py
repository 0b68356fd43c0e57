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

"""The little of CUDA that an engine needs: calls that raise, and memory on both sides."""

from contextlib import ExitStack
import ctypes
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray


class CudaError(RuntimeError):
    """A CUDA call failed, or there is no GPU."""


class Cuda:
    """
    The functions of ``cuda.bindings.runtime``, which is imported only now.

    Another module with the same functions may be handed in.  CudaError where there is none.
    """

    def __init__(self, runtime: Any = None) -> None:
        try:
            self.names = runtime or import_module('cuda.bindings.runtime')
        except ImportError as error:
            raise CudaError(f'cuda-bindings is not installed ({error}); '
                            'pip install -r requirements/tensorrt.txt') from error

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function and return its one value, if it has one; CudaError names what failed."""
        error, *values = getattr(self.names, function)(*arguments)
        if int(error) != 0:
            said = self.names.cudaGetErrorString(error)[1]
            raise CudaError(f'{function}: {said.decode()} (error {int(error)})')
        return values[0] if values else None

    def device(self) -> str:
        """Return the compute capability of the GPU in use, as 'sm_89'; CudaError without one."""
        index = self.call('cudaGetDevice')
        kinds = self.names.cudaDeviceAttr
        major, minor = (self.call('cudaDeviceGetAttribute', kind, index) for kind in
                        (kinds.cudaDevAttrComputeCapabilityMajor,
                         kinds.cudaDevAttrComputeCapabilityMinor))
        return f'sm_{major}{minor}'

    def device_name(self) -> str:
        """Return what the GPU in use is called; CudaError without one."""
        properties = self.call('cudaGetDeviceProperties', self.call('cudaGetDevice'))
        return str(properties.name.decode())

    def stream(self, stack: ExitStack) -> int:
        """Return a new stream, which ends with the stack."""
        stream = self.call('cudaStreamCreateWithFlags', self.names.cudaStreamNonBlocking)
        stack.callback(self.call, 'cudaStreamDestroy', stream)
        return int(stream)

    def memory(self, stack: ExitStack, size_bytes: int) -> int:
        """Return the address of memory on the device, which is freed with the stack."""
        address = self.call('cudaMalloc', max(size_bytes, 1))
        stack.callback(self.call, 'cudaFree', address)
        return int(address)


class Buffer:
    """One tensor on both sides: ``host`` is page-locked, ``device`` an address."""

    def __init__(self, cuda: Cuda, stack: ExitStack, shape: tuple[int, ...], dtype: str) -> None:
        self._cuda = cuda
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self.device = cuda.memory(stack, size)
        locked = cuda.call('cudaMallocHost', size)
        stack.callback(cuda.call, 'cudaFreeHost', locked)
        memory = (ctypes.c_byte * size).from_address(int(locked))
        self.host: NDArray[Any] = np.frombuffer(memoryview(memory), dtype).reshape(shape)

    def to_device(self, part: NDArray[Any], stream: int) -> None:
        """Begin to copy the first entries of ``host``, ``part``, to the device."""
        self._cuda.call('cudaMemcpyAsync', self.device, self.host.ctypes.data, part.nbytes,
                        self._cuda.names.cudaMemcpyKind.cudaMemcpyHostToDevice, stream)

    def to_host(self, part: NDArray[Any], stream: int) -> None:
        """Begin to copy the first entries of ``host``, ``part``, from the device."""
        self._cuda.call('cudaMemcpyAsync', self.host.ctypes.data, self.device, part.nbytes,
                        self._cuda.names.cudaMemcpyKind.cudaMemcpyDeviceToHost, stream)
