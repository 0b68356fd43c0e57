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

"""Graphs in an order that can be walked, and those that a runtime would walk for ever."""

from pathlib import Path

import pytest

from jepa_ros.engines.graph_order import check_order

onnx = pytest.importorskip('onnx')
ROOT = Path(__file__).resolve().parents[2]


def model(*nodes, inputs=('x',), weights=()):
    """Return a model of nodes, each 'a b -> c', as bytes."""
    made = [onnx.helper.make_node('Sum', left.split(), right.split())
            for left, right in (node.split('->') for node in nodes)]
    return onnx.helper.make_model(onnx.helper.make_graph(
        made, 'g', [onnx.helper.make_tensor_value_info(name, 1, [1]) for name in inputs], [],
        [onnx.helper.make_tensor(name, 1, [1], [0.0]) for name in weights])).SerializeToString()


@pytest.mark.parametrize('graph', [
    model(), model('x->a', 'a x->b', 'a b->c'), model('x w->a', weights=['w']),
    model('x->a b', 'b a->c')])
def test_a_graph_in_order_is_taken(graph):
    check_order(graph)


@pytest.mark.parametrize('graph, words', [
    (model('a->a'), "node 0 reads 'a', which nothing before it makes"),
    (model('x->a', 'c->b', 'b->c'), "node 1 reads 'c'"),
    (model('x->a', 'x->a'), "node 1 makes 'a', which is there already"),
    (model('x->x'), "node 0 makes 'x'"),
    (model('x w->w', weights=['w']), "node 0 makes 'w'"),
    (model('x->a')[:-1], 'bytes, .* are left'),
    (b'\xff' * 20, 'a number has no end'),
    (b'\x3c', 'kind 4'),
    (b'\x8a\x80\x80\x80\x10\x00', 'a tag is 4294967306, limit 4294967295'),
])
def test_a_graph_in_no_order_is_refused(graph, words):
    with pytest.raises(ValueError, match=words):
        check_order(graph)


def test_an_input_left_out_has_no_name():
    node = onnx.helper.make_node('Clip', ['x', '', 'x'], ['y'])
    check_order(onnx.helper.make_model(onnx.helper.make_graph([node], 'g', [
        onnx.helper.make_tensor_value_info('x', 1, [1])], [])).SerializeToString())


@pytest.mark.parametrize('name', ['encoder', 'rollout'])
def test_the_shipped_graphs_are_in_order(name):
    check_order((ROOT / 'models' / 'warehouse_ceiling' / f'{name}.onnx').read_bytes())
