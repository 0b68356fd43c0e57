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
Put a graph's matrix products into 16-bit floats, and leave the rest in fp32.

A strongly typed runtime computes in the types that it finds: precision is up to the graph.
"""

from typing import Any

import numpy as np

from jepa_ros.engines.manifest import BundleError
from jepa_ros.types import Array

# where the time goes
_PRODUCTS = frozenset({'Conv', 'ConvTranspose', 'Einsum', 'Gemm', 'MatMul'})
# these stay in 16 bits between two products, so that nothing is cast for their sake; all others
# stay in fp32: normalisation, reductions, softplus, residual sums, the scaling of pictures
_FOLLOW = frozenset({'Concat', 'Expand', 'Flatten', 'Gather', 'Gelu', 'Identity', 'Mul', 'Relu',
                     'Reshape', 'Sigmoid', 'Slice', 'Split', 'Squeeze', 'Tanh', 'Transpose',
                     'Unsqueeze'})
HALVES = ('fp16', 'bf16')


def to_half(content: bytes, precision: str) -> bytes:
    """
    Return a graph whose products run in fp16 or bf16; its inputs and outputs stay as they were.

    Needs the package ``onnx``.  BundleError where a weight is beyond the range of the type, or a
    node holds a graph of its own.
    """
    import onnx

    if precision not in HALVES:
        raise ValueError(f'precision is {precision!r}, must be one of {", ".join(HALVES)}')
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(content))
    converter = _Converter(onnx, model.graph, precision)
    for node in list(model.graph.node):
        converter.take(node)
    converter.finish()
    del model.graph.value_info[:]
    checked: bytes = model.SerializeToString()
    onnx.checker.check_model(checked)
    return checked


class _Converter:
    """Rewrites a graph node by node; casts stand right before their first use."""

    def __init__(self, onnx: Any, graph: Any, precision: str) -> None:
        self._onnx, self._graph, self._precision = onnx, graph, precision
        kinds = onnx.TensorProto
        self._half = kinds.FLOAT16 if precision == 'fp16' else kinds.BFLOAT16
        self._float = kinds.FLOAT
        self._weights = {t.name: t for t in graph.initializer if t.data_type == kinds.FLOAT}
        self._floats = {v.name for v in (*graph.input, *graph.value_info, *graph.output)
                        if v.type.tensor_type.elem_type == kinds.FLOAT} | set(self._weights)
        self._half_of: dict[str, str] = {}      # the 16-bit twin of a tensor, where there is one
        self._only_half: set[str] = set()       # of those, the ones that have no fp32 yet
        self._nodes: list[Any] = []

    def take(self, node: Any) -> None:
        """Add one node, in 16 bits or as it is."""
        if any(a.type in (self._onnx.AttributeProto.GRAPH, self._onnx.AttributeProto.GRAPHS)
               for a in node.attribute):
            raise BundleError(f'{node.op_type} {node.name!r} holds a graph of its own, which '
                              f'has no {self._precision} form here; build it in fp32')
        wanted = self._in_half(node)
        for i, name in enumerate(node.input):
            if wanted and name in self._floats:
                node.input[i] = self._narrow(name)
            elif name in self._only_half:
                self._widen(name)
        self._nodes.append(node)
        if wanted:
            for i, name in enumerate(node.output):
                if name:
                    node.output[i] = self._half_of[name] = self._twin(name)
                    self._floats.add(name)
                    self._only_half.add(name)

    def finish(self) -> None:
        """Give every output back in fp32, and drop the weights that nothing reads any more."""
        for output in self._graph.output:
            if output.name in self._only_half:
                self._widen(output.name)
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        read = {name for node in self._nodes for name in node.input}
        kept = [t for t in self._graph.initializer if t.name in read]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)

    def _in_half(self, node: Any) -> bool:
        if node.domain not in ('', 'ai.onnx'):
            return False
        floats = [n for n in node.input if n in self._floats]
        if node.op_type in _PRODUCTS:
            return bool(floats)
        computed = [n for n in floats if n not in self._weights]
        return (node.op_type in _FOLLOW and bool(computed)
                and all(n in self._only_half for n in computed))

    def _twin(self, name: str) -> str:
        return f'{name}_{self._precision}'

    def _narrow(self, name: str) -> str:
        if name not in self._half_of:
            twin = self._half_of[name] = self._twin(name)
            if name in self._weights:
                self._graph.initializer.append(self._narrow_weight(name, twin))
            else:
                self._nodes.append(self._cast(name, twin, self._half))
        return self._half_of[name]

    def _widen(self, name: str) -> None:
        self._nodes.append(self._cast(self._half_of[name], name, self._float))
        self._only_half.remove(name)

    def _cast(self, source: str, target: str, kind: int) -> Any:
        return self._onnx.helper.make_node('Cast', [source], [target], f'cast_{target}', to=kind)

    def _narrow_weight(self, name: str, twin: str) -> Any:
        tensor = self._weights[name]
        values: Array = self._onnx.numpy_helper.to_array(tensor)
        if self._precision == 'fp16':
            with np.errstate(over='ignore'):
                half = values.astype('<f2')
            if not np.isfinite(half).all():
                raise BundleError(f'weight {name!r} reaches {np.abs(values).max():.3g}, fp16 '
                                  'ends at 65504; build it in bf16')
            raw = half.tobytes()
        else:
            bits = np.ascontiguousarray(values, '<f4').view('<u4').astype(np.uint64)
            # to the nearest, ties to even
            raw = ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype('<u2').tobytes()
        return self._onnx.TensorProto(name=twin, dims=tensor.dims, data_type=self._half,
                                      raw_data=raw)
