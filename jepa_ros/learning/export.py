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

"""From trained networks to a bundle: two ONNX graphs, weights, a manifest that names it all."""

from dataclasses import asdict
import json
import os
from pathlib import Path
import shutil
from typing import Any
import warnings

import numpy as np
import torch

from jepa_ros.engines import int8_graphs
from jepa_ros.engines.architectures import (
    AnyConfig,
    AnyNetworks,
    name_of,
    plain_rollout,
    rollout_graph,
)
from jepa_ros.engines.graph_spec import GOAL_POSE_SIZE
from jepa_ros.engines.manifest import FORMAT, load_manifest, Manifest, sha256, WEIGHTS
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.torch_engine import load_networks, TorchEngine
from jepa_ros.learning.bundle_place import check_place
from jepa_ros.learning.checkpoint import save_weights
from jepa_ros.learning.data import Actions
from jepa_ros.learning.metrics import Calibration

PARITY = 1e-4
# of what the data sets' odometry is called
PROPRIOCEPTION_UNITS = {'linear_x': 'm/s', 'linear_y': 'm/s', 'angular_z': 'rad/s'}
_FILES = ('encoder.onnx', 'rollout.onnx', WEIGHTS)
_ROLLOUT_INPUTS = ('context', 'executed', 'candidates', 'goal')
_ROLLOUT_OUTPUTS = ('latents', 'cost', 'cost_to_go')
_GOAL_POSE = 'goal_pose'


def _examples(config: AnyConfig, candidates: int, seed: int = 0) -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    width, block, actions = config.width, config.block, len(config.low)
    return {'context': torch.randn(config.history, 1, width, generator=g),
            'executed': torch.randn(config.history, block, actions, generator=g) * 0.2,
            'candidates': torch.randn(candidates, config.horizon, block, actions,
                                      generator=g) * 0.2,
            'goal': torch.randn(1, width, generator=g)}


def export_graph(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], path: Path,
                 input_names: tuple[str, ...], output_names: tuple[str, ...],
                 candidates: int | None = None) -> None:
    """
    Write a module as ONNX, its weights inside, without a word about where it was made.

    ``candidates`` is the index of the input whose first axis is free.
    """
    free = {0: torch.export.Dim('candidates')}
    shapes = tuple(free if i == candidates else {} for i in range(len(inputs)))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the exporter's own deprecations
        program = torch.onnx.export(
            module.eval(), inputs, input_names=list(input_names),
            output_names=list(output_names), dynamo=True, verbose=False,
            dynamic_shapes=shapes if candidates is not None else None)
    model = program.model_proto
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info,
                 *model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]  # stack traces, with the paths of this machine
    path.write_bytes(model.SerializeToString(deterministic=True))


def _export_graphs(networks: AnyNetworks, folder: Path) -> None:
    config = networks.config
    image = torch.zeros(1, config.image_px, config.image_px, 3, dtype=torch.uint8)
    export_graph(networks.encoder, (image,), folder / 'encoder.onnx', ('image',), ('latent',))
    export_graph(rollout_graph(networks), tuple(_examples(config, 3).values()),
                 folder / 'rollout.onnx', _ROLLOUT_INPUTS,
                 (*_ROLLOUT_OUTPUTS, *([_GOAL_POSE] if _tells_pose(config) else [])),
                 candidates=2)


def _tells_pose(config: AnyConfig) -> bool:
    return getattr(config, 'whereabouts_hidden', 0) > 0


def _graph_specs(config: AnyConfig) -> dict[str, Any]:
    px, d, k, a, h, t = (config.image_px, config.width, config.block, len(config.low),
                         config.horizon, config.history)
    encoded = d - len(getattr(config, 'proprioception_scale', ()))

    def tensor(name: str, shape: list[int | str], kind: str = 'float32') -> dict[str, Any]:
        return {'name': name, 'type': kind, 'shape': shape}

    return {
        'encoder': {'file': 'encoder.onnx', 'inputs': [tensor('image', [1, px, px, 3], 'uint8')],
                    'outputs': [tensor('latent', [1, 1, encoded])]},
        'rollout': {'file': 'rollout.onnx', 'inputs': [
            tensor('context', [t, 1, d]), tensor('executed', [t, k, a]),
            tensor('candidates', ['candidates', h, k, a]), tensor('goal', [1, d])],
            'outputs': [tensor('latents', ['candidates', h, 1, d]), tensor('cost', ['candidates']),
                        tensor('cost_to_go', ['candidates', h + 1]),
                        *([tensor(_GOAL_POSE, [GOAL_POSE_SIZE])] if _tells_pose(config) else [])]}}


