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

"""Run a bundle's networks with PyTorch: the reference that other engines must match."""

from safetensors import SafetensorError
from safetensors.torch import load_file
import torch

from jepa_ros.engines.architectures import (
    AnyNetworks,
    networks_of,
    plain_rollout,
    rollout_graph,
)
from jepa_ros.engines.manifest import BundleError, Manifest, WEIGHTS
from jepa_ros.types import Array, Image, ModelSpec, Rollout


class TorchEngine:
    """
    A world model behind two modules, handed in: ``encoder`` and ``rollout``.

    They take and return what the bundle's graphs of the same names do.
    """

    engine = 'torch'
    device = 'cpu'
    precision = 'fp32'

    def __init__(self, spec: ModelSpec, encoder: torch.nn.Module, rollout: torch.nn.Module,
                 device: str = 'cpu') -> None:
        self._spec = spec
        self.device, self.why = device, ''
        self._encoder = encoder.eval().to(device)
        self._rollout = rollout.eval().to(device)

    @property
    def spec(self) -> ModelSpec:
        """Return the sizes, units and limits that hold for every call."""
        return self._spec

    @torch.no_grad()
    def encode(self, image: Image) -> Array:
        """Encode an image (height, width, 3) uint8 RGB; return z (L, D)."""
        out: Array = self._encoder(
            torch.from_numpy(image[None].copy()).to(self.device))[0].cpu().numpy()
        return out

    @torch.no_grad()
    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict what follows each candidate (S, H, K, A), and what it costs."""
        outputs = self._rollout(*(torch.from_numpy(a.copy()).to(self.device)
                                  for a in (context, executed, candidates, goal)))
        return Rollout(*(o.contiguous().cpu().numpy() for o in outputs))


def load_networks(manifest: Manifest) -> AnyNetworks:
    """Return the networks of a bundle with its weights; BundleError where they do not fit."""
    if WEIGHTS not in manifest.raw['files']:
        raise BundleError(f'{manifest.folder} has graphs only, and no {WEIGHTS} for torch; choose '
                          'another engine, or export it again without --graphs-only')
    try:
        networks = networks_of(manifest.raw['networks'])
        networks.load_state_dict(load_file(str(manifest.folder / WEIGHTS)))
    except (LookupError, TypeError, ValueError, OSError, RuntimeError, AttributeError,
            ArithmeticError, SafetensorError) as error:
        raise BundleError(f'{manifest.folder}: its weights fill no networks that are known here: '
                          f'{error}') from error
    return networks.eval()


def load_torch(manifest: Manifest, threads: int = 1) -> TorchEngine:
    """Return the engine of a bundle: on a GPU where torch has one, else on the CPU."""
    torch.set_num_threads(threads)
    networks = load_networks(manifest)
    spec = manifest.spec
    if (spec.horizon, spec.width) != (networks.config.horizon, networks.config.width):
        raise BundleError(f'weights are for horizon {networks.config.horizon} and width '
                          f'{networks.config.width}, manifest says {spec.horizon}, {spec.width}')
    return TorchEngine(spec, networks.encoder, rollout_graph(networks),
                       'cuda' if torch.cuda.is_available() else 'cpu')


def load_eager(manifest: Manifest, threads: int = 1, compiled: bool = False) -> TorchEngine:
    """
    Return a bundle's networks on the CPU, the rollout step by step as papers write it.

    It is what other engines are compared with.  ``compiled`` has torch.compile look at it too.
    """
    torch.set_num_threads(threads)
    networks = load_networks(manifest)
    encoder, rollout = networks.encoder, plain_rollout(networks)
    if compiled:
        encoder, rollout = torch.compile(encoder.eval()), torch.compile(rollout.eval())
    return TorchEngine(manifest.spec, encoder, rollout)
