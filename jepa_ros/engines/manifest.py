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

A bundle is a folder ``manifest.json encoder.onnx rollout.onnx weights.safetensors``; the last is
what torch needs, and can be left out.
"""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

from jepa_ros.engines.bundle_files import (
    BundleError,
    check_file,
    check_name,
    read_checked,
    read_json,
    said,
    sha256,
)
from jepa_ros.engines.fields import at_least_0, get, list_of, number, numbers, size
from jepa_ros.engines.graph_spec import check_shapes, graph_of, GraphSpec, TensorSpec
from jepa_ros.types import ActionSpec, is_speed, ModelSpec, Proprioception

__all__ = [
    'FORMAT', 'GRAPHS', 'WEIGHTS', 'BundleError', 'GraphSpec', 'Manifest', 'TensorSpec',
    'load_manifest', 'read_graph', 'sha256',
]

FORMAT = 1
GRAPHS = ('encoder', 'rollout')
WEIGHTS = 'weights.safetensors'
# far more than any model has; a robot's memory is what they are for
_MOST_PIXELS_A_SIDE = 4096
_MOST_BLOCKS = 1024
_MOST_ACTIONS = 64
_LONGEST_WORD = 64
_MOST_LATENT_NUMBERS = 2 ** 22


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself; ``raw`` is the whole of manifest.json, as data."""

    folder: Path
    name: str
    spec: ModelSpec
    encoder: GraphSpec
    rollout: GraphSpec
    raw: dict[str, Any]

    @property
    def region(self) -> tuple[int, int, int, int] | None:
        """Return the part of its pictures that it learnt from, None where it does not say."""
        return trained_region(self.raw)

    def path(self, graph: GraphSpec) -> Path:
        """Return where a graph's file is."""
        return self.folder / graph.file


def trained_region(raw: Any) -> tuple[int, int, int, int] | None:
    """
    Return x, y, width and height of the part of its pictures that a model learnt from.

    None where its manifest does not say: models of a simulator, or of others, need not.
    """
    for key in ('training', 'data', 'image', 'region'):
        raw = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(raw, list) or len(raw) != 4 or not all(type(n) is int for n in raw):
        return None
    return raw[0], raw[1], raw[2], raw[3]


def _action(raw: dict[str, Any]) -> ActionSpec:
    table = get(raw, 'action', dict, 'manifest')
    names = list_of(table, 'names', str, 'action')
    if not 1 <= len(set(names)) == len(names) <= _MOST_ACTIONS:
        raise BundleError(f'action: names are {said(names)}, must be 1 to {_MOST_ACTIONS}, '
                          'all different')
    units = list_of(table, 'units', str, 'action')
    for key, words in (('names', names), ('units', units)):
        if any(len(word) > _LONGEST_WORD for word in words):
            raise BundleError(f'action: {key} are at most {_LONGEST_WORD} characters long, '
                              f'found {said(max(words, key=len))}')
    spec = ActionSpec(
        names=tuple(names), units=tuple(units),
        low=tuple(numbers(table, 'low', 'action')), high=tuple(numbers(table, 'high', 'action')),
        block=size(table, 'block', 'action', _MOST_BLOCKS),
        period_s=number(table, 'period_s', 'action'))
    for name, unit, low, high in zip(spec.names, spec.units, spec.low, spec.high, strict=True):
        # a command is brought within its limits: without zero the robot could not be stopped
        if is_speed(unit) and not low <= 0.0 <= high:
            raise BundleError(f'action: {said(name)} has limits {low:g} to {high:g} {unit}, those '
                              'of a velocity must include 0; train it again with such limits')
    return spec


def _proprioception(raw: dict[str, Any]) -> Proprioception | None:
    """Return what a latent holds of proprioception; None where the manifest names none."""
    if 'proprioception' not in raw:
        return None
    table = get(raw, 'proprioception', dict, 'manifest')
    names, units = (list_of(table, key, str, 'proprioception') for key in ('names', 'units'))
    if not 1 <= len(set(names)) == len(names) <= _MOST_ACTIONS:
        raise BundleError(f'proprioception: names are {said(names)}, must be 1 to '
                          f'{_MOST_ACTIONS}, all different')
    return Proprioception(tuple(names), tuple(units),
                          tuple(numbers(table, 'scale', 'proprioception')))


