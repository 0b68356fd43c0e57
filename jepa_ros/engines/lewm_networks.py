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
The networks of LeWorldModel, arXiv 2603.19312: a ViT, and a causal transformer that predicts.

The predictor is conditioned on action blocks through AdaLN; a projector with BatchNorm brings
its output back to the space of latents.
"""

from dataclasses import dataclass

import torch
from torch import nn, Tensor
from torch.nn import functional

from jepa_ros.engines.vit import Vit, VitConfig

# the published encoder: ViT-tiny, patches of 14 pixels
VIT_TINY = VitConfig(224, 14, 192, 12, 3, 768, norm_eps=1e-12)


@dataclass(frozen=True)
class LewmConfig:
    """
    Sizes, those of the paper by default.

    ``low`` and ``high`` (A,) are the action limits in physical units.  An action enters the
    networks less ``action_mean`` and divided by ``action_std`` (A,), the statistics of the data;
    where these are not known, as a fraction of its half-range.  ``smoothed`` is the width that a
    block of actions has after its first layer, by default its own.
    """

    vit: VitConfig = VIT_TINY
    width: int = 192
    depth: int = 6
    heads: int = 16
    head_width: int = 64
    mlp: int = 2048
    projector_hidden: int = 2048
    history: int = 3
    block: int = 5
    horizon: int = 5
    dropout: float = 0.1
    low: tuple[float, ...] = (-1.0, -1.0)
    high: tuple[float, ...] = (1.0, 1.0)
    action_mean: tuple[float, ...] = ()
    action_std: tuple[float, ...] = ()
    smoothed: int | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together; ValueError names them."""
        if len(self.low) != len(self.high):
            raise ValueError(f'low has {len(self.low)} entries, high has {len(self.high)}')
        for name in ('action_mean', 'action_std'):
            count = len(getattr(self, name))
            if count not in (0, len(self.low)) or len(self.action_std) != len(self.action_mean):
                raise ValueError(f'{name} has {count} entries, must have {len(self.low)}')
        if any(not std > 0.0 for std in self.action_std):
            raise ValueError(f'action_std is {self.action_std}, must be above 0')
        if self.vit.width != self.width:
            raise ValueError(f'the encoder is {self.vit.width} wide, the predictor {self.width}')

    @property
    def image_px(self) -> int:
        """Return the side of the picture that the encoder takes, in pixels."""
        return self.vit.image_px


class Attention(nn.Module):
    """Causal attention over the history; norm, one product for q, k and v, one back."""

    def __init__(self, config: LewmConfig) -> None:
        super().__init__()
        inner = config.heads * config.head_width
        self.heads, self.head_width = config.heads, config.head_width
        self.norm = nn.LayerNorm(config.width)
        self.qkv = nn.Linear(config.width, 3 * inner, bias=False)
        self.out = nn.Linear(inner, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, (B, T, D) to (B, T, D)."""
        q, k, v = (part.unflatten(-1, (self.heads, self.head_width)).transpose(1, 2)
                   for part in self.qkv(self.norm(x)).chunk(3, dim=-1))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Attention and MLP, each shifted, scaled and gated by what the action says (AdaLN)."""

    def __init__(self, config: LewmConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.mlp = nn.Sequential(
            nn.LayerNorm(config.width), nn.Linear(config.width, config.mlp), nn.GELU(),
            nn.Dropout(config.dropout), nn.Linear(config.mlp, config.width))
        self.norm = nn.LayerNorm(config.width, elementwise_affine=False, eps=1e-6)
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(config.width, 6 * config.width))

    def forward(self, x: Tensor, action: Tensor) -> Tensor:
        """Return (B, T, D) from (B, T, D) and the action embeddings (B, T, D)."""
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = (
            self.modulate(action).chunk(6, dim=-1))
        x = x + gate * self.attention(self.norm(x) * (1 + scale) + shift)
        return x + mlp_gate * self.mlp(self.norm(x) * (1 + mlp_scale) + mlp_shift)


class LewmPredictor(nn.Module):
    """The latent after each of T latents (B, T, D), given the block that leaves each."""

    def __init__(self, config: LewmConfig) -> None:
        super().__init__()
        low, high = torch.tensor(config.low), torch.tensor(config.high)
        if config.action_std:
            self.register_buffer('action_offset', torch.tensor(config.action_mean))
            self.register_buffer('action_scale', torch.tensor(config.action_std))
        else:
            self.register_buffer('action_offset', (low + high) / 2)
            self.register_buffer('action_scale', (high - low) / 2)
        entries = config.block * len(config.low)
        smoothed = config.smoothed or entries
        self.act = nn.Sequential(
            nn.Linear(entries, smoothed), nn.Linear(smoothed, 4 * config.width), nn.SiLU(),
            nn.Linear(4 * config.width, config.width))
        self.position = nn.Parameter(torch.randn(config.history, config.width))
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.project = nn.Sequential(
            nn.Linear(config.width, config.projector_hidden),
            nn.BatchNorm1d(config.projector_hidden), nn.GELU(),
            nn.Linear(config.projector_hidden, config.width))

    def embed(self, blocks: Tensor) -> Tensor:
        """Return the embeddings (..., D) of blocks (..., K, A) in physical units."""
        return self.act(((blocks - self.action_offset) / self.action_scale).flatten(-2))

    def forward(self, latents: Tensor, actions: Tensor) -> Tensor:
        """Return the next latents (B, T, D) from latents and action embeddings (B, T, D)."""
        x = latents + self.position[:latents.shape[1]]
        for layer in self.layers:
            x = layer(x, actions)
        return self.project(self.norm(x).flatten(0, 1)).unflatten(0, latents.shape[:2])


class LewmEncoder(nn.Module):
    """Images (B, h, w, 3) uint8 RGB to latents (B, 1, D): the class token of a ViT, projected."""

    def __init__(self, config: LewmConfig) -> None:
        super().__init__()
        self.vit = Vit(config.vit)
        self.project = nn.Sequential(
            nn.Linear(config.width, config.projector_hidden),
            nn.BatchNorm1d(config.projector_hidden), nn.GELU(),
            nn.Linear(config.projector_hidden, config.width))

    def forward(self, images: Tensor) -> Tensor:
        """Encode uint8 images, or float ones on the same 0 to 255 scale."""
        return self.project(self.vit(images)[:, 0]).unsqueeze(1)


class LewmNetworks(nn.Module):
    """Everything that the weights of a bundle of this kind hold."""

    def __init__(self, config: LewmConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = LewmEncoder(config)
        self.predictor = LewmPredictor(config)
