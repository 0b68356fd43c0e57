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


"""Light that is not what matters: changed at random, so that latents leave it out."""

import torch
from torch import Tensor

# of noise; so many patterns are enough, and drawing them is half the work
_PATTERNS = 64
# how far each may stray, at strength 1
_GAIN, _TINT, _OFFSET = (0.75, 1.3), (0.92, 1.08), (-12.0, 12.0)
_NOISE = 2.0  # grey levels, standard deviation


def jitter(images: Tensor, generator: torch.Generator, frame: float = 1.0, episode: float = 0.0,
           groups: int = 1, first: int = 0, whole: int = 0) -> Tensor:
    """
    Change light and tint of uint8 images (B, h, w, 3), and add noise; return float 0 to 255.

    ``frame`` and ``episode`` in [0, 1] say how far: of each image by itself, and of each of
    ``groups`` equal parts of the batch.  Images and generator are on one device.  With ``whole``
    the images are those from ``first`` on of a batch of so many, in the light they have in it.

    Light that changes from frame to frame cannot be predicted, so the latents leave it out; where
    little else changes, they are drawn to it all the same.  Light that changes from episode to
    episode only is in all latents of an episode alike.
    """
    count, device = whole or images.shape[0], images.device
    mine = slice(first, first + images.shape[0])
    x = images.to(torch.float32)
    gain, tint, offset = x.new_ones(1), x.new_ones(1), x.new_zeros(1)
    for strength, parts in ((frame, count), (episode, groups)):
        if strength:
            gain = gain * _drawn(_GAIN, 1.0, strength, (parts, 1), count, generator)
            tint = tint * _drawn(_TINT, 1.0, strength, (parts, 3), count, generator)
            offset = offset + _drawn(_OFFSET, 0.0, strength, (parts, 1), count, generator)
    noise = torch.randn((min(count, _PATTERNS), *x.shape[1:]), generator=generator,
                        device=device) * _NOISE
    x.mul_((gain * tint).expand(count, 1, 1, -1)[mine]).add_(offset.expand(count, 1, 1, -1)[mine])
    if first % len(noise):
        noise = noise.roll(-first, dims=0)
    for i in range(0, len(x), _PATTERNS):
        x[i:i + _PATTERNS] += noise[:len(x) - i]
    return x.clamp_(0.0, 255.0)


def _drawn(limits: tuple[float, float], nominal: float, strength: float, shape: tuple[int, int],
           count: int, generator: torch.Generator) -> Tensor:
    """Return numbers (B, 1, 1, C), drawn for each of the parts, so far from the nominal one."""
    parts, channels = shape
    drawn = torch.empty(parts, 1, 1, channels, device=generator.device)
    drawn.uniform_(*limits, generator=generator)
    return nominal + strength * (drawn - nominal).repeat_interleave(count // parts, dim=0)
