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

"""Baselines: networks with the same shapes, kept as weights, turned into a bundle when needed."""

from dataclasses import asdict
import json
from pathlib import Path

import torch

from jepa_ros.engines.architectures import networks_of
from jepa_ros.engines.manifest import BundleError, Manifest
from jepa_ros.engines.networks import Networks
from jepa_ros.learning.checkpoint import load_weights, save_weights
from jepa_ros.learning.data import Actions
from jepa_ros.learning.export import export_bundle
from jepa_ros.learning.metrics import Calibration


def save_baseline(networks: Networks, calibration: Calibration, folder: Path) -> None:
    """Write ``weights.safetensors`` and ``baseline.json`` (sizes and calibration)."""
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(networks, folder / 'weights.safetensors')
    (folder / 'baseline.json').write_text(json.dumps(
        {'networks': asdict(networks.config), 'calibration': asdict(calibration)},
        indent=2) + '\n')


def bundle_of_baseline(folder: Path, out: Path) -> Manifest:
    """Export a saved baseline as a bundle at ``out``; BundleError where there is none."""
    path = folder / 'baseline.json'
    if not path.is_file():
        raise BundleError(f'{folder} holds no baseline.json')
    raw = json.loads(path.read_text())
    networks = networks_of(raw['networks'])
    load_weights(networks, folder / 'weights.safetensors')
    c = raw['calibration']
    calibration = Calibration(c['arrival_cost'], c['arrival_distance'], tuple(c['surprise']))
    return export_bundle(networks, out, out.name, calibration, {})


def _actions(manifest: Manifest) -> Actions:
    action = manifest.spec.action
    return Actions(action.names, action.units, action.low, action.high, action.period_s,
                   manifest.spec.delay_s)


def untrained_bundle(manifest: Manifest, out: Path, seed: int = 0) -> Manifest:
    """Export networks of a bundle's sizes with every weight random, its limits kept."""
    missing = {'networks', 'arrival', 'surprise'} - manifest.raw.keys()
    if missing:
        raise BundleError(f'{manifest.folder}: manifest has no {sorted(missing)}')
    torch.manual_seed(seed)
    networks = networks_of(manifest.raw['networks'])
    surprise = manifest.raw['surprise']
    calibration = Calibration(manifest.spec.arrival_cost,
                              manifest.raw['arrival']['latent_distance'],
                              (surprise['p50'], surprise['p95'], surprise['p99']))
    felt = manifest.spec.proprioception
    return export_bundle(networks, out, out.name, calibration, {}, _actions(manifest),
                         felt.names if felt else ())
