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
Put a graph's products into int8, with scales measured on real inputs; the rest stays in fp32.

Symmetric: weights for each channel, activations for each tensor, written as QuantizeLinear and
DequantizeLinear around the products.  Weights have seven bits: a CPU without VNNI adds two
products in 16, which eight bits overflow, and nobody knows where a bundle will run.  A strongly
typed TensorRT takes no other int8; OpenVINO and ONNX Runtime run the same graph.  Made where
``onnx`` is, never on the robot.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jepa_ros.engines.manifest import BundleError
from jepa_ros.engines.onnx_uint8 import cast_uint8_inputs

_PRODUCTS = ('Conv', 'Gemm', 'MatMul')
_OLDEST_OPSET = 13      # the first with scales for each channel
Inputs = dict[str, NDArray[Any]]


def to_int8(content: bytes, inputs: Iterable[Inputs]) -> bytes:
    """
    Return a graph whose products read int8; its inputs and outputs stay as they were.

    ``inputs`` are questions to the graph, like those that it will be asked: a value beyond theirs
    is clipped.  Only products with constant weights change, and in a graph with inputs of a free
    size only those that depend on one: what is computed once for all costs nothing to keep exact.
    BundleError where there are none, or a value is not finite.
    """
    import onnx
    from onnxruntime.quantization import QDQQuantizer, QuantType

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'folded.onnx'
        model = _folded(onnx, cast_uint8_inputs(content), path)
        products = _products(model.graph)
        if not products:
            raise BundleError('the graph has no products with constant weights')
        ranges = _ranges(path, inputs)
        _part(model.graph, products)
        quantizer = QDQQuantizer(
            model, per_channel=True, reduce_range=True, weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QInt8, tensors_range=ranges, nodes_to_quantize=products,
            nodes_to_exclude=[], op_types_to_quantize=list(_PRODUCTS), extra_options={
                'ActivationSymmetric': True, 'WeightSymmetric': True,
                # TensorRT takes no int32 biases, and sums are better left as they are
                'QuantizeBias': False,
                'OpTypesToExcludeOutputQuantization': list(_PRODUCTS)})
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    made = quantizer.model.model
    del made.metadata_props[:]
    checked: bytes = made.SerializeToString(deterministic=True)
    onnx.checker.check_model(checked, full_check=True)
    return checked


def _folded(onnx: Any, content: bytes, path: Path) -> Any:
    """Return a graph with what is constant computed, so that weights are constants; write it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    try:
        onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise BundleError(f'the graph does not load: {error}') from error
    model = onnx.load(path)
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    if opset < _OLDEST_OPSET:
        raise BundleError(f'the graph is of opset {opset}, int8 needs {_OLDEST_OPSET} or later')
    used = {node.domain for node in model.graph.node} | {''}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    for i, node in enumerate(model.graph.node):
        node.name = f'{node.op_type}_{i}'    # the products are chosen by name
    onnx.save(model, path)
    return model


def _products(graph: Any) -> list[str]:
    """Return the names of the nodes that become int8."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    free = {value.name for value in graph.input
            if any(size.dim_param for size in value.type.tensor_type.shape.dim)}
    found = []
    for node in graph.node:     # in the order of computation
        if free and not free & set(node.input):
            continue
        free |= set(node.output) if free else set()
        turned = any(a.name == 'transA' and a.i for a in node.attribute)
        if node.op_type in _PRODUCTS and not turned and node.input[0] not in sizes:
            # of one row or column there is nothing to save; a Conv of depth has one input each
            size = sizes.get(node.input[1], ())[:1 if node.op_type == 'Conv' else 2]
            if size and 1 not in size:
                found.append(node.name)
    return found


def _ranges(path: Path, inputs: Iterable[Inputs]) -> Any:
    """Return the least and the greatest value of every tensor at a product, over all inputs."""
    from onnxruntime.quantization import CalibrationDataReader, create_calibrator

    class Reader(CalibrationDataReader):    # type: ignore[misc]
        """Hands the inputs on, one at a time."""

        def __init__(self) -> None:
            self._rest: Iterator[Inputs] = iter(inputs)

        def get_next(self) -> Inputs | None:
            """Return the next inputs, or None after the last."""
            return next(self._rest, None)

    calibrator = create_calibrator(path, list(_PRODUCTS),
                                   augmented_model_path=str(path.with_name('watched.onnx')))
    calibrator.collect_data(Reader())
    ranges = calibrator.compute_data()
    for name, tensor in ranges.items():
        lowest, highest = (float(end.item()) for end in tensor.range_value)
        if not np.isfinite([lowest, highest]).all():
            raise BundleError(f'{name} is not finite: from {lowest} to {highest}')
    return ranges


def _part(graph: Any, products: list[str]) -> None:
    """Give products that become int8 weights of their own where others read the same ones."""
    chosen, weights = set(products), {tensor.name: tensor for tensor in graph.initializer}
    exact = {name for node in graph.node if node.name not in chosen for name in node.input}
    for node in graph.node:
        name = node.input[1] if node.name in chosen else ''
        if name in exact:
            node.input[1] = own = f'{name}_of_int8'
            if own not in weights:
                weights[own] = graph.initializer.add()
                weights[own].CopyFrom(weights[name])
                weights[own].name = own
