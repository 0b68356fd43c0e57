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


"""A data set as the encoder sees it: what the critic learns from and what is measured."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import blocks_at, blocks_before, Episodes, rows_before
from jepa_ros.learning.light import jitter
from jepa_ros.learning.machine import device_of
from jepa_ros.learning.parallel import ALONE, Ranks

# predictions that the critic learns to judge too
BLOCKS_AHEAD = 3


@torch.no_grad()
def encode_frames(networks: Networks, episodes: Episodes, batch: int = 512, ranks: Ranks = ALONE,
                  light: Callable[[Tensor, int], Tensor] | None = None) -> Tensor:
    """
    Encode every frame as it was recorded; return (N, D), where the networks are.

    ``light`` makes what the encoder sees of images (B, h, w, 3) uint8 on the device and the
    number of the first.  Each of the ranks encodes its part of the batches.
    """
    networks.eval()
    device = device_of(networks)
    encoded = torch.zeros(len(episodes), networks.config.encoded_width, device=device)
    for i in range(ranks.rank * batch, len(episodes), ranks.count * batch):
        images = episodes.images(slice(i, i + batch)).to(device)
        encoded[i:i + batch] = networks.encoder(light(images, i) if light else images)[:, 0]
    return networks.with_proprioception(
        ranks.total(encoded), torch.from_numpy(episodes.proprioception).to(device))


@dataclass(frozen=True)
class Latents:
    """
    Every frame of a data set as the encoder sees it.

    ``clean`` and ``jittered`` (N, D): as recorded, and under changed light.  ``predicted``
    (N, F, D): what the predictor expected at the frame 1 to F blocks before it.
    """

    clean: Tensor
    jittered: Tensor
    predicted: Tensor

    def windows(self, rows: np.ndarray, variant: np.ndarray) -> Tensor:
        """
        Return the latents (B, T, D) at rows (B, T), a block apart; ``variant`` (B,) says of what.

        0: as recorded; 1: under changed light; 1 + f: the newest predicted f blocks ahead, and
        those before it as many fewer.
        """
        out = self.clean[rows]
        out[variant == 1] = self.jittered[rows[variant == 1]]
        history = rows.shape[1]
        for f in range(1, self.predicted.shape[1] + 1):
            chosen = np.flatnonzero(variant == 1 + f)
            for back in range(min(f, history)):
                column = history - 1 - back
                out[chosen, column] = self.predicted[rows[chosen, column], f - back - 1]
        return out


@torch.no_grad()
def encode_all(networks: Networks, episodes: Episodes, seed: int = 0, blocks: int = BLOCKS_AHEAD,
               batch: int = 512, frame_light: float = 1.0, ranks: Ranks = ALONE) -> Latents:
    """Encode a data set once; where what came before is not known, predictions are ``clean``."""
    generator = torch.Generator(device_of(networks))

    def changed(images: Tensor, first: int) -> Tensor:
        # of each batch by itself, so that it does not matter which rank encodes it
        generator.manual_seed(int(np.random.SeedSequence([seed, first]).generate_state(1)[0]))
        return jitter(images, generator, frame_light)

    z = encode_frames(networks, episodes, batch, ranks)
    jittered = encode_frames(networks, episodes, batch, ranks, changed)
    return with_predictions(networks, episodes, z, jittered, blocks)


@torch.no_grad()
def with_predictions(networks: Networks, episodes: Episodes, z: Tensor, jittered: Tensor,
                     blocks: int = BLOCKS_AHEAD) -> Latents:
    """Return latents (N, D), as recorded and under changed light, with what is predicted."""
    size, history, device = networks.config.block, networks.config.history, device_of(networks)
    z, jittered = z.to(device), jittered.to(device)
    now = episodes.starts(size, history, after=size)
    window = rows_before(episodes, now, size, history)
    before = blocks_before(episodes, now, size, history).to(device)
    block = blocks_at(episodes, now, size).to(device)
    latents = Latents(z, jittered, z[:, None, :].expand(-1, blocks, -1).clone())
    for f in range(blocks):
        # variant 0, then 1 + f: what was predicted so far is where the next prediction starts
        seen = latents.windows(window, np.full(len(now), 1 + f if f else 0))
        latents.predicted[now + size, f] = networks.predictor(seen, before, block)
    return latents
