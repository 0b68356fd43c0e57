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
A LeWorldModel as stable-worldmodel lays it out, written from that layout and not from ours.

Its encoder is transformers' own ViT.  What it saves has the files and names of the published
checkpoints: ``weights.pt`` of 303 tensors at the published depth, ``config.json``.
"""

import json
from pathlib import Path
import re

import torch
from torch import nn
from transformers import ViTConfig, ViTModel

WIDTH, HEADS, HEAD_WIDTH, MLP, HIDDEN, FRAMES = 12, 4, 5, 20, 24, 3
IMAGE_PX, PATCH_PX = 28, 14
CONFIG = {
    '_target_': 'stable_worldmodel.wm.lewm.LeWM',
    'encoder': {'_target_': 'stable_pretraining.backbone.utils.vit_hf', 'size': 'tiny',
                'patch_size': PATCH_PX, 'image_size': IMAGE_PX, 'pretrained': False,
                'use_mask_token': False, 'hidden_size': WIDTH, 'intermediate_size': 4 * WIDTH},
    'predictor': {'_target_': 'stable_worldmodel.wm.lewm.module.Predictor', 'num_frames': FRAMES,
                  'input_dim': WIDTH, 'hidden_dim': WIDTH, 'output_dim': WIDTH, 'depth': 6,
                  'heads': HEADS, 'mlp_dim': MLP, 'dim_head': HEAD_WIDTH, 'dropout': 0.1,
                  'emb_dropout': 0.0},
    'action_encoder': {'_target_': 'stable_worldmodel.wm.lewm.module.Embedder', 'input_dim': 6,
                       'emb_dim': WIDTH},
    'projector': {'_target_': 'stable_worldmodel.wm.lewm.module.MLP', 'input_dim': WIDTH,
                  'output_dim': WIDTH, 'hidden_dim': HIDDEN,
                  'norm_fn': {'_target_': 'torch.nn.BatchNorm1d', '_partial_': True}},
    'pred_proj': {'_target_': 'stable_worldmodel.wm.lewm.module.MLP', 'input_dim': WIDTH,
                  'output_dim': WIDTH, 'hidden_dim': HIDDEN,
                  'norm_fn': {'_target_': 'torch.nn.BatchNorm1d', '_partial_': True}},
}


class Net(nn.Module):
    """Layers under the name ``net``: a projector, or the MLP of a layer."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)


class PublishedAttention(nn.Module):

    def __init__(self) -> None:
        super().__init__()
        inner = HEADS * HEAD_WIDTH
        self.norm = nn.LayerNorm(WIDTH)
        self.to_qkv = nn.Linear(WIDTH, 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, WIDTH), nn.Dropout(0.1))

    def forward(self, x):
        batch, count, _ = x.shape
        q, k, v = self.to_qkv(self.norm(x)).view(
            batch, count, 3, HEADS, HEAD_WIDTH).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / HEAD_WIDTH ** 0.5
        later = torch.ones(count, count, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(later, -torch.inf).softmax(-1) @ v
        return self.to_out(mixed.transpose(1, 2).reshape(batch, count, -1))


class PublishedLayer(nn.Module):

    def __init__(self) -> None:
        super().__init__()
        self.attn = PublishedAttention()
        self.mlp = Net(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, MLP), nn.GELU(), nn.Dropout(0.1),
                       nn.Linear(MLP, WIDTH), nn.Dropout(0.1))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, 6 * WIDTH))

    def forward(self, x, action):
        said = self.adaLN_modulation(action).view(*x.shape[:-1], 6, WIDTH).unbind(-2)

        def norm(values):
            centred = values - values.mean(-1, keepdim=True)
            return centred / (centred.square().mean(-1, keepdim=True) + 1e-6).sqrt()

        x = x + said[2] * self.attn(norm(x) * (1 + said[1]) + said[0])
        return x + said[5] * self.mlp(norm(x) * (1 + said[4]) + said[3])


class PublishedTransformer(nn.Module):

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(PublishedLayer() for _ in range(depth))

    def forward(self, x, action):
        for layer in self.layers:
            x = layer(x, action)
        return self.norm(x)


class PublishedPredictor(nn.Module):

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.randn(1, FRAMES, WIDTH))
        self.transformer = PublishedTransformer(depth)

    def forward(self, x, action):
        return self.transformer(x + self.pos_embedding[:, :x.shape[1]], action)


