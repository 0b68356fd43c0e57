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

"""What is rounded to bf16 in a model of OpenVINO's, and what is not."""

import numpy as np
import openvino
from openvino import opset13 as op
import pytest
import torch

from jepa_ros.engines.openvino_bf16 import narrow, round_to_bf16


def test_rounding_is_to_the_nearest(rng):
    values = rng.standard_normal((100, 7)).astype(np.float32) * 10.0 ** rng.integers(-9, 9)
    assert np.array_equal(round_to_bf16(values), torch.tensor(values).bfloat16().float().numpy())
    # eight bits: 1, and 2^-7 at the least above it; ties go to the even one
    ulp = 2.0 ** -7
    for value, nearest in ((1 + 0.4 * ulp, 1.0), (1 + 0.5 * ulp, 1.0), (1 + 0.6 * ulp, 1 + ulp),
                           (1 + 1.5 * ulp, 1 + 2 * ulp), (-1 - 0.6 * ulp, -1 - ulp)):
        assert round_to_bf16(np.float32(value)) == np.float32(nearest)


LAYERS = 16


def product(node, rows, columns, seed, scale=1.0):
    drawn = np.random.default_rng(seed).standard_normal((rows, columns)) / np.sqrt(rows)
    return op.matmul(node, op.constant((scale * drawn).astype(np.float32)), False, False)


def residual(layers):
    """Return x, layers that add a little to it, and a head of two products."""
    x = op.parameter([-1, 16], openvino.Type.f32, name='x')
    state = x
    for layer in range(layers):
        hidden = op.gelu(product(state, 16, 32, layer), 'erf')
        state = op.add(state, product(hidden, 32, 16, 100 + layer, 0.2))
        state.set_friendly_name(f'state{layer}')
    hidden = op.gelu(product(state, 16, 32, 200), 'erf')
    hidden.set_friendly_name('in_head')
    return openvino.Model([op.result(product(hidden, 32, 4, 201))], [x], 'layers')


@pytest.fixture
def model():
    return residual(LAYERS)


def types(model):
    """Return the element types of a model's nodes, by name."""
    return {node.get_friendly_name(): node.get_output_element_type(0).get_type_name()
            for node in model.get_ordered_ops() if node.get_output_size()}


def test_products_are_narrow_and_what_they_add_up_to_is_wide(model):
    narrow(model)
    products = [node.get_output_element_type(0).get_type_name()
                for node in model.get_ordered_ops() if node.get_type_name() == 'MatMul']
    assert products == ['bf16'] * 2 * LAYERS + ['f32'] * 2
    found = types(model)
    assert {found[f'state{layer}'] for layer in range(LAYERS)} == {'f32'}
    assert found['in_head'] == 'f32'
    assert [node.get_output_element_type(0).get_type_name() for node in model.get_ordered_ops()
            if node.get_type_name() == 'Gelu'] == ['bf16'] * LAYERS + ['f32']
    assert found['x'] == 'f32'
    assert model.output(0).element_type == openvino.Type.f32


@pytest.mark.parametrize('layers, wide', [(16, 2), (5, 1)])
def test_the_head_is_wide_as_far_as_it_is_little_work(layers, wide):
    """A layer is 1024 products of numbers, the head 512 and 128."""
    model = residual(layers)
    narrow(model)
    products = [node.get_output_element_type(0).get_type_name()
                for node in model.get_ordered_ops() if node.get_type_name() == 'MatMul']
    assert products == ['bf16'] * (2 * layers + 2 - wide) + ['f32'] * wide


def test_what_all_candidates_share_is_as_exact_as_in_fp32():
    """A context of one row beside candidates of many: its product is little work."""
    context = op.parameter([1, 16], openvino.Type.f32, name='context')
    candidates = op.parameter([64, 16], openvino.Type.f32, name='candidates')
    shared = product(context, 16, 64, 0)
    each = product(op.add(product(candidates, 16, 64, 1), shared), 64, 64, 2)
    last = product(op.gelu(product(op.gelu(each, 'erf'), 64, 64, 3), 'erf'), 64, 64, 4)
    model = openvino.Model([op.result(last)], [context, candidates], 'shared')
    narrow(model)
    kinds = [node.get_output_element_type(0).get_type_name()
             for node in model.get_ordered_ops() if node.get_type_name() == 'MatMul']
    assert sorted(kinds) == ['bf16'] * 4 + ['f32']
    assert types(model)[shared.get_friendly_name()] == 'f32'


def run(model, x, hint='f32'):
    compiled = openvino.Core().compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': hint})
    return compiled([x])[0]


def test_it_is_more_exact_than_the_hint(model, rng):
    if 'BF16' not in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('this CPU has no bf16')
    x = rng.standard_normal((256, 16)).astype(np.float32)
    exact, hinted = run(model, x), run(model, x, 'bf16')
    narrow(model)
    narrowed = run(model, x)

    def error(answer):
        return float(np.sqrt(np.square(answer - exact).mean() / np.square(exact).mean()))

    assert 0.0 < error(narrowed) < 0.004
    assert error(narrowed) < error(hinted) / 2


def test_constants_are_rounded_and_not_cut_off(model):
    narrow(model)
    cast = [node.input_value(0).get_node() for node in model.get_ordered_ops()
            if node.get_type_name() == 'Convert']
    constants = [node.data for node in cast if node.get_type_name() == 'Constant']
    assert len(constants) >= 2 * LAYERS
    assert all(np.array_equal(values, round_to_bf16(values)) for values in constants)


def test_whole_numbers_and_pictures_stay_what_they_are():
    picture = op.parameter([1, 16, 16, 3], openvino.Type.u8, name='picture')
    planes = op.transpose(op.convert(picture, 'f32'), op.constant(np.array([0, 3, 1, 2])))
    kernels = op.constant(np.ones((2, 3, 3, 3), np.float32))
    seen = op.convolution(planes, kernels, [1, 1], [0, 0], [0, 0], [1, 1])
    flat = op.reshape(seen, op.constant(np.array([1, 392])), False)
    latent = product(product(flat, 392, 2, 0), 2, 2, 1)
    model = openvino.Model([op.result(latent)], [picture], 'eye')
    narrow(model)
    found = [(node.get_type_name(), node.get_output_element_type(0).get_type_name())
             for node in model.get_ordered_ops() if node.get_output_size()]
    assert ('Parameter', 'u8') in found
    assert ('Transpose', 'f32') in found      # before any product: scaled as exactly as in fp32
    assert ('Convolution', 'bf16') in found
    assert ('Constant', 'i64') in found
    assert [kind for name, kind in found if name == 'MatMul'] == ['f32', 'f32']
