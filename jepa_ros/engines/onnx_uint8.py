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
Let pictures into a runtime that can do nothing with uint8 but cast it.

Works on the bytes of an ONNX file, as a robot that runs fp32 has no ``onnx``.  Field numbers are
those of onnx.proto.
"""

from collections.abc import Iterator

from jepa_ros.engines.manifest import BundleError

# ops that only move numbers, so that casting before them or after them is the same
_MOVES = frozenset({'Flatten', 'Identity', 'Reshape', 'Slice', 'Squeeze', 'Transpose',
                    'Unsqueeze'})
_FLOAT, _UINT8, _ATTRIBUTE_IS_INT = 1, 2, 2
_SUFFIX = '_as_float'
Field = tuple[int, int | bytes]


def cast_uint8_inputs(content: bytes) -> bytes:
    """
    Return a graph in which the first to touch a uint8 input is a cast to float32.

    The answers are the same to the last bit.  A graph without uint8 inputs, or with such a cast
    already, comes back as it is.  BundleError where an op computes with uint8.
    """
    model = list(_fields(content))
    graph = [field for number, value in model if number == 7 for field in _fields(_raw(value))]
    nodes = [list(_fields(_raw(value))) for number, value in graph if number == 1]
    pictures = [name for number, value in graph if number == 11
                for name in _uint8_name(_raw(value))]
    renamed = {name.encode(): (name + _SUFFIX).encode() for name in pictures
               if any(_moves(node, {name.encode()}) for node in nodes)}
    if not renamed:
        return content
    _check_only_moved(nodes, set(renamed))
    casts = [(1, _cast(name, new)) for name, new in renamed.items()]
    rest = [field for field in graph if field[0] not in (1, 13)]    # 13: types that held before
    mended = [(1, _message([(n, renamed.get(_raw(v), v) if n == 1 else v) for n, v in node]))
              for node in nodes]
    return _message([(n, v) for n, v in model if n != 7]
                    + [(7, _message([*casts, *mended, *rest]))])


def _moves(node: list[Field], tensors: set[bytes]) -> bool:
    takes = any(number == 1 and value in tensors for number, value in node)
    return takes and _op(node) != 'Cast'


def _op(node: list[Field]) -> str:
    return next((_raw(value).decode() for number, value in node if number == 4), '')


def _check_only_moved(nodes: list[list[Field]], tensors: set[bytes]) -> None:
    """Follow uint8 tensors to their casts; nodes come in the order of computation."""
    for node in nodes:
        if _moves(node, tensors):
            if _op(node) not in _MOVES:
                raise BundleError(f'{_op(node)} computes with uint8, TensorRT only casts it; '
                                  'export the graph with a cast to float32 before it')
            tensors |= {_raw(value) for number, value in node if number == 2}


def _uint8_name(value_info: bytes) -> Iterator[str]:
    """Yield the name of an input (ValueInfoProto) where it is a tensor of uint8."""
    parts = dict(_fields(value_info))
    tensor = dict(_fields(_raw(parts.get(2, b'')))).get(1, b'')
    if dict(_fields(_raw(tensor))).get(1) == _UINT8:
        yield _raw(parts[1]).decode()


def _cast(name: bytes, new: bytes) -> bytes:
    to = _message([(1, b'to'), (3, _FLOAT), (20, _ATTRIBUTE_IS_INT)])
    return _message([(1, name), (2, new), (3, b'cast_' + name), (4, b'Cast'), (5, to)])


def _raw(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise BundleError('the graph is not an ONNX file: a number stands for a message')
    return value


def _fields(message: bytes) -> Iterator[Field]:
    """Yield (number, value) of every field: int for a varint, else bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind != 2:
            raise BundleError(f'the graph is not an ONNX file: field {number} is of kind {kind}')
        size, at = _varint(message, at)
        if at + size > len(message):
            raise BundleError(f'the graph is cut short: field {number} has {size} bytes, '
                              f'{len(message) - at} are left')
        yield number, message[at:at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise BundleError('the graph is cut short or not an ONNX file')


def _message(fields: list[Field]) -> bytes:
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += _number(number << 3) + _number(value)
        else:
            out += _number(number << 3 | 2) + _number(len(value)) + value
    return bytes(out)


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*out, value])
