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
The int8 graphs that ``jepa calibrate`` puts into a bundle: beside the others, hashed like them.

One graph for every runtime: products read int8, their scales are in the graph.
"""

from collections.abc import Mapping
from dataclasses import replace
import json
from typing import Any

from jepa_ros.engines.manifest import (
    BundleError,
    GRAPHS,
    GraphSpec,
    load_manifest,
    Manifest,
    sha256,
)
from jepa_ros.files import write_whole

KEY = 'int8'
_MANIFEST = 'manifest.json'


def graphs_in(manifest: Manifest, precision: str) -> tuple[GraphSpec, GraphSpec]:
    """
    Return encoder and rollout of a bundle for a precision.

    Only int8 has graphs of its own; BundleError where the bundle has none, or they were made
    from other graphs than it has now.
    """
    graphs = (manifest.encoder, manifest.rollout)
    if precision != 'int8':
        return graphs
    table = manifest.raw.get(KEY)
    if table is None:
        raise BundleError(f'{manifest.name} has no int8 graphs; make them from pictures of the '
                          f"robot's camera: jepa calibrate --model {manifest.folder} --bag BAG")
    encoder, rollout = (_graph(manifest, table, name, graph)
                        for name, graph in zip(GRAPHS, graphs, strict=True))
    return encoder, rollout


def _graph(manifest: Manifest, table: Any, name: str, graph: GraphSpec) -> GraphSpec:
    hashes = manifest.raw['files']
    try:
        file, source = str(table['graphs'][name]), str(table['made_from'][graph.file])
    except (KeyError, TypeError) as error:
        raise BundleError(f'manifest: int8 names no graph or no source for {name}: '
                          f'{error!r}') from error
    if file not in hashes:
        raise BundleError(f'files has no hash of {file!r}')
    if source != hashes[graph.file]:
        raise BundleError(f'{file} was made from {graph.file} {source[:12]}, now it is '
                          f'{hashes[graph.file][:12]}; run jepa calibrate again')
    return replace(graph, file=file)


def write_int8(manifest: Manifest, graphs: Mapping[str, bytes], record: dict[str, Any]
               ) -> Manifest:
    """
    Put int8 graphs into a bundle, and ``record``, what they were made from, into its manifest.

    ``graphs`` has the bytes for each of ``GRAPHS``.  The bundle is whole at every moment: it names
    int8 graphs only when they are there.  Returns the manifest, checked.
    """
    folder = manifest.folder
    files = {name: f'{name}.int8.onnx' for name in GRAPHS}
    raw = {k: v for k, v in manifest.raw.items() if k != KEY}
    hashes = {k: v for k, v in raw['files'].items() if k not in files.values()}
    write_whole(folder / _MANIFEST, _text({**raw, 'files': hashes}))
    for name, file in files.items():
        write_whole(folder / file, graphs[name])
    sources = {graph.file: hashes[graph.file] for graph in (manifest.encoder, manifest.rollout)}
    table = {'graphs': files, 'made_from': sources, **record}
    write_whole(folder / _MANIFEST, _text({
        **raw, KEY: table,
        'files': {**hashes, **{file: sha256(folder / file) for file in files.values()}}}))
    return load_manifest(folder)


def _text(raw: dict[str, Any]) -> bytes:
    return (json.dumps(raw, indent=2) + '\n').encode()
