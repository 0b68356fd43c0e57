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

"""Edits of valid things: of bytes, and of trees of tables and lists.  Few, so that much stays."""

from collections.abc import Sequence
import copy
import math
import struct
from typing import Any

from hypothesis import strategies as st

PLACES = 2 ** 16
# lengths and sizes at which code goes wrong
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1,
           2 ** 40, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1, 60_000, 1_000_000)
_LAYOUTS = ('<B', '>H', '<H', '>I', '<I', '>Q', '<Q')

Edit = tuple[int, int, int]


def edits(most: int = 4, least: int = 0) -> st.SearchStrategy[list[Edit]]:
    """Return lists of edits: what is done, where (of PLACES), and a number for it."""
    return st.lists(st.tuples(st.integers(0, 7), st.integers(0, PLACES - 1),
                              st.integers(0, 255)), min_size=least, max_size=most)


def edit_bytes(content: bytes, changes: Sequence[Edit]) -> bytes:
    """Return some bytes after edits."""
    out = bytearray(content)
    for what, place, number in changes:
        at = place * (len(out) + 1) // PLACES
        if what == 0:
            out[at:at + 1] = bytes([out[at] ^ (1 << number % 8)]) if at < len(out) else b''
        elif what == 1:
            out[at:at + 1] = bytes([number])
        elif what == 2:
            out[at:at] = bytes([number]) * (1 + number % 5)
        elif what == 3:
            del out[at:at + 1 + number % 32]
        elif what == 4:
            out[at:at] = out[at:at + 1 + number]
        elif what == 5:
            del out[max(at, 1):]
        elif what == 6:
            layout = _LAYOUTS[number % len(_LAYOUTS)]
            largest = NUMBERS[number % len(NUMBERS)] % 2 ** (8 * struct.calcsize(layout))
            out[at:at + struct.calcsize(layout)] = struct.pack(layout, largest)
        else:
            other = number * (len(out) + 1) // 256
            out[at:at + 8], out[other:other + 8] = out[other:other + 8], out[at:at + 8]
    return bytes(out)


def _deep(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


# what may stand anywhere in a file that somebody else wrote
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 255, 4096, 4097, 2 ** 31, 2 ** 63, -2 ** 63, 2 ** 64,
    10 ** 30, 10 ** 400, 0.0, -0.0, 0.5, 1.0, 1e-320, 1e6, 1e30, 1e308, -1e308, math.nan,
    math.inf, -math.inf, '', ' ', 'a', '1', '0.1', 'nan', 'a' * 300, 'x' * 5000, '\ud800',
    '\udcff/x', 'a\0b', 'a\nb', '..', '../x', '/etc/passwd', './encoder.onnx', '~', 'é',
    '\U0001f600', 'encoder.onnx', 'float32', 'candidates', 'linear_x', [], {}, [None], [0], [[]],
    [1, 2, 3], ['a'], [0.0, math.nan], {'a': 1}, {'': None}, {'name': 'a'}, _deep(5), _deep(60),
    [0] * 300, {f'k{i}': i for i in range(50)})


def edit_tree(tree: Any, changes: Sequence[Edit]) -> Any:
    """Return a tree after edits: entries replaced, taken away, doubled, renamed or moved."""
    out = copy.deepcopy(tree)
    for what, place, number in changes:
        ways = list(_ways(out))
        if not ways:
            return out
        table, key = ways[place * len(ways) // PLACES]
        other, other_key = ways[number * len(ways) // 256]
        value = VALUES[number % len(VALUES)]
        if what <= 2:
            table[key] = copy.deepcopy(value)
        elif what == 3:
            del table[key]
        elif what == 4 and isinstance(table, list):
            table.insert(key, copy.deepcopy(table[key]))
        elif what == 4:
            table[str(value)[:400]] = table.pop(key)
        elif what == 5:
            # a copy, as a tree in itself has no end
            table[key] = copy.deepcopy(other[other_key])
        elif what == 6 and isinstance(table[key], int | float):
            table[key] = -table[key] if number % 2 else table[key] * number
        else:
            table[key] = str(table[key]) if number % 2 else [table[key]]
    return out


def _ways(tree: Any) -> Any:
    """Yield (table, key) for every entry of a tree."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from _ways(tree[key])
