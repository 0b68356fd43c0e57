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

from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import shutil
from typing import Any
import warnings

import numpy as np
import torch

from jepa_ros.engines.manifest import FORMAT, load_manifest, Manifest, sha256
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.torch_engine import TorchEngine
from jepa_ros.learning.checkpoint import load_weights, save_weights
from jepa_ros.learning.metrics import Calibration
from jepa_ros.learning.model import ModelConfig, Networks, RolloutGraph

PARITY = 1e-4
_ROLLOUT_INPUTS = ('context', 'executed', 'candidates', 'goal')
_ROLLOUT_OUTPUTS = ('latents', 'cost', 'cost_to_go')


@dataclass(frozen=True)
class ActionNames:
    """What the components of an action are called, and their units."""

    names: tuple[str, ...] = ('linear_x', 'angular_z')
    units: tuple[str, ...] = ('m/s', 'rad/s')
    period_s: float = 0.1


def _examples(config: ModelConfig, candidates: int, seed: int = 0) -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    width, block, actions = config.width, config.block, len(config.low)
    return {'context': torch.randn(1, 1, width, generator=g),
            'executed': torch.randn(1, block, actions, generator=g) * 0.2,
            'candidates': torch.randn(candidates, config.horizon, block, actions,
                                      generator=g) * 0.2,
            'goal': torch.randn(1, width, generator=g)}


def _export_graphs(networks: Networks, folder: Path) -> None:
    config = networks.config
    image = torch.zeros(1, config.image_px, config.image_px, 3, dtype=torch.uint8)
    rollout = _examples(config, 3)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the exporter's own deprecations
        torch.onnx.export(
            networks.encoder, (image,), folder / 'encoder.onnx', input_names=['image'],
            output_names=['latent'], dynamo=True, external_data=False, verbose=False)
        torch.onnx.export(
            RolloutGraph(networks).eval(), tuple(rollout.values()), folder / 'rollout.onnx',
            input_names=list(_ROLLOUT_INPUTS), output_names=list(_ROLLOUT_OUTPUTS), dynamo=True,
            external_data=False, verbose=False,
            dynamic_shapes=({}, {}, {0: torch.export.Dim('candidates')}, {}))


def _graph_specs(config: ModelConfig) -> dict[str, Any]:
    px, d, k, a, h = (config.image_px, config.width, config.block, len(config.low),
                      config.horizon)

    def tensor(name: str, shape: list[int | str], kind: str = 'float32') -> dict[str, Any]:
        return {'name': name, 'type': kind, 'shape': shape}

    return {
        'encoder': {'file': 'encoder.onnx', 'inputs': [tensor('image', [1, px, px, 3], 'uint8')],
                    'outputs': [tensor('latent', [1, 1, d])]},
        'rollout': {'file': 'rollout.onnx', 'inputs': [
            tensor('context', [1, 1, d]), tensor('executed', [1, k, a]),
            tensor('candidates', ['candidates', h, k, a]), tensor('goal', [1, d])],
            'outputs': [tensor('latents', ['candidates', h, 1, d]), tensor('cost', ['candidates']),
                        tensor('cost_to_go', ['candidates', h + 1])]}}


def parity(manifest: Manifest, networks: Networks, candidates: int = 16, seed: int = 1) -> float:
    """Return the largest difference between the bundle on ONNX Runtime and the torch modules."""
    reference = TorchEngine(manifest.spec, networks.encoder, RolloutGraph(networks))
    engine = OnnxEngine(manifest)
    rng = np.random.default_rng(seed)
    px = networks.config.image_px
    image = rng.integers(0, 256, (px, px, 3), dtype=np.uint8)
    inputs = [t.numpy() for t in _examples(networks.config, candidates, seed).values()]
    a, b = engine.rollout(*inputs), reference.rollout(*inputs)
    pairs = [(engine.encode(image), reference.encode(image)), (a.latents, b.latents),
             (a.cost, b.cost), (a.cost_to_go, b.cost_to_go)]
    return max(float(np.abs(x - y).max() / max(1.0, np.abs(y).max())) for x, y in pairs)


def export_bundle(networks: Networks, folder: Path, name: str, calibration: Calibration,
                  training: dict[str, Any], actions: ActionNames | None = None) -> Manifest:
    """
    Write a bundle whole or not at all, replacing what was there; return its manifest, checked.

    ``training`` goes into the manifest as it is.  RuntimeError where ONNX Runtime and torch
    differ by more than ``PARITY``.
    """
    actions = actions or ActionNames()
    networks.eval()
    config = networks.config
    partial = folder.with_name(f'.{folder.name}.{os.getpid()}.partial')
    partial.mkdir(parents=True)
    try:
        _export_graphs(networks, partial)
        save_weights(networks, partial / 'weights.safetensors')
        p50, p95, p99 = calibration.surprise
        raw = {
            'format': FORMAT, 'name': name, 'licence': 'Apache-2.0',
            'image': {'height': config.image_px, 'width': config.image_px, 'colour': 'rgb',
                      'type': 'uint8', 'layout': 'NHWC', 'crop': 'centre, area average',
                      'normalisation': 'inside the encoder graph'},
            'latent': {'tokens': 1, 'width': config.width},
            'history': 1, 'horizon': config.horizon,
            'action': {'names': list(actions.names), 'units': list(actions.units),
                       'low': list(config.low), 'high': list(config.high),
                       'block': config.block, 'period_s': actions.period_s},
            'graphs': _graph_specs(config),
            'arrival': {'cost': calibration.arrival_cost,
                        'latent_distance': calibration.arrival_distance},
            'surprise': {'p50': p50, 'p95': p95, 'p99': p99},
            'networks': asdict(config), 'training': training,
            'files': {f: sha256(partial / f)
                      for f in ('encoder.onnx', 'rollout.onnx', 'weights.safetensors')}}
        (partial / 'manifest.json').write_text(json.dumps(raw, indent=2) + '\n')
        difference = parity(load_manifest(partial), networks)
        if difference > PARITY:
            raise RuntimeError(f'ONNX Runtime and torch differ by {difference:.2g}, '
                               f'limit {PARITY:.0e}')
        former = partial.with_suffix('.former')
        if folder.exists():
            folder.rename(former)
        partial.rename(folder)
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return load_manifest(folder)


def networks_config(table: dict[str, Any]) -> ModelConfig:
    """Return the sizes of networks from a manifest's table; TypeError names an unknown key."""
    return ModelConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


def load_networks(manifest: Manifest) -> Networks:
    """Return the networks of a bundle that this package trained, with their weights."""
    networks = Networks(networks_config(manifest.raw['networks']))
    load_weights(networks, manifest.folder / 'weights.safetensors')
    return networks.eval()
