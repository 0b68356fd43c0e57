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

"""A graph's products become int8 and nothing else does, with scales that can be worked out."""

from built_engines import graph_of, tensor
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime
import pytest

from jepa_ros.engines.manifest import BundleError
from jepa_ros.engines.onnx_int8 import to_int8


def constant(values, name='w'):
    return numpy_helper.from_array(np.array(values, np.float32), name)


def run(content, **inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # as it is written, so that the answer can be worked out
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    return session.run(None, inputs)


def constants_of(content):
    return {t.name: numpy_helper.to_array(t)
            for t in onnx.load_model_from_string(content).graph.initializer}


def products(content):
    """Return whether each product reads int8, by the names of its outputs."""
    graph = onnx.load_model_from_string(content).graph
    scaled = {name for node in graph.node if node.op_type == 'DequantizeLinear'
              for name in node.output}
    return {node.output[0]: scaled >= set(node.input[:2]) for node in graph.node
            if node.op_type in ('Conv', 'Gemm', 'MatMul')}


def test_a_product_is_what_can_be_worked_out(rng):
    weight = np.array([[1.0, -127.0, 30.0], [-0.5, 63.4, 20.0]], np.float32)
    graph = graph_of([helper.make_node('MatMul', ['x', 'w'], ['y'])], [tensor('x', [2, 2])],
                     [tensor('y', [2, 3])], [constant(weight)])
    seen = [{'x': np.array([[0.3, -1.27], [0.1, 0.9]], np.float32)},
            {'x': np.array([[0.2, 1.0], [0.0, -0.4]], np.float32)}]
    content = to_int8(graph, seen)
    x = rng.uniform(-1.5, 1.5, (2, 2)).astype(np.float32)
    scale, scales = 0.01, np.abs(weight).max(axis=0) / 64     # weights have seven bits
    wanted = ((np.clip(np.round(x / scale), -128, 127) * scale)
              @ (np.round(weight / scales) * scales))
    np.testing.assert_allclose(run(content, x=x)[0], wanted, rtol=1e-5, atol=1e-5)
    assert np.abs(wanted - x @ weight).max() > 0.01


def test_scales_are_symmetric_and_weights_have_one_a_channel(rng):
    nodes = [helper.make_node('Conv', ['x', 'k', 'b'], ['c'], kernel_shape=[3, 3]),
             helper.make_node('Relu', ['c'], ['r']),
             helper.make_node('Flatten', ['r'], ['f']),
             helper.make_node('Gemm', ['f', 'w', 'v'], ['y'], transB=1)]
    weights = [constant(rng.standard_normal((5, 2, 3, 3)), 'k'),
               constant(rng.standard_normal(5), 'b'),
               constant(rng.standard_normal((7, 20)), 'w'), constant(rng.standard_normal(7), 'v')]
    graph = graph_of(nodes, [tensor('x', [1, 2, 4, 4])], [tensor('y', [1, 7])], weights)
    x = rng.standard_normal((1, 2, 4, 4)).astype(np.float32)
    content = to_int8(graph, [{'x': x}])
    found = constants_of(content)
    assert {k: v.shape for k, v in found.items() if k.endswith('_scale') and v.ndim} == {
        'k_scale': (5,), 'w_scale': (7,)}
    zeros = {k: v for k, v in found.items() if k.endswith('_zero_point')}
    assert len(zeros) == 4
    assert all(v.dtype == np.int8 and not v.any() for v in zeros.values())
    assert {v.dtype.name for v in found.values()} <= {'float32', 'int8', 'int64'}   # no int32 bias
    np.testing.assert_array_equal(found['b'], numpy_helper.to_array(weights[1]))
    a, b = run(graph, x=x)[0], run(content, x=x)[0]
    assert 0 < np.abs(a - b).max() < 0.05 * np.abs(a).max()


def test_inputs_and_outputs_stay_as_they_were():
    graph = graph_of([helper.make_node('Cast', ['p'], ['x'], to=TensorProto.FLOAT),
                      helper.make_node('MatMul', ['x', 'w'], ['y'])],
                     [tensor('p', ['n', 2], TensorProto.UINT8)], [tensor('y', ['n', 2])],
                     [constant([[1, 2], [3, 4]])])
    content = to_int8(graph, [{'p': np.array([[10, 200]], np.uint8)}])
    for name in ('input', 'output'):
        assert (list(getattr(onnx.load_model_from_string(content).graph, name))
                == list(getattr(onnx.load_model_from_string(graph).graph, name)))
    assert {entry.domain for entry in onnx.load_model_from_string(content).opset_import} == {''}


def test_what_is_computed_once_for_all_stays_exact(rng):
    """Two products share a weight: one for each candidate, one for the goal."""
    nodes = [helper.make_node('MatMul', ['goal', 'w'], ['g']),
             helper.make_node('MatMul', ['x', 'w'], ['a']),
             helper.make_node('Add', ['a', 'g'], ['s']),
             helper.make_node('MatMul', ['s', 'w'], ['y'])]
    weight = rng.standard_normal((3, 3)).astype(np.float32)
    graph = graph_of(nodes, [tensor('x', ['n', 3]), tensor('goal', [1, 3])],
                     [tensor('y', ['n', 3]), tensor('g', [1, 3])], [constant(weight)])
    inputs = {'x': rng.standard_normal((5, 3)).astype(np.float32),
              'goal': rng.standard_normal((1, 3)).astype(np.float32)}
    content = to_int8(graph, [inputs])
    found = products(content)
    assert found.pop('g') is False
    assert list(found.values()) == [True, True]
    np.testing.assert_allclose(run(content, **inputs)[1], inputs['goal'] @ weight, rtol=1e-5)


def test_narrow_products_stay_and_thin_convolutions_do_not(rng):
    nodes = [helper.make_node('Conv', ['x', 'k'], ['c'], kernel_shape=[3], group=4),
             helper.make_node('MatMul', ['c', 'w'], ['y'])]
    graph = graph_of(nodes, [tensor('x', [1, 4, 8])], [tensor('y', [1, 4, 1])],
                     [constant(rng.standard_normal((4, 1, 3)), 'k'),
                      constant(rng.standard_normal((6, 1)))])
    content = to_int8(graph, [{'x': rng.standard_normal((1, 4, 8)).astype(np.float32)}])
    assert products(content) == {'c': True, 'y': False}


def test_products_of_two_answers_stay(rng):
    nodes = [helper.make_node('MatMul', ['x', 'w'], ['a']),
             helper.make_node('Transpose', ['a'], ['t'], perm=[1, 0]),
             helper.make_node('MatMul', ['a', 't'], ['y'])]
    graph = graph_of(nodes, [tensor('x', ['n', 3])], [tensor('y', ['n', 'n'])],
                     [constant(rng.standard_normal((3, 3)))])
    content = to_int8(graph, [{'x': rng.standard_normal((5, 3)).astype(np.float32)}])
    assert list(products(content).values()) == [True, False]


def test_the_same_inputs_make_the_same_bytes(rng):
    graph = graph_of([helper.make_node('MatMul', ['x', 'w'], ['y'])], [tensor('x', ['n', 4])],
                     [tensor('y', ['n', 4])], [constant(rng.standard_normal((4, 4)))])
    x = rng.standard_normal((5, 4)).astype(np.float32)
    assert to_int8(graph, [{'x': x}]) == to_int8(graph, [{'x': x}])
    assert to_int8(graph, [{'x': x}]) != to_int8(graph, [{'x': x}, {'x': 2 * x}])


def test_a_graph_without_products_is_refused():
    graph = graph_of([helper.make_node('Relu', ['x'], ['y'])], [tensor('x', [1, 2])],
                     [tensor('y', [1, 2])])
    with pytest.raises(BundleError, match='the graph has no products with constant weights'):
        to_int8(graph, [{'x': np.zeros((1, 2), np.float32)}])


def test_a_value_that_is_not_finite_is_refused():
    graph = graph_of([helper.make_node('MatMul', ['x', 'w'], ['y'])], [tensor('x', [1, 2])],
                     [tensor('y', [1, 2])], [constant([[1, 2], [3, 4]])])
    with pytest.raises(BundleError, match=r'[xy] is not finite: from .* to inf'):
        to_int8(graph, [{'x': np.array([[1, np.inf]], np.float32)}])


def test_what_is_no_graph_is_refused():
    with pytest.raises(BundleError, match=r'cut short|not an ONNX file|does not load'):
        to_int8(b'nonsense', [])


def test_an_old_opset_is_refused():
    graph = helper.make_graph([helper.make_node('MatMul', ['x', 'w'], ['y'])], 'graph',
                              [tensor('x', [1, 2])], [tensor('y', [1, 2])],
                              [constant([[1, 2], [3, 4]])])
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 11)], ir_version=7)
    with pytest.raises(BundleError, match='the graph is of opset 11, int8 needs 13 or later'):
        to_int8(old.SerializeToString(), [{'x': np.zeros((1, 2), np.float32)}])
