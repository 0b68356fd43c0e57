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

"""What a manifest says of a graph: its file, its inputs and outputs, and how large they are."""

from dataclasses import dataclass
from typing import Any

from jepa_ros.engines.bundle_files import BundleError, said
from jepa_ros.engines.fields import get, must_be
from jepa_ros.types import ModelSpec

# how many numbers Rollout.goal_pose has
GOAL_POSE_SIZE = 6


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


def _tensors(table: dict[str, Any], key: str, where: str) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(
        get(tensor, 'name', str, where), get(tensor, 'type', str, where),
        tuple(must_be(number, str if isinstance(number, str) else int, f'{where}.{key}: shape')
              for number in get(tensor, 'shape', list, where)))
        for tensor in get(table, key, list, where))


def graph_of(raw: dict[str, Any], name: str) -> GraphSpec:
    """Return a graph by its name out of a manifest; BundleError names a wrong entry."""
    where = f'graphs.{name}'
    table = get(get(raw, 'graphs', dict, 'manifest'), name, dict, 'graphs')
    return GraphSpec(get(table, 'file', str, where), _tensors(table, 'inputs', where),
                     _tensors(table, 'outputs', where))


def check_shapes(spec: ModelSpec, encoder: GraphSpec, rollout: GraphSpec) -> None:
    """Refuse graphs whose inputs and outputs are not of the sizes that the manifest gives."""
    t, k, a, h = spec.history, spec.action.block, spec.action.width, spec.horizon
    latent = (spec.tokens, spec.width)
    free = rollout.inputs[2].shape[0] if len(rollout.inputs) > 2 and rollout.inputs[2].shape else 0
    results: list[tuple[int | str, ...]] = [(free, h, *latent), (free,), (free, h + 1)]
    if len(rollout.outputs) > len(results):
        results.append((GOAL_POSE_SIZE,))    # of models that tell where the goal lies
    wanted: tuple[tuple[str, tuple[TensorSpec, ...], list[tuple[int | str, ...]]], ...] = (
        ('encoder inputs', encoder.inputs, [(1, spec.image_height, spec.image_width, 3)]),
        ('encoder outputs', encoder.outputs, [(1, spec.tokens, spec.encoded_width)]),
        ('rollout inputs', rollout.inputs,
         [(t, *latent), (t, k, a), (free, h, k, a), latent]),
        ('rollout outputs', rollout.outputs, results))
    for label, found, shapes in wanted:
        if [tensor.shape for tensor in found] != shapes:
            raise BundleError(f'{label} have shapes {said([tensor.shape for tensor in found])}, '
                              f'the sizes in the manifest make {said(shapes)}')
    if not isinstance(free, str):
        raise BundleError(f'rollout takes {said(free)} candidates, must take any number')
