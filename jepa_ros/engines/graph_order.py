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
Whether an ONNX graph can be walked from its inputs to its outputs.

OpenVINO goes round and round where a node needs what comes of it: a node that is being configured
would never answer again.  So the order is checked before a runtime sees the graph.
"""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT, _LARGEST_TAG = 10, 2 ** 32 - 1
# numbers of fields in onnx.proto
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_SPARSE = 1, 5, 11, 15
_NODE_INPUT, _NODE_OUTPUT = 1, 2
_TENSOR_NAME, _INPUT_NAME, _SPARSE_VALUES = 8, 1, 1


def check_order(model: bytes) -> None:
    """Raise ValueError where a tensor is made twice, or is read before it is made."""
    made: set[bytes] = set()
    nodes: list[memoryview] = []
    for graph in _parts(memoryview(model), _MODEL_GRAPH):
        for number, content in _fields(graph):
            if number == _GRAPH_NODE:
                nodes.append(content)
            elif number == _GRAPH_INITIALIZER:
                made.update(_names(content, _TENSOR_NAME))
            elif number == _GRAPH_INPUT:
                made.update(_names(content, _INPUT_NAME))
            elif number == _GRAPH_SPARSE:
                for values in _parts(content, _SPARSE_VALUES):
                    made.update(_names(values, _TENSOR_NAME))
    for number, node in enumerate(nodes):
        for name in _names(node, _NODE_INPUT):
            # an input that may be left out is named nothing
            if name and name not in made:
                raise ValueError(f'node {number} reads {_shown(name)}, which nothing before it '
                                 'makes')
        for name in _names(node, _NODE_OUTPUT):
            if name and name in made:
                raise ValueError(f'node {number} makes {_shown(name)}, which is there already')
            made.add(name)


def _shown(name: bytes) -> str:
    return repr(name[:60].decode(errors='replace'))


def _parts(data: memoryview, wanted: int) -> Iterator[memoryview]:
    return (content for number, content in _fields(data) if number == wanted)


def _names(data: memoryview, wanted: int) -> list[bytes]:
    return [bytes(content) for content in _parts(data, wanted)]


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of the fields of a message that are bytes; the rest is skipped."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag > _LARGEST_TAG:      # readers drop what is above, and would take it for another
            raise ValueError(f'a tag is {tag}, limit {_LARGEST_TAG}')
        kind, length = tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(data, at)
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind == _FIXED64:
            length = 8
        elif kind == _FIXED32:
            length = 4
        else:
            raise ValueError(f'a field of kind {kind} is none that ONNX has')
        if length > len(data) - at:
            raise ValueError(f'a field says {length} bytes, {len(data) - at} are left')
        if kind == _BYTES:
            yield tag >> 3, data[at:at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    value = 0
    for i, byte in enumerate(data[at:at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError('a number has no end')
