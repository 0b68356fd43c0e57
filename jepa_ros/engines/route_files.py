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

"""A route on disk: route.json and its pictures, read as data that anybody may have written."""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

import numpy as np

from jepa_ros.core.goal import goal_latent
from jepa_ros.core.png import png_size, SIGNATURE
from jepa_ros.core.route import Edge, MOST_NODES, Route
from jepa_ros.core.world_model import WorldModel
from jepa_ros.engines.bundle_files import BundleError, check_file, read_json, said
from jepa_ros.engines.fields import at_least_0, get, list_of, must_be, size
from jepa_ros.types import Array, Image

FORMAT = 1
ROUTE_FILE, SHEET_FILE = 'route.json', 'route.png'
_MOST_PIXELS_A_SIDE = 4096
_MOST_EDGES = 20 * MOST_NODES


class RouteError(ValueError):
    """A folder that is no route, or one for another model."""


@dataclass(frozen=True)
class RouteFiles:
    """
    What a route's folder holds.

    ``pictures`` are (height, width, 3) uint8 RGB; ``edges`` those of the drives, and what two
    drives have in common, ``seen``, by the critic of the model whose encoder has the SHA-256
    ``encoder``.  ``region`` is the part of the camera's picture, in pixels, all zero the whole.
    """

    folder: Path
    pictures: tuple[Image, ...]
    edges: tuple[Edge, ...]
    encoder: str
    region: tuple[int, ...]


def encoder_hash(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's encoder as its manifest has it; '' where it has none."""
    raw = read_json(bundle / 'manifest.json')
    try:
        return str(raw['files'][raw['graphs']['encoder']['file']])
    except (KeyError, TypeError):
        return ''


def load_route(folder: Path, height: int, width: int) -> RouteFiles:
    """
    Read and check a route whose pictures are to be of a model's size.

    Raises RouteError that names the file, what was found, and what was expected.
    """
    path = folder / ROUTE_FILE
    if not os.path.lexists(path):
        raise RouteError(f'{folder} is no route: it has no {ROUTE_FILE}; make one with jepa route')
    try:
        raw = read_json(path)
        if not isinstance(raw, dict) or type(raw.get('format')) is not int or (
                raw['format'] != FORMAT):
            found = said(raw.get('format') if isinstance(raw, dict) else type(raw).__name__)
            raise BundleError(f'{path}: format is {found}, this version reads {FORMAT}')
        return _files(folder, raw, height, width)
    except BundleError as error:
        text = str(error)
        raise RouteError(text if str(folder) in text else f'{path}: {text}') from error


def _files(folder: Path, raw: dict[str, Any], height: int, width: int) -> RouteFiles:
    model = get(raw, 'model', dict, 'route')
    found = tuple(size(model, key, 'model', _MOST_PIXELS_A_SIDE) for key in ('height', 'width'))
    if found != (height, width):
        raise BundleError(f'pictures are {found[1]}x{found[0]}, the model takes {width}x{height}: '
                          'make the route again with jepa route')
    nodes = list_of(raw, 'pictures', dict, 'route')
    if not 1 <= len(nodes) <= MOST_NODES:
        raise BundleError(f'route has {len(nodes)} pictures, must be 1 to {MOST_NODES}')
    region = [int(number) for number in list_of(raw, 'region', int, 'route')]
    if len(region) != 4 or min(region) < 0:
        raise BundleError(f'region is {said(region)}, must be 4 numbers of at least 0')
    return RouteFiles(
        folder, tuple(_picture(folder, node, i, height, width) for i, node in enumerate(nodes)),
        _edges(raw, len(nodes)), str(get(model, 'encoder', str, 'model')), tuple(region))


def _edges(raw: dict[str, Any], count: int) -> tuple[Edge, ...]:
    tables = list_of(raw, 'edges', dict, 'route')
    if len(tables) > _MOST_EDGES:
        raise BundleError(f'route has {len(tables)} edges, limit {_MOST_EDGES}')
    edges = []
    for i, table in enumerate(tables):
        where = f'edges[{i}]'
        ends = [int(must_be(get(table, key, int, where), int, f'{where}: {key}'))
                for key in ('start', 'end')]
        if min(ends) < 0 or max(ends) >= count or ends[0] == ends[1]:
            raise BundleError(f'{where} joins {said(ends)}, must be two of 0 to {count - 1}')
        if not isinstance(table.get('seen'), bool):
            raise BundleError(f'{where}: seen is {said(table.get("seen"))}, must be true or false')
        edges.append(Edge(ends[0], ends[1], at_least_0(table, 'blocks', where), table['seen']))
    return tuple(edges)


def _picture(folder: Path, node: dict[str, Any], number: int, height: int, width: int) -> Image:
    """Return one picture; what it wants of memory is known before it is unpacked."""
    where = f'pictures[{number}]'
    name = str(get(node, 'file', str, where))
    check_file(folder, name, str(get(node, 'sha256', str, where)))
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(f'{folder / name} cannot be read: {error.strerror}') from error
    if not data.startswith(SIGNATURE):
        raise BundleError(f'{folder / name} is no PNG')
    try:
        high, wide = png_size(memoryview(data), str(folder / name))
    except ValueError as error:
        raise BundleError(str(error)) from error
    if (high, wide) != (height, width):
        raise BundleError(f'{folder / name} is {wide}x{high}, the model takes {width}x{height}')
    import cv2
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None or picture.shape != (height, width, 3):
        raise BundleError(f'{folder / name} cannot be read as a PNG')
    rgb: Image = np.ascontiguousarray(picture[..., ::-1])
    return rgb


def to_route(files: RouteFiles, model: WorldModel, encoder: str) -> tuple[Route, str]:
    """
    Return the route as a model sees its pictures, and what is to be said about it, or ''.

    Where another encoder made it, what looked alike to that one is left out.  Raises RouteError
    where a picture makes no goal.
    """
    latents = [_goal(files, number, model) for number in range(len(files.pictures))]
    same = files.encoder == encoder
    edges = tuple(edge for edge in files.edges if same or not edge.seen)
    said_of_it = '' if same else (
        f'the route was made with another model: {len(files.edges) - len(edges)} of '
        f'{len(files.edges)} edges are left out, those where it saw two pictures alike; its '
        'pictures may be spaced otherwise than this one would; jepa route makes it again')
    return Route(np.stack(latents), edges), said_of_it


def _goal(files: RouteFiles, number: int, model: WorldModel) -> Array:
    try:
        return goal_latent(model, files.pictures[number])
    except ValueError as error:
        raise RouteError(f'{files.folder}: picture {number} makes no goal: {error}') from error
