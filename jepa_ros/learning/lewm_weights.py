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
The ``weights.pt`` of a LeWorldModel checkpoint: its tensors, put where our networks have them.

The tensors of the encoder have the names of transformers' ViT, older and newer ones, the others
those of stable-worldmodel.  Nothing in the file is executed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
import re

import torch
from torch import Tensor

from jepa_ros.engines.bundle_files import said
from jepa_ros.engines.lewm_networks import LewmConfig, LewmNetworks
from jepa_ros.files import check_fetched

# present where an encoder was made for masked pictures; without a mask it does nothing
_UNUSED = {'encoder.embeddings.mask_token'}
_MOST_NAMED = 5
# names of transformers 5, as regular expressions, and those that published checkpoints have
_NEWER_LAYER = re.compile(r'encoder\.layers\.(\d+)\.(.+)')
_NEWER = {'attention.q_proj': 'attention.attention.query',
          'attention.k_proj': 'attention.attention.key',
          'attention.v_proj': 'attention.attention.value',
          'attention.o_proj': 'attention.output.dense',
          'mlp.fc1': 'intermediate.dense', 'mlp.fc2': 'output.dense'}


@dataclass(frozen=True)
class _Source:
    """The tensors, one below the other, that one of ours is made of."""

    names: tuple[str, ...]
    shape: tuple[int, ...]


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict; ValueError where the file is none, or holds more than tensors."""
    check_fetched(path)
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except UnpicklingError as error:
        raise ValueError(f'{path} holds more than tensors, which could run as a program; it is '
                         f'refused: {str(error).splitlines()[0]}') from error
    except (RuntimeError, EOFError, KeyError, ValueError) as error:
        raise ValueError(f'{path} is no file that torch.save wrote: {error}') from error
    if isinstance(state, dict) and isinstance(state.get('state_dict'), dict):
        state = state['state_dict']
    if not isinstance(state, dict) or not all(
            isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        found = sorted(map(str, state))[:_MOST_NAMED] if isinstance(state, dict) else type(state)
        raise ValueError(f'{path} holds {said(found)}, must be a state dict: tensors by name')
    return {_published(name): tensor for name, tensor in state.items()}


def filled(config: LewmConfig, tensors: dict[str, Tensor], path: Path) -> LewmNetworks:
    """
    Return networks of these sizes, filled with all tensors of a checkpoint, ready to encode.

    ValueError names tensors that are missing, not known, of another shape or not finite.
    """
    with torch.device('meta'):      # sizes that a file gives are not yet worth the memory
        sources = _sources(config, LewmNetworks(config).state_dict())
    found = {name: tensor for name, tensor in tensors.items() if name not in _UNUSED}
    _check({name: source.shape for source in sources.values() for name in source.names},
           found, path)
    networks = LewmNetworks(config)
    state = networks.state_dict()
    for name, source in sources.items():
        parts = [found[part] for part in source.names]
        whole = torch.cat(parts) if len(parts) > 1 else parts[0]
        state[name] = whole.to(state[name].dtype).reshape(state[name].shape)
    networks.load_state_dict(state)
    return networks.eval()


def _check(wanted: dict[str, tuple[int, ...]], found: dict[str, Tensor], path: Path) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
    problems = {
        'missing': wanted.keys() - found.keys(),
        'not known': found.keys() - wanted.keys(),
        'of another shape': {f'{name} {shapes[name]} instead of {shape}' for name, shape
                             in wanted.items() if shapes.get(name, shape) != shape},
        'not finite': {name for name, tensor in found.items() if not torch.isfinite(tensor).all()}}
    wrong = [_say(what, names) for what, names in problems.items() if names]
    if wrong:
        raise ValueError(f'{path} has {len(found)} tensors, the sizes in its config.json want '
                         f'{len(wanted)}; {"; ".join(wrong)}')


def _say(what: str, names: Collection[str]) -> str:
    first = ', '.join(sorted(names)[:_MOST_NAMED])
    more = f' and {len(names) - _MOST_NAMED} more' if len(names) > _MOST_NAMED else ''
    return f'{what}: {first}{more}'


def _published(name: str) -> str:
    """Return the name that published checkpoints give a tensor of the encoder."""
    match = _NEWER_LAYER.fullmatch(name)
    if not match:
        return name
    rest = match[2]
    for newer, older in _NEWER.items():
        if rest.startswith(newer + '.'):
            rest = older + rest[len(newer):]
            break
    return f'encoder.encoder.layer.{match[1]}.{rest}'


def _names(config: LewmConfig) -> dict[str, tuple[str, ...]]:
    """Return what each of our tensors is called in a checkpoint, those that are given."""
    names = {'encoder.vit.class_token': ('encoder.embeddings.cls_token',),
             'encoder.vit.position': ('encoder.embeddings.position_embeddings',),
             'predictor.position': ('predictor.pos_embedding',)}

    def add(ours: str, *theirs: str, kinds: tuple[str, ...] = ('weight', 'bias')) -> None:
        for kind in kinds:
            names[f'{ours}.{kind}'] = tuple(f'{their}.{kind}' for their in theirs)

    add('encoder.vit.patches', 'encoder.embeddings.patch_embeddings.projection')
    add('encoder.vit.norm', 'encoder.layernorm')
    for i in range(config.vit.depth):
        ours, theirs = f'encoder.vit.layers.{i}', f'encoder.encoder.layer.{i}'
        add(f'{ours}.norm1', f'{theirs}.layernorm_before')
        add(f'{ours}.norm2', f'{theirs}.layernorm_after')
        add(f'{ours}.qkv', *(f'{theirs}.attention.attention.{part}'
                             for part in ('query', 'key', 'value')))
        add(f'{ours}.out', f'{theirs}.attention.output.dense')
        add(f'{ours}.mlp.0', f'{theirs}.intermediate.dense')
        add(f'{ours}.mlp.2', f'{theirs}.output.dense')
    for i in range(config.depth):
        ours, theirs = f'predictor.layers.{i}', f'predictor.transformer.layers.{i}'
        add(f'{ours}.attention.norm', f'{theirs}.attn.norm')
        add(f'{ours}.attention.qkv', f'{theirs}.attn.to_qkv', kinds=('weight',))
        add(f'{ours}.attention.out', f'{theirs}.attn.to_out.0')
        for part in (0, 1, 4):
            add(f'{ours}.mlp.{part}', f'{theirs}.mlp.net.{part}')
        add(f'{ours}.modulate.1', f'{theirs}.adaLN_modulation.1')
    add('predictor.norm', 'predictor.transformer.norm')
    add('predictor.act.0', 'action_encoder.patch_embed')
    add('predictor.act.1', 'action_encoder.embed.0')
    add('predictor.act.3', 'action_encoder.embed.2')
    for ours, theirs in (('encoder.project', 'projector'), ('predictor.project', 'pred_proj')):
        add(f'{ours}.0', f'{theirs}.net.0')
        add(f'{ours}.1', f'{theirs}.net.1',
            kinds=('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'))
        add(f'{ours}.3', f'{theirs}.net.3')
    return names


def _sources(config: LewmConfig, state: dict[str, Tensor]) -> dict[str, _Source]:
    """Return what each of our tensors is made of."""
    sources = {}
    for ours, theirs in _names(config).items():
        shape = tuple(state[ours].shape)
        if len(theirs) > 1:
            shape = (shape[0] // len(theirs), *shape[1:])
        elif ours.endswith('.position'):
            shape = (1, *shape)     # one for all of a batch
        elif ours == 'predictor.act.0.weight':
            shape = (*shape, 1)     # a convolution over one block at a time
        sources[ours] = _Source(theirs, shape)
    return sources
