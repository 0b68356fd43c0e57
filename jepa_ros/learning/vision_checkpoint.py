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
Checkpoints of DINOv2 and V-JEPA 2 in the layout of transformers, from a folder or the hub.

Their JSON files are read as data, and only sizes go on to transformers: what they name besides
(``auto_map``, quantisers, kernels) is never looked at, and Python files are never loaded.
"""

from pathlib import Path
from pickle import UnpicklingError

from safetensors import SafetensorError
import torch
from torch import nn

from jepa_ros.engines.bundle_files import (
    BundleError,
    LARGEST_FILE_BYTES,
    read_json,
    said,
    sha256,
)
from jepa_ros.engines.fields import numbers
from jepa_ros.engines.vision_encoder import (
    IMAGE_SIZE,
    KINDS,
    size_names,
    VisionConfig,
    VisionEncoder,
)
from jepa_ros.files import check_fetched

_PREPROCESSORS = ('preprocessor_config.json', 'video_preprocessor_config.json')
# as they are published: neither weights that unpickle nor code
_WANTED = ('*.json', '*.safetensors')
_CONFIGS = {'dinov2': 'Dinov2Config', 'vjepa2': 'VJEPA2Config'}
_INSTALL = 'jepa import needs transformers: pip install -r requirements/import.txt'
# V-JEPA 2 comes with a predictor, which knows no actions and is left behind
_PREDICTOR = 'predictor.'
_PREDICTOR_SIZES = (
    'pred_hidden_size', 'pred_num_attention_heads', 'pred_num_hidden_layers',
    'pred_num_mask_tokens', 'pred_mlp_ratio', 'num_pooler_layers', 'frames_per_clip')


def find_checkpoint(place: str) -> tuple[Path, str]:
    """
    Return the folder of a checkpoint and the revision, where it is one of the hub.

    What is no folder is the id of a model on the hub, ``owner/name`` or ``owner/name@revision``;
    JSON and safetensors are fetched into the user's cache, nothing else.
    """
    folder = Path(place).expanduser()
    if folder.is_dir():
        return folder, ''
    if place.count('/') != 1 or place.startswith(('/', '.', '~')):
        raise ValueError(f'{place} is no folder, and no id of a model on the hub (owner/name)')
    try:
        import huggingface_hub
    except ImportError as error:
        raise RuntimeError(_INSTALL) from error
    name, _, revision = place.partition('@')
    try:
        found = Path(huggingface_hub.snapshot_download(
            name, revision=revision or None, allow_patterns=list(_WANTED)))
    except Exception as error:  # noqa: BLE001  (whatever its HTTP client raises)
        raise OSError(f'{place} is no folder here, and could not be fetched from the hub: '
                      f"{' '.join(str(error).split())[:400]}") from error
    return found, found.name


def read_vision(folder: Path, kind: str, image_px: int | None, grid: int
                ) -> tuple[VisionConfig, int]:
    """
    Read what a checkpoint says of itself; return the encoder's config and its picture's size.

    BundleError names an entry that is missing, wrong or not known.
    """
    path = folder / 'config.json'
    raw = read_json(path)
    found = raw.get('model_type') if isinstance(raw, dict) else None
    if found != kind:
        raise BundleError(f'{path}: model_type is {said(found)}, must be {kind!r}; known are '
                          f'{", ".join(KINDS)}')
    if raw.get('quantization_config') is not None:
        raise BundleError(f'{path}: the weights are quantised, which is not read here; take those '
                          'that are not')
    mean, std, preferred = _pictures(folder)
    sizes = {name: raw[name] for name in size_names(kind) if name in raw}
    if isinstance(sizes.get('patch_size'), list):
        sizes['patch_size'] = sizes['patch_size'][0]
    side = image_px or preferred or raw.get(IMAGE_SIZE[kind])
    if type(side) is not int or not 1 <= side <= 4096:
        raise BundleError(f'{path}: {IMAGE_SIZE[kind]} is {said(side)}, must be 1 to 4096 pixels')
    try:
        vision = VisionConfig(kind, sizes, mean, std, grid)
        vision.patches(side)
    except ValueError as error:
        raise BundleError(f'{path}: {error}') from error
    return vision, side


def _pictures(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...], int | None]:
    """Return mean, std and the size that a checkpoint wants its pictures in, None if not said."""
    mean, std, side = VisionConfig.mean, VisionConfig.std, None
    for path in (folder / name for name in _PREPROCESSORS):
        if not path.is_file():
            continue
        raw = read_json(path)
        where = str(path)
        if 'image_mean' in raw:
            mean = tuple(numbers(raw, 'image_mean', where))
            std = tuple(numbers(raw, 'image_std', where))
        crop = raw.get('crop_size')
        side = crop.get('height') if isinstance(crop, dict) else crop
        break
    return mean, std, side


def weights_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of weights of a checkpoint, by its name."""
    return {path.name: sha256(path) for pattern in ('*.safetensors', 'pytorch_model*.bin')
            for path in sorted(folder.glob(pattern))}


