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

"""Small random checkpoints of DINOv2 and V-JEPA 2, as transformers itself saves them."""

import json
from pathlib import Path

import torch
import transformers

DINOV2 = {'hidden_size': 24, 'num_hidden_layers': 2, 'num_attention_heads': 3, 'image_size': 24,
          'patch_size': 8, 'layerscale_value': 0.7}
VJEPA2 = {'hidden_size': 24, 'num_hidden_layers': 2, 'num_attention_heads': 3, 'crop_size': 32,
          'patch_size': 8, 'frames_per_clip': 8, 'pred_hidden_size': 12,
          'pred_num_attention_heads': 2, 'pred_num_hidden_layers': 1}
# of the pictures that the checkpoints want; DINOv2's positions are resized to it
SIDE = 32
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)


def original(kind: str) -> torch.nn.Module:
    """Return a model of transformers' own with random weights of a size that matters."""
    torch.manual_seed(0)
    model = (transformers.Dinov2Model(transformers.Dinov2Config(**DINOV2)) if kind == 'dinov2'
             else transformers.VJEPA2Model(transformers.VJEPA2Config(**VJEPA2)))
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.1 * torch.randn_like(tensor))
    return model.eval()


def save(kind: str, folder: Path, safe: bool = True) -> torch.nn.Module:
    """Save such a model with what says how it wants its pictures; return it."""
    model = original(kind)
    model.save_pretrained(folder)
    if not safe:
        (folder / 'model.safetensors').unlink()
        torch.save(model.state_dict(), folder / 'pytorch_model.bin')
    name = 'preprocessor_config.json' if kind == 'dinov2' else 'video_preprocessor_config.json'
    (folder / name).write_text(json.dumps({
        'image_mean': MEAN, 'image_std': STD, 'crop_size': {'height': SIDE, 'width': SIDE},
        'do_resize': True, 'rescale_factor': 1 / 255}))
    return model


def patch_tokens(kind: str, model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the patch tokens (B, N, C) of uint8 images (B, h, w, 3), as the model gives them."""
    pixels = (images / 255.0 - torch.tensor(MEAN)) / torch.tensor(STD)
    pixels = pixels.permute(0, 3, 1, 2)
    if kind == 'dinov2':
        return model(pixel_values=pixels).last_hidden_state[:, 1:]
    return model(pixel_values_videos=torch.stack([pixels, pixels], dim=1),
                 skip_predictor=True).last_hidden_state


def cells(tokens: torch.Tensor, grid: int) -> torch.Tensor:
    """Average tokens (B, N, C) to a grid, cell by cell; return (B, grid * grid * C)."""
    side = int(tokens.shape[1] ** 0.5)
    square, size = tokens.view(len(tokens), side, side, -1), side // grid
    return torch.cat([square[:, r:r + size, c:c + size].mean(dim=(1, 2))
                      for r in range(0, side, size) for c in range(0, side, size)], dim=1)