def _spec(raw: dict[str, Any]) -> ModelSpec:
    image = get(raw, 'image', dict, 'manifest')
    for key, wanted in (('colour', 'rgb'), ('type', 'uint8'), ('layout', 'NHWC')):
        if image.get(key) != wanted:
            raise BundleError(f'image.{key} is {said(image.get(key))}, must be {wanted!r}')
    latent = get(raw, 'latent', dict, 'manifest')
    tokens, width = (size(latent, key, 'latent', _MOST_LATENT_NUMBERS)
                     for key in ('tokens', 'width'))
    if tokens * width > _MOST_LATENT_NUMBERS:
        raise BundleError(f'latent: {tokens} tokens of width {width} are {tokens * width} '
                          f'numbers, limit {_MOST_LATENT_NUMBERS}')
    try:
        return ModelSpec(
            image_height=size(image, 'height', 'image', _MOST_PIXELS_A_SIDE),
            image_width=size(image, 'width', 'image', _MOST_PIXELS_A_SIDE),
            history=size(raw, 'history', 'manifest', _MOST_BLOCKS),
            horizon=size(raw, 'horizon', 'manifest', _MOST_BLOCKS),
            tokens=tokens, width=width, action=_action(raw),
            arrival_cost=at_least_0(get(raw, 'arrival', dict, 'manifest'), 'cost', 'arrival'),
            surprise_limit=at_least_0(
                get(raw, 'surprise', dict, 'manifest'), 'p99', 'surprise'),
            delay_s=(at_least_0(raw['action'], 'delay_s', 'action')
                     if 'delay_s' in raw['action'] else ModelSpec.delay_s),
            proprioception=_proprioception(raw))
    except BundleError:
        raise
    except ValueError as error:
        raise BundleError(f'manifest: {error}') from error


def load_manifest(folder: Path) -> Manifest:
    """
    Read and check a bundle's manifest and the hash of every file that it names.

    The folder may be a link, its files may not.  Raises BundleError that says what was expected
    and what was found.
    """
    path = folder / 'manifest.json'
    if not os.path.lexists(path):
        raise BundleError(f'{folder} is not a bundle: it has no manifest.json')
    raw = read_json(path)
    if (not isinstance(raw, dict) or type(raw.get('format')) is not int
            or raw['format'] != FORMAT):
        found = said(raw.get('format') if isinstance(raw, dict) else type(raw).__name__)
        raise BundleError(f'{path}: format is {found}, this version reads {FORMAT}')
    try:
        manifest = _manifest(folder, raw)
    except BundleError as error:
        raise BundleError(f'{path}: {error}') from error
    for name, wanted in raw['files'].items():
        check_file(folder, name, wanted)
    return manifest


def _manifest(folder: Path, raw: dict[str, Any]) -> Manifest:
    """Return what a manifest says, without a look at the files."""
    encoder, rollout = (graph_of(raw, name) for name in GRAPHS)
    files = get(raw, 'files', dict, 'manifest')
    for name in files:
        check_name(name)
        get(files, name, str, 'files')
    for graph in (encoder, rollout):
        if graph.file not in files:
            raise BundleError(f'files has no hash of {said(graph.file)}')
    spec = _spec(raw)
    check_shapes(spec, encoder, rollout)
    return Manifest(folder, get(raw, 'name', str, 'manifest'), spec, encoder, rollout, raw)


def read_graph(manifest: Manifest, graph: GraphSpec) -> bytes:
    """
    Return the bytes of an ONNX graph.

    BundleError where they changed since the manifest was read, or are not all of the graph.
    """
    # a graph that is only being tried is in no manifest yet
    return read_checked(manifest.path(graph), manifest.raw['files'].get(graph.file))
