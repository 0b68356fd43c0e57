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
A model in bf16 that stays exact where it counts: products in 16 bits, what they add up to in 32.

OpenVINO's own hint puts nearly everything into bf16: the state that layers add to and the last
products too, where rounding is not averaged out but shows in the answer.  Here the model is typed
explicitly: sums that carry a state on stay in fp32, and so do the last products and the smallest,
as far as they are a small part of the work, and what comes before the first that is rounded.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from openvino import opset13, Type

from jepa_ros.types import Array

# how many products before an output may be computed in fp32 (a projection has two), and which
# share of all the arithmetic they may be: fp32 takes twice the time
_EXACT_PRODUCTS = 2
_EXACT_SHARE = 0.1
# the smallest products, together this share of the arithmetic: among them is what all candidates
# share, whose error all of them would have
_SMALL_SHARE = 0.03
_LEAVES = frozenset({'Constant', 'Parameter'})
_PRODUCTS = frozenset({'Convolution', 'MatMul'})


def narrow(model: Any) -> None:
    """
    Put what may be rounded in a model of OpenVINO's into bf16; its inputs and outputs stay.

    How much work a product is counts with the sizes that the model has now, a free one as 1.
    """
    nodes = list(model.get_ordered_ops())
    order = {_name(node): i for i, node in enumerate(nodes)}
    floats = {(_name(node), i) for node in nodes for i in range(node.get_output_size())
              if node.get_output_element_type(i) == Type.f32}
    work = {_name(node): _work(node) for node in nodes if node.get_type_name() in _PRODUCTS}
    wide = _exact_head(model, work) | _smallest(work) | _residual_sums(nodes, order)
    wide |= _before(nodes, set(work) - wide)
    narrow_ones = {_name(node) for node in nodes if _name(node) not in wide and
                   node.get_type_name() not in _LEAVES | {'Result', 'Convert'}}
    casts = _Casts()
    for node in nodes:
        if node.get_type_name() in _LEAVES:
            continue
        for i in range(node.get_input_size()):
            source = node.input_value(i)
            if (_name(source.get_node()), source.get_index()) not in floats:
                continue
            to_narrow = _name(node) in narrow_ones
            if to_narrow != (_name(source.get_node()) in narrow_ones):
                node.input(i).replace_source_output(
                    casts.of(source, Type.bf16 if to_narrow else Type.f32))
    model.validate_nodes_and_infer_types()


def round_to_bf16(values: Array) -> Array:
    """Return the nearest values that bf16 has, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    rounded: NDArray[np.uint32] = (
        (bits + 0x7fff + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32)
    return rounded.view(np.float32).reshape(np.shape(values))


class _Casts:
    """Casts between the two types, one for each value."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int, str], Any] = {}

    def of(self, source: Any, kind: Any) -> Any:
        """Return a value in another type."""
        node = source.get_node()
        key = (_name(node), source.get_index(), kind.get_type_name())
        if key not in self._made:
            if node.get_type_name() == 'Constant':
                # OpenVINO's cast of a constant cuts the lower bits off
                source = opset13.constant(round_to_bf16(node.data)).output(0)
            self._made[key] = opset13.convert(source, kind.get_type_name())
        return self._made[key].output(0)


def _name(node: Any) -> str:
    name: str = node.get_friendly_name()
    return name


def _exact_head(model: Any, work: dict[str, int]) -> set[str]:
    """Return the nodes behind the last products, and these as far as they are little work."""
    for products in range(_EXACT_PRODUCTS, 0, -1):
        head = _head(model, products)
        if sum(work.get(name, 0) for name in head) <= _EXACT_SHARE * sum(work.values()):
            return head
    return _head(model, 0)


def _smallest(work: dict[str, int]) -> set[str]:
    """Return the smallest products, as many as are together little work."""
    names = sorted(work, key=work.__getitem__)
    so_far = np.cumsum([work[name] for name in names])
    return set(names[:int(np.searchsorted(so_far, _SMALL_SHARE * sum(work.values()), 'right'))])


def _work(node: Any) -> int:
    """Return how many products of numbers a node takes, a free size counted as 1."""
    sizes = [[d.get_length() if d.is_static else 1 for d in shape] for shape in (
        node.get_output_partial_shape(0), node.get_input_partial_shape(1))]
    out, weights = (int(np.prod(s)) for s in sizes)
    # each weight is used once for every row or place of the output
    columns = sizes[1][0] if node.get_type_name() == 'Convolution' else sizes[0][-1]
    return out * weights // max(columns, 1)


def _before(nodes: list[Any], products: set[str]) -> set[str]:
    """Return the nodes that none of some products comes before: pixels are scaled there."""
    after: set[str] = set()
    for node in nodes:
        if _name(node) in products or any(
                _name(node.input_value(i).get_node()) in after
                for i in range(node.get_input_size())):
            after.add(_name(node))
    return {_name(node) for node in nodes} - after


def _head(model: Any, products: int) -> set[str]:
    """Return the nodes behind which there is an output, with few products between."""
    left_at: dict[str, int] = {}    # how many products may still come before it
    waiting = [(result.input_value(0).get_node(), products) for result in model.get_results()]
    while waiting:
        node, left = waiting.pop()
        if node.get_type_name() in _LEAVES or left_at.get(_name(node), -1) >= left:
            continue
        if node.get_type_name() in _PRODUCTS:
            if left == 0:
                continue
            left -= 1
        left_at[_name(node)] = max(left_at.get(_name(node), -1), left)
        waiting += [(node.input_value(i).get_node(), left)
                    for i in range(node.get_input_size())]
    return set(left_at)


def _residual_sums(nodes: list[Any], order: dict[str, int]) -> set[str]:
    """Return the sums x + f(x): a state that goes on, to which a layer adds."""
    found = set()
    for node in nodes:
        if node.get_type_name() == 'Add':
            a, b = (node.input_value(i).get_node() for i in (0, 1))
            if _comes_from(a, b, order) or _comes_from(b, a, order):
                found.add(_name(node))
    return found


def _comes_from(node: Any, origin: Any, order: dict[str, int]) -> bool:
    """Say whether a node is computed from another."""
    if origin.get_type_name() == 'Constant':
        return False
    wanted, seen, waiting = _name(origin), set(), [node]
    while waiting:
        current = waiting.pop()
        for i in range(current.get_input_size()):
            source = current.input_value(i).get_node()
            name = _name(source)
            if name == wanted:
                return True
            # what comes before the origin cannot come from it
            if name not in seen and order[name] > order[wanted]:
                seen.add(name)
                waiting.append(source)
    return False
