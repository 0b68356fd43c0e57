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

"""Fuzz what a robot reads of a bundle: its manifest, and the graphs' pointers to other files."""

from collections.abc import Iterator
from contextlib import contextmanager
import hashlib
import json
from pathlib import Path

from fuzz_edits import edit_bytes, edit_tree, edits
from fuzz_run import Target
from hypothesis import strategies as st

from jepa_ros.engines.bundle_files import has_external_data
from jepa_ros.engines.graph_order import check_order
from jepa_ros.engines.int8_graphs import graphs_in
from jepa_ros.engines.manifest import BundleError, load_manifest, Manifest, read_graph

ROOT = Path(__file__).resolve().parents[2]
# each is a message of protobuf, of one field
FILES = {'encoder.onnx': b'\n\x07encoder', 'rollout.onnx': b'\n\x07rollout',
         'weights.safetensors': b'w', 'encoder.int8.onnx': b'\n\x01e',
         'rollout.int8.onnx': b'\n\x01r\x10\x05'}


def valid() -> dict:
    """Return the manifest of the shipped bundle, as if it had int8 graphs, with small files."""
    raw = json.loads((ROOT / 'models' / 'warehouse_ceiling' / 'manifest.json').read_text())
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    graphs = ('encoder', 'rollout')
    return {**raw, 'files': hashes, 'int8': {
        'graphs': {name: f'{name}.int8.onnx' for name in graphs},
        'made_from': {f'{name}.onnx': hashes[f'{name}.onnx'] for name in graphs}}}


def _sound(manifest: Manifest) -> None:
    """Check what everything behind a manifest relies on."""
    spec, action = manifest.spec, manifest.spec.action
    sizes = (spec.image_height, spec.image_width, spec.history, spec.horizon, spec.tokens,
             spec.width, action.block, action.width)
    assert all(type(size) is int and size >= 1 for size in sizes), sizes
    assert spec.image_height * spec.image_width <= 4096 ** 2
    assert all(-1e6 <= low < high <= 1e6
               for low, high in zip(action.low, action.high, strict=True))
    assert all(isinstance(text, str) for text in (manifest.name, *action.names, *action.units))
    assert spec.arrival_cost >= 0.0
    assert spec.surprise_limit >= 0.0
    for graph in (manifest.encoder, manifest.rollout, *graphs_in(manifest, 'int8')):
        assert manifest.path(graph).resolve().parent == manifest.folder.resolve()
        read_graph(manifest, graph)


@contextmanager
def manifests(folder: Path) -> Iterator[Target]:
    """Edit manifest.json as a tree and as bytes, and the graph beside it, hash kept or not."""
    bundle = folder / 'bundle'
    bundle.mkdir()
    for name, content in FILES.items():
        (bundle / name).write_bytes(content)
    raw = valid()
    (bundle / 'manifest.json').write_text(json.dumps(raw))
    _sound(load_manifest(bundle))       # else every input would be refused, for one reason

    def check(value: tuple) -> None:
        tree, letters, graph, rehash = value
        content = edit_bytes(FILES['encoder.onnx'], graph)
        (bundle / 'encoder.onnx').write_bytes(content)
        base = raw
        if rehash:
            base = {**raw, 'files': {
                **raw['files'], 'encoder.onnx': hashlib.sha256(content).hexdigest()}}
        text = json.dumps(edit_tree(base, tree)).encode()
        (bundle / 'manifest.json').write_bytes(edit_bytes(text, letters))
        _sound(load_manifest(bundle))

    yield Target('manifests', st.tuples(
        edits(4), st.just([]) | edits(2), st.just([]) | edits(1), st.booleans()), check,
                 (BundleError,), 64.0)


def _number(value: int, spare: int = 0) -> bytes:
    """Return a number as protobuf writes it, with bytes to spare, which its readers take too."""
    out = []
    while value > 127 or spare > len(out):
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, content: bytes, spare: tuple[int, int] = (0, 0)) -> bytes:
    """Return a field of protobuf; ``spare`` are bytes to spare in its tag and its length."""
    return _number(number << 3 | 2, spare[0]) + _number(len(content), spare[1]) + content


@contextmanager
def graphs(folder: Path) -> Iterator[Target]:
    """Write a graph with a tensor elsewhere in odd ways: whoever can read it, we refuse it."""
    import onnx
    from onnx.external_data_helper import uses_external_data
    tensor = onnx.TensorProto(name='w', data_type=1, dims=[4], data_location=1).SerializeToString()
    rest = onnx.helper.make_model(onnx.helper.make_graph([], 'g', [], []))
    rest.ClearField('graph')

    def check(value: tuple) -> None:
        tag, length, changes = value
        entry = _field(1, b'location', (tag, length)) + _field(2, b'../secret')
        content = rest.SerializeToString() + _field(7, _field(5, tensor + _field(13, entry)))
        content = edit_bytes(content, changes)
        model = onnx.ModelProto()
        try:
            model.ParseFromString(content)
        except Exception as error:      # protobuf's implementations raise different errors
            raise BundleError(str(error) or type(error).__name__) from error
        points = any(uses_external_data(t) and any(e.key == 'location' for e in t.external_data)
                     for t in model.graph.initializer)
        assert has_external_data(content) or not points, content.hex()
        check_order(content)

    yield Target('graphs', st.tuples(st.integers(0, 4), st.integers(0, 9), edits(2)), check,
                 (ValueError,), 64.0)
