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
The manifest of a bundle: read as data, checked against its files, never executed.

A bundle is a folder ``manifest.json encoder.onnx rollout.onnx weights.safetensors``.
"""

from dataclasses import dataclass
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from jepa_ros.types import ActionSpec, ModelSpec

FORMAT = 1
LARGEST_FILE_BYTES = 2 ** 30
LARGEST_MANIFEST_BYTES = 2 ** 20
GRAPHS = ('encoder', 'rollout')
# the key of a protobuf entry that points an ONNX tensor to a file outside the graph
_EXTERNAL_DATA_MARK = b'\n\x08location'


class BundleError(ValueError):
    """A bundle that is not what its manifest says, or a manifest that is not one."""


@dataclass(frozen=True)
class TensorSpec:
    """Name, element type and shape of one input or output; a word in a shape is a free size."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class GraphSpec:
    """One graph of a bundle: its file and its inputs and outputs, in order."""

    file: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself; ``raw`` is the whole of manifest.json, as data."""

    folder: Path
    name: str
    spec: ModelSpec
    encoder: GraphSpec
    rollout: GraphSpec
    raw: dict[str, Any]

    def path(self, graph: GraphSpec) -> Path:
        """Return where a graph's file is."""
        return self.folder / graph.file


def _get(table: dict[str, Any], key: str, kind: type | tuple[type, ...], where: str) -> Any:
    if not isinstance(table, dict) or key not in table:
        raise BundleError(f'{where} has no {key!r}')
    value = table[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BundleError(f'{where}: {key} is {value!r}, must be {kind}')
    return value


def _number(table: dict[str, Any], key: str, where: str) -> float:
    value = float(_get(table, key, (int, float), where))
    if not math.isfinite(value):
        raise BundleError(f'{where}: {key} is {value}, must be finite')
    return value


def _graph(raw: dict[str, Any], name: str) -> GraphSpec:
    where = f'graphs.{name}'
    table = _get(_get(raw, 'graphs', dict, 'manifest'), name, dict, 'graphs')

    def tensors(key: str) -> tuple[TensorSpec, ...]:
        return tuple(TensorSpec(str(_get(t, 'name', str, where)), str(_get(t, 'type', str, where)),
                                tuple(_get(t, 'shape', list, where)))
                     for t in _get(table, key, list, where))

    return GraphSpec(str(_get(table, 'file', str, where)), tensors('inputs'), tensors('outputs'))


def _spec(raw: dict[str, Any]) -> ModelSpec:
    image = _get(raw, 'image', dict, 'manifest')
    for key, wanted in (('colour', 'rgb'), ('type', 'uint8'), ('layout', 'NHWC')):
        if image.get(key) != wanted:
            raise BundleError(f'image.{key} is {image.get(key)!r}, must be {wanted!r}')
    latent = _get(raw, 'latent', dict, 'manifest')
    action = _get(raw, 'action', dict, 'manifest')
    try:
        return ModelSpec(
            image_height=_get(image, 'height', int, 'image'),
            image_width=_get(image, 'width', int, 'image'),
            history=_get(raw, 'history', int, 'manifest'),
            horizon=_get(raw, 'horizon', int, 'manifest'),
            tokens=_get(latent, 'tokens', int, 'latent'),
            width=_get(latent, 'width', int, 'latent'),
            action=ActionSpec(
                names=tuple(str(n) for n in _get(action, 'names', list, 'action')),
                units=tuple(str(n) for n in _get(action, 'units', list, 'action')),
                low=tuple(float(v) for v in _get(action, 'low', list, 'action')),
                high=tuple(float(v) for v in _get(action, 'high', list, 'action')),
                block=_get(action, 'block', int, 'action'),
                period_s=_number(action, 'period_s', 'action')),
            arrival_cost=_number(_get(raw, 'arrival', dict, 'manifest'), 'cost', 'arrival'),
            surprise_limit=_number(_get(raw, 'surprise', dict, 'manifest'), 'p99', 'surprise'))
    except BundleError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise BundleError(f'manifest: {error}') from error


def _check_shapes(spec: ModelSpec, encoder: GraphSpec, rollout: GraphSpec) -> None:
    """Refuse graphs whose inputs and outputs are not of the sizes that the manifest gives."""
    t, k, a, h = spec.history, spec.action.block, spec.action.width, spec.horizon
    latent = (spec.tokens, spec.width)
    free = rollout.inputs[2].shape[0] if len(rollout.inputs) > 2 and rollout.inputs[2].shape else 0
    wanted: tuple[tuple[str, tuple[TensorSpec, ...], list[tuple[int | str, ...]]], ...] = (
        ('encoder inputs', encoder.inputs, [(1, spec.image_height, spec.image_width, 3)]),
        ('encoder outputs', encoder.outputs, [(1, *latent)]),
        ('rollout inputs', rollout.inputs,
         [(t, *latent), (t, k, a), (free, h, k, a), latent]),
        ('rollout outputs', rollout.outputs, [(free, h, *latent), (free,), (free, h + 1)]))
    for label, found, shapes in wanted:
        if [tensor.shape for tensor in found] != shapes:
            raise BundleError(f'{label} have shapes {[tensor.shape for tensor in found]}, '
                              f'the sizes in the manifest make {shapes}')
    if not isinstance(free, str):
        raise BundleError(f'rollout takes {free!r} candidates, must take any number')


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(
            hashlib, 'file_digest') else hashlib.sha256(file.read()).hexdigest()


def _check_file(folder: Path, name: str, wanted: str) -> None:
    path = folder / name
    if Path(name).name != name or name.startswith('.'):
        raise BundleError(f'file {name!r} is not a plain name inside the bundle')
    if path.is_symlink() or not path.is_file():
        raise BundleError(f'{path} is missing or not a regular file')
    size = path.stat().st_size
    if size > LARGEST_FILE_BYTES:
        raise BundleError(f'{path} has {size} bytes, limit {LARGEST_FILE_BYTES}')
    found = sha256(path)
    if found != wanted:
        raise BundleError(f'{path}: SHA-256 is {found}, manifest says {wanted}')


def load_manifest(folder: Path) -> Manifest:
    """
    Read and check a bundle's manifest and the hash of every file that it names.

    Raises BundleError that says what was expected and what was found.
    """
    path = folder / 'manifest.json'
    if path.is_symlink() or not path.is_file():
        raise BundleError(f'{folder} is not a bundle: it has no manifest.json')
    if path.stat().st_size > LARGEST_MANIFEST_BYTES:
        raise BundleError(f'{path} has {path.stat().st_size} bytes, '
                          f'limit {LARGEST_MANIFEST_BYTES}')
    try:
        raw = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise BundleError(f'{path} is not JSON: {error}') from error
    if not isinstance(raw, dict) or raw.get('format') != FORMAT:
        found = raw.get('format') if isinstance(raw, dict) else type(raw).__name__
        raise BundleError(f'{path}: format is {found!r}, this version reads {FORMAT}')
    encoder, rollout = (_graph(raw, name) for name in GRAPHS)
    files = _get(raw, 'files', dict, 'manifest')
    for graph in (encoder, rollout):
        if graph.file not in files:
            raise BundleError(f'files has no hash of {graph.file!r}')
    for name, wanted in files.items():
        _check_file(folder, name, wanted)
    spec = _spec(raw)
    _check_shapes(spec, encoder, rollout)
    return Manifest(folder, str(_get(raw, 'name', str, 'manifest')), spec, encoder, rollout, raw)


def read_graph(manifest: Manifest, graph: GraphSpec) -> bytes:
    """Return the bytes of an ONNX graph; BundleError where it keeps data in another file."""
    content = manifest.path(graph).read_bytes()
    if _EXTERNAL_DATA_MARK in content:
        raise BundleError(f'{graph.file} keeps tensors in other files; '
                          'export it with its weights inside')
    return content