def load_vision(folder: Path, vision: VisionConfig, image_px: int, width: int) -> VisionEncoder:
    """
    Return the encoder with the checkpoint's weights; its whitening is not yet fitted.

    ValueError where it is too large for one graph or lacks tensors, RuntimeError where a package
    is missing.
    """
    with torch.device('meta'):
        count = sum(p.numel() for p in VisionEncoder(vision, image_px, width).parameters())
    if 4 * count > LARGEST_FILE_BYTES:
        raise ValueError(f'{folder} has {count / 1e6:.0f} million parameters, {4 * count} bytes '
                         f'as one graph, limit {LARGEST_FILE_BYTES}; take a smaller model')
    encoder = VisionEncoder(vision, image_px, width)
    model = _original(folder, vision)
    state = dict((model if vision.kind == 'dinov2' else model.encoder).state_dict())
    if vision.kind == 'dinov2':
        # the model's own way of resizing them, done once and for all
        shape = (1, encoder.side ** 2 + 1, model.config.hidden_size)
        state['embeddings.position_embeddings'] = model.embeddings.interpolate_pos_encoding(
            torch.empty(shape), image_px, image_px).detach()
    encoder.backbone.load_state_dict(state)
    return encoder.eval()


def _original(folder: Path, vision: VisionConfig) -> nn.Module:
    """Return the checkpoint's model as transformers loads it, in float32, on the CPU."""
    try:
        import transformers
    except ImportError as error:
        raise RuntimeError(_INSTALL) from error
    raw = read_json(folder / 'config.json')
    sizes = dict(vision.sizes)
    for name in (IMAGE_SIZE[vision.kind], *(_PREDICTOR_SIZES if vision.kind == 'vjepa2' else ())):
        if type(raw.get(name)) in (int, float):
            sizes[name] = raw[name]
    config = getattr(transformers, _CONFIGS[vision.kind])(**sizes)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        model, report = transformers.AutoModel.from_pretrained(
            folder, config=config, trust_remote_code=False, local_files_only=True,
            use_safetensors=any(folder.glob('*.safetensors')), weights_only=True,
            dtype=torch.float32, attn_implementation='sdpa', ignore_mismatched_sizes=True,
            output_loading_info=True)
    except SafetensorError as error:
        for path in sorted(folder.glob('*.safetensors')):
            check_fetched(path)
        raise ValueError(f'{folder} has no whole safetensors file: {error}') from error
    except UnpicklingError as error:
        raise ValueError(f'{folder} holds weights that could run as a program; they are refused: '
                         f'{str(error).splitlines()[0]}') from error
    # transformers draws these at random, which nobody wants here
    wrong = [f'{name} {tuple(found)} instead of {tuple(wanted)}'
             for name, found, wanted in report['mismatched_keys']]
    wrong += [f'{name} is missing' for name in report['missing_keys']]
    wrong = sorted(text for text in wrong if not text.startswith(_PREDICTOR))
    if wrong:
        raise ValueError(f'{folder} has not the {len(wrong)} tensors that its config.json wants: '
                         f'{"; ".join(wrong[:5])}')
    return model.eval()
