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
The ``config.json`` of a LeWorldModel checkpoint, as stable-worldmodel writes it: read as data.

It names classes to build (``_target_``).  None is built: only sizes are taken from it, and what
is not known here is refused, for it may change what the networks compute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jepa_ros.engines.bundle_files import BundleError, read_json, said
from jepa_ros.engines.fields import at_least_0, get, size
from jepa_ros.engines.lewm_networks import LewmConfig
from jepa_ros.engines.vit import VitConfig

# width, layers and heads of the encoders that a checkpoint calls by a word
_ENCODERS = {'tiny': (192, 12, 3), 'small': (384, 12, 6), 'base': (768, 12, 12),
             'large': (1024, 24, 16), 'huge': (1280, 32, 16)}
# words of the library that builds the published networks; they are read over
_BUILDER = {'_target_', '_partial_', '_convert_', '_recursive_'}
_KNOWN = {
    'encoder': {'size', 'patch_size', 'image_size', 'pretrained', 'use_mask_token', 'hidden_size',
                'num_hidden_layers', 'num_attention_heads', 'intermediate_size', 'layer_norm_eps',
                'hidden_act', 'hidden_dropout_prob', 'attention_probs_dropout_prob'},
    'predictor': {'num_frames', 'depth', 'heads', 'mlp_dim', 'input_dim', 'hidden_dim',
                  'output_dim', 'dim_head', 'dropout', 'emb_dropout'},
    'action_encoder': {'input_dim', 'smoothed_dim', 'emb_dim', 'mlp_scale'},
    'projector': {'input_dim', 'hidden_dim', 'output_dim', 'norm_fn'},
    'pred_proj': {'input_dim', 'hidden_dim', 'output_dim', 'norm_fn'},
}
_LARGEST = 2 ** 16


@dataclass(frozen=True)
class LewmSizes:
    """Sizes of a checkpoint; ``action_numbers`` is how many numbers a block of actions has."""

    vit: VitConfig
    width: int
    depth: int
    heads: int
    head_width: int
    mlp: int
    projector_hidden: int
    history: int
    dropout: float
    smoothed: int
    action_numbers: int

    def config(self, action: Mapping[str, tuple[float, ...]], horizon: int) -> LewmConfig:
        """
        Return the sizes of networks for actions: ``low high action_mean action_std``, (A,) each.

        ValueError where a block cannot be made of whole actions.
        """
        count = len(action['low'])
        if not count or self.action_numbers % count:
            raise ValueError(f'a block of this checkpoint has {self.action_numbers} numbers, '
                             f'which are no whole number of actions of {count}; name the '
                             'components of an action with --action-names')
        return LewmConfig(
            self.vit, self.width, self.depth, self.heads, self.head_width, self.mlp,
            self.projector_hidden, self.history, self.action_numbers // count, horizon,
            self.dropout, smoothed=self.smoothed, **action)


def read_sizes(path: Path) -> LewmSizes:
    """Read a ``config.json``; BundleError names what is missing, wrong or not known."""
    raw = read_json(path)
    if isinstance(raw, dict) and 'encoder' not in raw and 'model' in raw:
        raw = raw['model']
    try:
        tables = {name: _table(raw, name) for name in _KNOWN}
        return _sizes(tables)
    except (BundleError, ValueError) as error:
        raise BundleError(f'{path}: {error}') from error


def _table(raw: Any, name: str) -> dict[str, Any]:
    table: dict[str, Any] = get(raw, name, dict, 'the checkpoint')
    for key in sorted(table.keys() - _KNOWN[name] - _BUILDER):
        raise BundleError(f'{name}: {said(key)} is {said(table[key])}, and what it does is not '
                          f'known here; known are {", ".join(sorted(_KNOWN[name]))}')
    if table.get('hidden_act', 'gelu') != 'gelu':
        raise BundleError(f"{name}: hidden_act is {said(table['hidden_act'])}, must be 'gelu'")
    return table


def _sizes(tables: dict[str, dict[str, Any]]) -> LewmSizes:
    encoder, predictor, action = tables['encoder'], tables['predictor'], tables['action_encoder']
    vit = _vit(encoder)
    width = size(predictor, 'input_dim', 'predictor', _LARGEST)
    same = {'predictor: hidden_dim': predictor.get('hidden_dim', width),
            'predictor: output_dim': predictor.get('output_dim', width),
            'action_encoder: emb_dim': action.get('emb_dim', 10)}
    for name in ('projector', 'pred_proj'):
        same |= {f'{name}: {key}': tables[name].get(key, width)
                 for key in ('input_dim', 'output_dim')}
    # a width that is given as null is that of the input
    wrong = {key: value for key, value in same.items() if value not in (width, None)}
    if wrong:
        raise BundleError('one width is all that is known here: predictor: input_dim is '
                          f'{width}, {", ".join(f"{k} is {said(v)}" for k, v in wrong.items())}')
    hidden = [size(tables[name], 'hidden_dim', name, _LARGEST)
              for name in ('projector', 'pred_proj')]
    if hidden[0] != hidden[1]:
        raise BundleError(f'projector: hidden_dim is {hidden[0]}, that of pred_proj {hidden[1]}; '
                          'must be the same')
    if action.get('mlp_scale', 4) != 4:
        raise BundleError(f"action_encoder: mlp_scale is {said(action['mlp_scale'])}, must be 4")
    return LewmSizes(
        vit, width, size(predictor, 'depth', 'predictor', 1024),
        size(predictor, 'heads', 'predictor', 1024),
        _size(predictor, 'dim_head', 'predictor', 64),
        size(predictor, 'mlp_dim', 'predictor', _LARGEST), hidden[0],
        size(predictor, 'num_frames', 'predictor', 1024),
        at_least_0({'dropout': 0.0, **predictor}, 'dropout', 'predictor'),
        _size(action, 'smoothed_dim', 'action_encoder', 10),
        size(action, 'input_dim', 'action_encoder', _LARGEST))


def _size(table: dict[str, Any], key: str, where: str, default: int) -> int:
    return size({key: default, **table}, key, where, _LARGEST)


def _vit(table: dict[str, Any]) -> VitConfig:
    word = get({'size': 'tiny', **table}, 'size', str, 'encoder')
    if word not in _ENCODERS:
        raise BundleError(f'encoder: size is {said(word)}, must be one of {", ".join(_ENCODERS)}')
    width, depth, heads = _ENCODERS[word]
    width = _size(table, 'hidden_size', 'encoder', width)
    mlp = _size(table, 'intermediate_size', 'encoder', 4 * _ENCODERS[word][0])
    return VitConfig(
        _size(table, 'image_size', 'encoder', 224), _size(table, 'patch_size', 'encoder', 16),
        width, _size(table, 'num_hidden_layers', 'encoder', depth),
        _size(table, 'num_attention_heads', 'encoder', heads), mlp,
        norm_eps=at_least_0({'layer_norm_eps': 1e-12, **table}, 'layer_norm_eps', 'encoder'))