def parity(manifest: Manifest, networks: AnyNetworks, candidates: int = 16, seed: int = 1
           ) -> float:
    """Return the largest difference between the bundle on ONNX Runtime and the torch modules."""
    reference = TorchEngine(manifest.spec, networks.encoder, plain_rollout(networks))
    engine = OnnxEngine(manifest)
    rng = np.random.default_rng(seed)
    px = networks.config.image_px
    image = rng.integers(0, 256, (px, px, 3), dtype=np.uint8)
    inputs = [t.numpy() for t in _examples(networks.config, candidates, seed).values()]
    a, b = engine.rollout(*inputs), reference.rollout(*inputs)
    pairs = [(engine.encode(image), reference.encode(image)), (a.latents, b.latents),
             (a.cost, b.cost), (a.cost_to_go, b.cost_to_go)]
    if a.goal_pose is not None and b.goal_pose is not None:
        pairs.append((a.goal_pose, b.goal_pose))
    return max(float(np.abs(x - y).max() / max(1.0, np.abs(y).max())) for x, y in pairs)


def export_bundle(networks: AnyNetworks, folder: Path, name: str, calibration: Calibration,
                  training: dict[str, Any], actions: Actions | None = None,
                  proprioception: tuple[str, ...] = (),
                  licence: str = 'Apache-2.0', weights: bool = True) -> Manifest:
    """
    Write a bundle whole or not at all, replacing what was there; return its manifest, checked.

    ``proprioception`` names what the networks have a scale of.  ``training`` goes into the
    manifest as it is; without ``weights`` it has the graphs only.  RuntimeError where ONNX
    Runtime and torch differ by more than ``PARITY``; ValueError as of ``check_place``.
    """
    check_place(folder)
    actions = actions or Actions()
    networks.eval()
    config = networks.config
    partial = folder.with_name(f'.{folder.name}.{os.getpid()}.partial')
    partial.mkdir(parents=True)
    try:
        _export_graphs(networks, partial)
        if weights:
            save_weights(networks, partial / WEIGHTS)
        p50, p95, p99 = calibration.surprise
        raw = {
            'format': FORMAT, 'name': name, 'licence': licence,
            'image': {'height': config.image_px, 'width': config.image_px, 'colour': 'rgb',
                      'type': 'uint8', 'layout': 'NHWC', 'crop': 'centre, area average',
                      'normalisation': 'inside the encoder graph'},
            'latent': {'tokens': 1, 'width': config.width},
            'history': config.history, 'horizon': config.horizon,
            'action': {'names': list(actions.names), 'units': list(actions.units),
                       'low': list(config.low), 'high': list(config.high),
                       'block': config.block, 'period_s': actions.period_s,
                       'delay_s': actions.delay_s},
            'graphs': _graph_specs(config),
            'arrival': {'cost': calibration.arrival_cost,
                        'latent_distance': calibration.arrival_distance},
            'surprise': {'p50': p50, 'p95': p95, 'p99': p99},
            'networks': {'architecture': name_of(networks), **asdict(config)},
            'training': training,
            'files': {name: sha256(partial / name) for name in _FILES
                      if (partial / name).exists()}}
        if proprioception:
            raw['proprioception'] = {
                'names': list(proprioception),
                'units': [PROPRIOCEPTION_UNITS.get(name, '1') for name in proprioception],
                'scale': list(config.proprioception_scale)}
        (partial / 'manifest.json').write_text(json.dumps(raw, indent=2) + '\n')
        _check_parity(partial, networks)
        _replace(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return load_manifest(folder)


def _replace(folder: Path, partial: Path) -> None:
    """Put a finished bundle where another may have been."""
    check_place(folder)     # that may have changed meanwhile
    former = partial.with_suffix('.former')
    if folder.exists():
        folder.rename(former)
    partial.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


def export_again(folder: Path) -> Manifest:
    """
    Make a bundle's graphs anew from its own weights; everything else in it stays.

    What was measured with the former graphs is taken out of the manifest, and int8 graphs that
    were made from them out of the bundle.  RuntimeError as for ``export_bundle``; the bundle is
    replaced whole or not at all.
    """
    manifest = load_manifest(folder)
    networks = load_networks(manifest)
    partial = folder.with_name(f'.{folder.name}.{os.getpid()}.partial')
    shutil.copytree(folder, partial)
    try:
        _export_graphs(networks, partial)
        raw = {k: v for k, v in manifest.raw.items() if k not in ('evaluation', int8_graphs.KEY)}
        for name in set(raw['files']) - set(_FILES):
            (partial / name).unlink()
        raw['graphs'] = _graph_specs(networks.config)
        raw['files'] = {name: sha256(partial / name) for name in _FILES}
        (partial / 'manifest.json').write_text(json.dumps(raw, indent=2) + '\n')
        _check_parity(partial, networks)
        _replace(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return load_manifest(folder)


def _check_parity(folder: Path, networks: AnyNetworks) -> None:
    difference = parity(load_manifest(folder), networks)
    if difference > PARITY:
        raise RuntimeError(f'ONNX Runtime and torch differ by {difference:.2g}, '
                           f'limit {PARITY:.0e}')
