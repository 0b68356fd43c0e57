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

"""A vision transformer, arXiv 2010.11929: patches in, tokens out."""

from dataclasses import dataclass

import torch
from torch import nn, Tensor
from torch.nn import functional

# what public ViTs are trained with
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class VitConfig:
    """
    Sizes: image and patch in pixels, ``width`` of a token, ``mlp`` of the hidden layer.

    ``norm_eps`` is what norms add to a variance.
    """

    image_px: int
    patch_px: int
    width: int
    depth: int
    heads: int
    mlp: int
    class_token: bool = True
    norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together; ValueError names them."""
        if self.image_px % self.patch_px:
            raise ValueError(f'image_px is {self.image_px}, must be a multiple of '
                             f'{self.patch_px}')
        if self.width % self.heads:
            raise ValueError(f'width is {self.width}, must be a multiple of {self.heads} heads')

    @property
    def tokens(self) -> int:
        """Return how many tokens come out."""
        return (self.image_px // self.patch_px) ** 2 + self.class_token


# the shape of V-JEPA 2's smallest encoder, arXiv 2506.09985, for one pair of frames
VIT_LARGE = VitConfig(256, 16, 1024, 24, 16, 4096, class_token=False)


class _Layer(nn.Module):
    """Attention and MLP, each behind a norm."""

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm1, self.norm2 = (nn.LayerNorm(config.width, eps=config.norm_eps)
                                  for _ in range(2))
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.mlp = nn.Sequential(nn.Linear(config.width, config.mlp), nn.GELU(),
                                 nn.Linear(config.mlp, config.width))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for part in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        mixed = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    """Images (B, h, w, 3) uint8 RGB to tokens (B, N, D), the class token first if there is one."""

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.register_buffer('mean', 255 * torch.tensor(_MEAN))
        self.register_buffer('std', 255 * torch.tensor(_STD))
        self.patches = nn.Conv2d(3, config.width, config.patch_px, config.patch_px)
        self.class_token = (nn.Parameter(torch.zeros(1, 1, config.width))
                            if config.class_token else None)
        self.position = nn.Parameter(0.02 * torch.randn(config.tokens, config.width))
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=config.norm_eps)

    def forward(self, images: Tensor) -> Tensor:
        """Encode uint8 images, or float ones on the same 0 to 255 scale."""
        pixels = (images.to(torch.float32) - self.mean) / self.std
        x = self.patches(pixels.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        if self.class_token is not None:
            x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
        x = x + self.position
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)