class PublishedEmbedder(nn.Module):

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.patch_embed = nn.Conv1d(numbers, 10, 1)
        self.embed = nn.Sequential(nn.Linear(10, 4 * WIDTH), nn.SiLU(),
                                   nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, blocks):
        return self.embed(self.patch_embed(blocks.transpose(1, 2)).transpose(1, 2))


class PublishedLewm(nn.Module):
    """Encoder, predictor, action encoder and the two projectors, under their published names."""

    def __init__(self, encoder_depth: int, predictor_depth: int) -> None:
        super().__init__()
        self.encoder = ViTModel(
            ViTConfig(hidden_size=WIDTH, num_hidden_layers=encoder_depth,
                      num_attention_heads=3, intermediate_size=4 * WIDTH, image_size=IMAGE_PX,
                      patch_size=PATCH_PX),
            add_pooling_layer=False, use_mask_token=False)
        self.predictor = PublishedPredictor(predictor_depth)
        self.action_encoder = PublishedEmbedder(6)
        self.projector, self.pred_proj = (
            Net(nn.Linear(WIDTH, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.GELU(),
                nn.Linear(HIDDEN, WIDTH)) for _ in range(2))

    def encode(self, pixels):
        """Return latents (B, D) of normalised pictures (B, 3, h, w)."""
        return self.projector(self.encoder(
            pixels, interpolate_pos_encoding=True).last_hidden_state[:, 0])

    def rollout(self, latents, past, candidates):
        """Return (S, H, D) from latents (T, D), past (T - 1, K * A), candidates (S, H, K * A)."""
        count, horizon, _ = candidates.shape
        known = latents.expand(count, -1, -1)
        actions = self.action_encoder(torch.cat([past.expand(count, -1, -1), candidates], 1))
        for h in range(horizon):
            out = self.predictor(known[:, -FRAMES:], actions[:, h:h + FRAMES])
            following = self.pred_proj(out.flatten(0, 1)).view_as(out)[:, -1:]
            known = torch.cat([known, following], 1)
        return known[:, -horizon:]


def published_lewm(encoder_depth: int = 12, predictor_depth: int = 6) -> PublishedLewm:
    """Return random weights of a size that makes everything matter."""
    torch.manual_seed(0)
    model = PublishedLewm(encoder_depth, predictor_depth).eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith('running_var'):
                tensor.uniform_(0.5, 2.0)
            elif tensor.is_floating_point():
                tensor.add_(0.3 * torch.randn_like(tensor))
    return model


def older_names(state):
    """Return a state dict with the names of transformers 4, which published weights have."""
    for new, old in ((r'^encoder\.layers\.', 'encoder.encoder.layer.'),
                     (r'(layer\.\d+)\.attention\.q_proj', r'\1.attention.attention.query'),
                     (r'(layer\.\d+)\.attention\.k_proj', r'\1.attention.attention.key'),
                     (r'(layer\.\d+)\.attention\.v_proj', r'\1.attention.attention.value'),
                     (r'(layer\.\d+)\.attention\.o_proj', r'\1.attention.output.dense'),
                     (r'(layer\.\d+)\.mlp\.fc1', r'\1.intermediate.dense'),
                     (r'(layer\.\d+)\.mlp\.fc2', r'\1.output.dense')):
        state = {re.sub(new, old, name): tensor for name, tensor in state.items()}
    return state


def newer_names(state):
    """Return a state dict with the names of transformers 5."""
    for old, new in ((r'^encoder\.encoder\.layer\.', 'encoder.layers.'),
                     (r'attention\.attention\.query', 'attention.q_proj'),
                     (r'attention\.attention\.key', 'attention.k_proj'),
                     (r'attention\.attention\.value', 'attention.v_proj'),
                     (r'attention\.output\.dense', 'attention.o_proj'),
                     (r'intermediate\.dense', 'mlp.fc1'),
                     (r'^(encoder\.layers\.\d+)\.output\.dense', r'\1.mlp.fc2')):
        state = {re.sub(old, new, name): tensor for name, tensor in state.items()}
    return state


def with_depths(encoder_depth: int, predictor_depth: int):
    """Return a config of other depths than the published ones."""
    return {**CONFIG, 'encoder': {**CONFIG['encoder'], 'num_hidden_layers': encoder_depth},
            'predictor': {**CONFIG['predictor'], 'depth': predictor_depth}}


def save(state, folder: Path, config=CONFIG) -> Path:
    """Write a checkpoint's two files."""
    folder.mkdir(exist_ok=True)
    torch.save(dict(state), folder / 'weights.pt')
    (folder / 'config.json').write_text(json.dumps(config))
    return folder
