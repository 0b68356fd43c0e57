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

"""Ways to spoil a bundle, and the words with which each of them must be refused."""

from collections.abc import Callable
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from jepa_ros.engines.bundle_files import LARGEST_FILE_BYTES, LARGEST_MANIFEST_BYTES, sha256

Spoil = Callable[[Path], Path | str | None]
MANIFEST, ENCODER, ROLLOUT = 'manifest.json', 'encoder.onnx', 'rollout.onnx'


def edit(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Return what changes a manifest by a function of it."""
    def spoil(folder: Path) -> None:
        raw = json.loads((folder / MANIFEST).read_text())
        change(raw)
        (folder / MANIFEST).write_text(json.dumps(raw))
    return spoil


def put(path: str, value: Any) -> Spoil:
    """Return what sets an entry, 'action.low.0' for example."""
    def change(raw: Any) -> None:
        *way, last = [int(key) if key.isdigit() else key for key in path.split('.')]
        for key in way:
            raw = raw[key]
        raw[last] = value
    return edit(change)


def text(content: str) -> Spoil:
    """Return what writes another manifest."""
    return lambda folder: (folder / MANIFEST).write_text(content) and None


def graph(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Return what changes a graph and its hash."""
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
        put_hash(folder, name)
    return spoil


def put_hash(folder: Path, name: str) -> None:
    """Bring the hash of a file up to date."""
    edit(lambda raw: raw['files'].update({name: sha256(folder / name)}))(folder)


def network(name: str, change: Callable[[Any], Any]) -> Spoil:
    """Return what changes a graph as ONNX, and its hash."""
    def changed(content: bytes) -> bytes:
        model = onnx.load_from_string(content)
        change(model)
        return model.SerializeToString()
    return graph(name, changed)


def nan_weights(model: Any) -> None:
    """Make every weight NaN."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            array = np.full(tuple(tensor.dims), np.nan, np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def circle(model: Any) -> None:
    """Let a node need what comes of it."""
    model.graph.node[1].input[0] = model.graph.node[-1].output[0]


def rename_output(model: Any) -> None:
    """Call the first output otherwise, wherever it is named."""
    old = model.graph.output[0].name
    model.graph.output[0].name = 'another'
    for node in model.graph.node:
        node.output[:] = ['another' if name == old else name for name in node.output]
        node.input[:] = ['another' if name == old else name for name in node.input]


def external(folder: Path) -> None:
    """Keep the weights of a graph in another file."""
    path = folder / ENCODER
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location='weights.bin',
                    size_threshold=0)
    put_hash(folder, ENCODER)


def longer_horizon(raw: dict[str, Any]) -> None:
    """Say another horizon everywhere in the manifest; the graph keeps its own."""
    raw['horizon'] += 1
    rollout = raw['graphs']['rollout']
    rollout['inputs'][2]['shape'][1] += 1
    rollout['outputs'][0]['shape'][1] += 1
    rollout['outputs'][2]['shape'][1] += 1


def link(name: str) -> Spoil:
    """Return what moves a file out of the bundle and links to it."""
    def spoil(folder: Path) -> None:
        (folder / name).rename(folder.parent / name)
        (folder / name).symlink_to(folder.parent / name)
    return spoil


def replace(name: str, make: Callable[[Path], Any]) -> Spoil:
    """Return what puts something else in the place of a file."""
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)
    return spoil


def sparse(size: int) -> Callable[[Path], None]:
    """Return what makes a file of a size that takes no disk."""
    def make(path: Path) -> None:
        with path.open('wb') as file:
            file.truncate(size)
    return make


def hashed(name: str) -> Spoil:
    """Return what says that a file has a hash of zeros."""
    return edit(lambda raw: raw['files'].update({name: '0' * 64}))


# what is spoiled, and the words of the reason: the file, the field or what is wrong, the limit
FAULTS: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    'no folder': (lambda folder: folder.parent / 'none', ('no bundle', 'none', MANIFEST)),
    'no manifest': (lambda folder: (folder / MANIFEST).unlink(), ('no bundle', MANIFEST)),
    'a folder as manifest': (replace(MANIFEST, Path.mkdir), ('no bundle', MANIFEST)),
    'a manifest that is text': (text('hello'), (MANIFEST, 'not JSON')),
    'a manifest cut short': (text('{"format": 1, "name": "sma'), (MANIFEST, 'not JSON')),
    'a manifest nested without end': (text('[' * 100_000), (MANIFEST, 'not JSON')),
    'a manifest too large': (
        text('{"format": 1}' + ' ' * LARGEST_MANIFEST_BYTES),
        (MANIFEST, f'limit {LARGEST_MANIFEST_BYTES}')),
    'a key twice': (text('{"format": 1, "format": 1}'), (MANIFEST, "'format'", 'twice')),
    'half a surrogate pair': (put('name', '\ud800'), (MANIFEST, 'not JSON', 'surrogates')),
    'another format': (put('format', 2), (MANIFEST, 'format is 2', 'reads 1')),
    'a field missing': (edit(lambda raw: raw.pop('action')), (MANIFEST, "no 'action'")),
    'a field of another type': (
        put('history', '1'), (MANIFEST, "history is '1'", 'must be a whole number')),
    'a number that is none': (
        put('action.period_s', float('nan')), (MANIFEST, 'period_s is nan', 'finite')),
    'a limit without limit': (
        put('action.high.0', float('inf')), (MANIFEST, 'high[0] is inf', 'finite')),
    'low above high': (put('action.low.0', 5.0), (MANIFEST, 'low 5.0 must be below high')),
    'a block of no action': (put('action.block', 0), (MANIFEST, 'block is 0', 'at least 1')),
    'no action at all': (put('action.names', []), (MANIFEST, 'names are []', '1 to 64')),
    'a picture too large': (put('image.width', 100_000), (MANIFEST, 'width is 100000', '4096')),
    'another image size': (put('image.width', 64), (MANIFEST, 'encoder inputs', '64')),
    'actions of an arm': (
        put('action.names', ['gripper', 'wrist']),
        ('/model is', "actions ['gripper'", 'linear_x')),
    'no graph': (lambda folder: (folder / ROLLOUT).unlink(), (ROLLOUT, 'missing')),
    'a wrong hash': (hashed(ROLLOUT), (ROLLOUT, 'SHA-256', '0' * 64)),
    'a pipe as graph': (replace(ROLLOUT, os.mkfifo), (ROLLOUT, 'not a regular file')),
    'a graph too large': (
        replace(ROLLOUT, sparse(LARGEST_FILE_BYTES + 1)),
        (ROLLOUT, f'limit {LARGEST_FILE_BYTES}')),
    'a link as graph': (link(ROLLOUT), (ROLLOUT, 'link')),
    'a link as manifest': (link(MANIFEST), (MANIFEST, 'link')),
    'a file above': (hashed('../model/encoder.onnx'), (MANIFEST, '../model', 'plain name')),
    'a file anywhere': (hashed('/etc/passwd'), (MANIFEST, '/etc/passwd', 'plain name')),
    'a graph cut short': (graph(ROLLOUT, lambda c: c[:len(c) // 2]), (ROLLOUT, 'does not load')),
    'an empty graph': (graph(ENCODER, lambda _: b''), (ENCODER, 'does not load')),
    'a graph of noise': (graph(ENCODER, lambda _: bytes(2000)), (ENCODER, 'does not load')),
    'weights elsewhere': (external, (ENCODER, 'other files')),
    'a graph of another horizon': (edit(longer_horizon), (ROLLOUT, 'manifest says')),
    'an output of another name': (network(ROLLOUT, rename_output), (ROLLOUT, "'another'")),
    'an input of another type': (
        put('graphs.encoder.inputs.0.type', 'float32'), (ENCODER, "'uint8'", "'float32'")),
    'an operator that nobody has': (
        network(ENCODER, lambda model: setattr(model.graph.node[-1], 'op_type', 'NoSuch')),
        (ENCODER, 'NoSuch')),
    'a graph in a circle': (network(ROLLOUT, circle), (ROLLOUT, 'node 1 reads', 'nothing before')),
    'weights that are no numbers': (
        network(ROLLOUT, nan_weights), ('/model is', 'cost', '0 finite')),
}
