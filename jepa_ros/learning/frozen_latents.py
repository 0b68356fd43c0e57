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
The latents of a frozen encoder: made once, kept on disk part by part, never made again.

A large encoder needs a second a picture on a CPU.  So a run that is cut short goes on with the
part at which it stopped, and training never sees the encoder.
"""

from collections.abc import Callable
from dataclasses import replace
import hashlib
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import save
import torch
from torch import nn, Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.engines.vision_encoder import VisionEncoder
from jepa_ros.files import write_whole
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.latents import Latents, with_predictions
from jepa_ros.learning.light import jitter
from jepa_ros.learning.machine import device_of
from jepa_ros.learning.whitening import fit_whitening, Whitening

_PART = 256
# as many frames tell as much of the features' spread as more do
_FITTED = 2048

Tell = Callable[[int], None]


def fit_encoder(encoder: VisionEncoder, episodes: Episodes, folder: Path, tell: Tell
                ) -> Whitening:
    """
    Fit an encoder's whitening on frames drawn from all episodes, or read what a former run fitted.

    ``tell`` is called with how many frames were encoded since the last call.
    """
    rows = np.sort(np.random.default_rng(0).permutation(len(episodes))[:_FITTED])
    key = _key(encoder.backbone.state_dict(), np.array(episodes.frames[rows[::32]]), len(rows))
    path = folder / 'whitening.safetensors'
    known = _read(path, key)
    if known is None:
        features, device = [], device_of(encoder)
        for i in range(0, len(rows), 32):
            with torch.no_grad():
                images = episodes.images(rows[i:i + 32]).to(device)
                features.append(encoder.features(images).cpu())
            tell(len(features[-1]))
        found = fit_whitening(encoder.whiten, torch.cat(features))
        _write({'weight': encoder.whiten.weight, 'bias': encoder.whiten.bias,
                'kept': torch.tensor(found.kept_variance, dtype=torch.float64)}, path, key)
        return found
    tell(len(rows))
    encoder.whiten.load_state_dict({name: known[name] for name in ('weight', 'bias')})
    return Whitening(len(rows), float(known['kept']))


def encode_once(encoder: VisionEncoder, episodes: Episodes, folder: Path, tell: Tell,
                frame_light: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return the latents (N, D) of every frame, as recorded and under light changed so far."""
    weights, device = hashlib.sha256(), device_of(encoder)
    _add(weights, encoder.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    clean, changed = [], []
    for i in range(0, len(episodes), _PART):
        images = episodes.images(slice(i, i + _PART))
        key = _key({'weights': torch.frombuffer(bytearray(weights.digest()), dtype=torch.uint8),
                    'light': torch.tensor(frame_light)}, images.numpy(), i)
        path = folder / f'{i // _PART:06d}.safetensors'
        part = _read(path, key)
        if part is None:
            light = jitter(images, torch.Generator().manual_seed(i), frame_light)
            with torch.no_grad():
                part = {'clean': encoder(images.to(device))[:, 0].cpu(),
                        'jittered': encoder(light.to(device))[:, 0].cpu()}
            _write(part, path, key)
        clean.append(part['clean'])
        changed.append(part['jittered'])
        tell(len(images))
    return torch.cat(clean), torch.cat(changed)


def without_encoder(networks: Networks, episodes: Episodes, clean: Tensor) -> Episodes:
    """
    Put nothing in an encoder's place, and its latents (N, D) in the frames': to train the rest.

    So no copy of the encoder goes into the checkpoints of a run.  Return the episodes.
    """
    networks.encoder = nn.Identity()
    return replace(episodes, frames=clean.unsqueeze(1).numpy())


def all_latents(networks: Networks, episodes: Episodes, clean: Tensor, jittered: Tensor
                ) -> Latents:
    """Return what the critic learns from, with proprioception and predictions."""
    device = device_of(networks)
    felt = torch.from_numpy(episodes.proprioception).to(device)
    networks.eval()
    return with_predictions(networks, episodes, *(
        networks.with_proprioception(z.to(device), felt) for z in (clean, jittered)))


def _add(digest, state: dict[str, Tensor]) -> None:
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].cpu().contiguous().numpy().tobytes())


def _key(state: dict[str, Tensor], frames: np.ndarray, number: int) -> str:
    """Return what tells whether something was made of the same weights and frames."""
    digest = hashlib.sha256(f'{number} {frames.shape}'.encode())
    _add(digest, state)
    digest.update(frames.tobytes())
    return digest.hexdigest()


def _write(tensors: dict[str, Tensor], path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save({name: t.detach().contiguous() for name, t in tensors.items()},
                           {'key': key}))


def _read(path: Path, key: str) -> dict[str, Tensor] | None:
    """Return what was written with this key; None where it was not."""
    if not path.is_file():
        return None
    with safe_open(str(path), 'pt') as file:
        if (file.metadata() or {}).get('key') != key:
            return None
        return {name: file.get_tensor(name) for name in file.keys()}    # noqa: SIM118  (no dict)
