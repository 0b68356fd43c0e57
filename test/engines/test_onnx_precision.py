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

"""A graph's types change, its answers hardly."""

from built_engines import graph_of, SHIPPED, tensor
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime
import pytest

from jepa_ros.engines.manifest import BundleError, load_manifest, read_graph
from jepa_ros.engines.onnx_precision import to_half
from jepa_ros.engines.onnx_uint8 import cast_uint8_inputs

HALF = {'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}


def run(content, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    return session.run(None, inputs)


def questions(manifest, rng, candidates=8):
    """Return (graph, inputs) of both graphs."""
    for graph in (manifest.encoder, manifest.rollout):
        inputs = {}
        for t in graph.inputs:
            shape = [candidates if isinstance(size, str) else size for size in t.shape]
            inputs[t.name] = (rng.integers(0, 256, shape, dtype=np.uint8) if t.dtype == 'uint8'
                              else rng.uniform(-0.6, 0.6, shape).astype(np.float32))
        yield graph, inputs


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_a_cast_of_the_picture_changes_nothing(folder, rng):
    manifest = load_manifest(folder)
    for graph, inputs in questions(manifest, rng):
        before = read_graph(manifest, graph)
        after = cast_uint8_inputs(before)
        onnx.checker.check_model(after)
        nodes = onnx.load_model_from_string(after).graph.node
        pictures = {t.name for t in graph.inputs if t.dtype == 'uint8'}
        assert {n.op_type for n in nodes if pictures & set(n.input)} <= {'Cast'}
        for a, b in zip(run(before, inputs), run(after, inputs), strict=True):
            np.testing.assert_array_equal(a, b)
        assert cast_uint8_inputs(after) == after


def test_arithmetic_on_uint8_is_refused():
    sums = graph_of([helper.make_node('Transpose', ['x'], ['t']),
                     helper.make_node('Add', ['t', 't'], ['y'])],
                    [tensor('x', [2, 2], TensorProto.UINT8)],
                    [tensor('y', [2, 2], TensorProto.UINT8)])
    with pytest.raises(BundleError, match='Add computes with uint8, TensorRT only casts it'):
        cast_uint8_inputs(sums)


@pytest.mark.parametrize('content', [b'\xff' * 20, b'\x3a\x7f', b'\x38\x01', b'\x09' + b'\0' * 8])
def test_what_is_no_graph_is_refused(content):
    with pytest.raises(BundleError, match=r'cut short|not an ONNX file'):
        cast_uint8_inputs(content)


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_fp16_answers_like_fp32(folder, rng):
    manifest = load_manifest(folder)
    for graph, inputs in questions(manifest, rng):
        before = cast_uint8_inputs(read_graph(manifest, graph))
        after = to_half(before, 'fp16')
        assert len(after) < len(before)
        for a, b in zip(run(before, inputs), run(after, inputs), strict=True):
            assert b.dtype == np.float32
            assert np.abs(a - b).max() <= 5e-3 * max(1.0, np.abs(a).max())


@pytest.mark.parametrize('precision', HALF)
@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_products_are_narrow_and_delicate_parts_are_not(folder, precision):
    manifest = load_manifest(folder)
    for graph in (manifest.encoder, manifest.rollout):
        model = onnx.load_model_from_string(
            to_half(cast_uint8_inputs(read_graph(manifest, graph)), precision))
        types = {v.name: v.type.tensor_type.elem_type for v in
                 onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info}
        types |= {t.name: t.data_type for t in model.graph.initializer}
        types |= {v.name: v.type.tensor_type.elem_type for v in model.graph.input}
        types |= {v.name: v.type.tensor_type.elem_type for v in model.graph.output}
        seen = set()
        for node in model.graph.node:
            found = {types[name] for name in (*node.input, *node.output) if name}
            if node.op_type in ('Gemm', 'Conv', 'MatMul'):
                assert found == {HALF[precision]}
            if node.op_type in ('LayerNormalization', 'Softplus', 'ReduceSum', 'Sub', 'Div'):
                assert HALF[precision] not in found
            seen.add(node.op_type)
        assert {'Gemm', 'Cast'} <= seen


def product(weight):
    return graph_of([helper.make_node('MatMul', ['x', 'w'], ['y'])], [tensor('x', [1, 2])],
                    [tensor('y', [1, 2])],
                    [numpy_helper.from_array(np.array(weight, np.float32), 'w')])


def weight_in(content):
    (weight,) = onnx.load_model_from_string(content).graph.initializer
    return numpy_helper.to_array(weight).astype(np.float32)


def test_a_weight_beyond_fp16_is_refused_by_name():
    large = product([[1.0, 2.0], [7e4, 0.0]])
    with pytest.raises(BundleError, match=r"weight 'w' reaches 7e[+]04, fp16 ends at 65504"):
        to_half(large, 'fp16')
    np.testing.assert_allclose(weight_in(to_half(large, 'bf16')), [[1, 2], [7e4, 0]], rtol=4e-3)


def test_bf16_rounds_to_the_nearest_and_ties_to_even():
    step = 2.0 ** -7
    exact = product([[1 + step / 2, 1 + 3 * step / 2], [1 + step * 0.6, -1 - step * 0.4]])
    np.testing.assert_array_equal(weight_in(to_half(exact, 'bf16')),
                                  [[1, 1 + 2 * step], [1 + step, -1]])


def test_a_node_with_a_graph_of_its_own_is_refused():
    body = helper.make_graph([helper.make_node('Identity', ['x'], ['y'])], 'body', [],
                             [tensor('y', [1, 2])])
    choice = graph_of([helper.make_node('If', ['c'], ['z'], 'choice', then_branch=body,
                                        else_branch=body)],
                      [tensor('c', [], TensorProto.BOOL), tensor('x', [1, 2])],
                      [tensor('z', [1, 2])])
    with pytest.raises(BundleError, match="If 'choice' holds a graph of its own"):
        to_half(choice, 'fp16')


def test_an_unknown_precision_is_named():
    with pytest.raises(ValueError, match="precision is 'fp8', must be one of fp16, bf16"):
        to_half(product([[1.0, 0.0], [0.0, 1.0]]), 'fp8')
