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
Frozen encoders of public checkpoints: DINOv2, arXiv 2304.07193, and V-JEPA 2, arXiv 2506.09985.

Their layers are those of the package transformers, which only making and re-reading a bundle
needs: the graph in it runs without.  Patch tokens are averaged to a grid and mapped linearly to
one latent token, so that all that plans with latents stays as it is.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn, Tensor

# what of a checkpoint's config sizes the layers, by kind; nothing else of it is handed on
_SIZES: dict[str, dict[str, type]] = {
    'dinov2': {'hidden_size': int, 'num_hidden_layers': int, 'num_attention_heads': int,
               'mlp_ratio': int, 'hidden_act': str, 'layer_norm_eps': float, 'patch_size': int,
               'num_channels': int, 'qkv_bias': bool, 'use_swiglu_ffn': bool,
               'use_mask_token': bool},
    'vjepa2': {'hidden_size': int, 'num_hidden_layers': int, 'num_attention_heads': int,
               'mlp_ratio': float, 'hidden_act': str, 'layer_norm_eps': float, 'patch_size': int,
               'in_chans': int, 'qkv_bias': bool, 'tubelet_size': int},
}
KINDS = tuple(_SIZES)
# pictures in one pass through the layers: more need memory and are no faster
_MOST_AT_ONCE = 32
# the name of the size that says how large a picture is
IMAGE_SIZE = {'dinov2': 'image_size', 'vjepa2': 'crop_size'}


def size_names(kind: str) -> tuple[str, ...]:
    """Return what the sizes of an encoder's layers are called in its checkpoint's config."""
    return tuple(_SIZES[kind])


@dataclass(frozen=True)
class VisionConfig:
    """
    A public encoder: its kind, the sizes of its layers, and how it wants its pictures.

    ``mean`` and ``std`` (3,) normalise RGB in [0, 1]; ``grid`` is how many cells on a side the
    patch tokens are averaged to.
    """

    kind: str
    sizes: dict[str, Any]
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    grid: int = 4

    def __post_init__(self) -> None:
        """Refuse what is not known here; ValueError names it."""
        if self.kind not in _SIZES:
            raise ValueError(f'kind is {self.kind!r}, must be one of {", ".join(KINDS)}')
        for name in ('mean', 'std'):
            object.__setattr__(self, name, tuple(getattr(self, name)))   # a list in JSON
        known = _SIZES[self.kind]
        for name, value in self.sizes.items():
            if name not in known:
                raise ValueError(f'{self.kind} has no size {name!r}; it has {", ".join(known)}')
            if type(value) not in ((int, float) if known[name] is float else (known[name],)):
                raise ValueError(f'{name} is {value!r}, must be of type {known[name].__name__}')
        if len(self.mean) != 3 or len(self.std) != 3 or any(not std > 0.0 for std in self.std):
            raise ValueError(f'mean {self.mean} and std {self.std} must have 3 entries each, '
                             'std above 0')
        if self.grid < 1:
            raise ValueError(f'grid is {self.grid}, must be at least 1')

    def patches(self, image_px: int) -> int:
        """Return how many patches a picture has on a side; ValueError where the grid differs."""
        patch = int(self.sizes.get('patch_size', 14 if self.kind == 'dinov2' else 16))
        side = image_px // patch
        if image_px % patch or side % self.grid or not side:
            raise ValueError(f'image_px is {image_px}, must be a multiple of '
                             f'{patch * self.grid}: a grid of {self.grid} cells on a side, of '
                             f'patches of {patch} pixels')
        return side


def backbone_of(vision: VisionConfig, image_px: int) -> nn.Module:
    """Return the layers of an encoder, not yet filled; RuntimeError without transformers."""
    try:
        import transformers
        from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder
    except ImportError as error:
        raise RuntimeError('a bundle with the encoder of a public checkpoint is made and re-read '
                           'with the package transformers: pip install -r '
                           f'requirements/import.txt ({error})') from error
    sizes = {**vision.sizes, IMAGE_SIZE[vision.kind]: image_px}
    if vision.kind == 'dinov2':
        config = transformers.Dinov2Config(**sizes)
        config._attn_implementation = 'sdpa'
        return transformers.Dinov2Model(config)
    config = transformers.VJEPA2Config(**sizes)
    config._attn_implementation = 'sdpa'
    return VJEPA2Encoder(config)


class VisionEncoder(nn.Module):
    """Images (B, h, w, 3) uint8 RGB to latents (B, 1, D); normalisation is inside."""

    def __init__(self, vision: VisionConfig, image_px: int, width: int) -> None:
        super().__init__()
        self.kind, self.grid = vision.kind, vision.grid
        self.side = vision.patches(image_px)
        self.register_buffer('mean', 255 * torch.tensor(vision.mean))
        self.register_buffer('std', 255 * torch.tensor(vision.std))
        self.backbone = backbone_of(vision, image_px)
        self.tubelet = getattr(self.backbone.config, 'tubelet_size', 1)
        features = vision.grid ** 2 * self.backbone.config.hidden_size
        self.whiten = nn.Linear(features, width)
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def features(self, images: Tensor) -> Tensor:
        """Return the averaged patch tokens (B, grid * grid * C) of images on a 0 to 255 scale."""
        pixels = ((images.to(torch.float32) - self.mean) / self.std).permute(0, 3, 1, 2)
        if self.kind == 'dinov2':
            tokens = self.backbone(pixels).last_hidden_state[:, 1:]     # not the class token
        else:
            # a picture that stands still, for as many frames as one token spans
            video = pixels.unsqueeze(1).expand(-1, self.tubelet, -1, -1, -1)
            tokens = self.backbone(video).last_hidden_state
        cell = self.side // self.grid
        cells = tokens.unflatten(1, (self.grid, cell, self.grid, cell))
        return cells.mean(dim=(2, 4)).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Encode uint8 images, or float ones on the same 0 to 255 scale."""
        if len(images) > _MOST_AT_ONCE:
            return torch.cat([self(part) for part in images.split(_MOST_AT_ONCE)])
        return self.whiten(self.features(images)).unsqueeze(1)
