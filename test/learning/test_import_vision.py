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

"""Encoders of public checkpoints give what transformers' own modules give, and run no code."""

from dataclasses import replace
import json
import sys

import numpy as np
import pytest

pytest.importorskip('transformers')

from small_encoders import cells, patch_tokens, save, SIDE  # noqa: E402
import torch  # noqa: E402

from jepa_ros.learning.frozen_latents import encode_once, fit_encoder  # noqa: E402
from jepa_ros.learning.vision_checkpoint import (  # noqa: E402
    find_checkpoint,
    load_vision,
    read_vision,
)
from jepa_ros.learning.whitening import fit_whitening  # noqa: E402

KINDS = ('dinov2', 'vjepa2')


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def loaded(folder, kind, image_px=None, width=8, grid=2):
    vision, side = read_vision(folder, kind, image_px, grid)
    return load_vision(folder, vision, side, width)


def pictures(rng, side, count=3):
    return torch.from_numpy(rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8))


@pytest.mark.parametrize('kind, image_px, side', [
    ('dinov2', None, SIDE), ('dinov2', 16, 16), ('dinov2', 48, 48), ('vjepa2', None, SIDE)])
def test_features_are_the_averaged_tokens_of_the_original(kind, image_px, side, tmp_path, rng):
    model, images = save(kind, tmp_path), pictures(rng, side)
    encoder = loaded(tmp_path, kind, image_px)
    wanted = cells(patch_tokens(kind, model, images), 2)
    assert wanted.shape == (3, 4 * 24)
    assert wanted.std(dim=0).mean() > 0.02
    assert (encoder.features(images) - wanted).abs().max() <= 1e-4
    # and they become one latent token by a linear map
    latent = wanted @ encoder.whiten.weight.T + encoder.whiten.bias
    assert (encoder(images)[:, 0] - latent).abs().max() <= 1e-4
    assert not any(p.requires_grad for p in encoder.parameters())


def test_a_smaller_picture_of_v_jepa_2_has_the_positions_of_its_own_grid(tmp_path, rng):
    save('vjepa2', tmp_path)
    images, small = pictures(rng, 16), loaded(tmp_path, 'vjepa2', 16)
    config = json.loads((tmp_path / 'config.json').read_text())
    (tmp_path / 'config.json').write_text(json.dumps({**config, 'crop_size': 16}))
    (tmp_path / 'video_preprocessor_config.json').unlink()
    vision, side = read_vision(tmp_path, 'vjepa2', None, 2)
    assert (side, vision.mean) == (16, (0.485, 0.456, 0.406))
    import transformers
    model = transformers.AutoModel.from_pretrained(tmp_path).eval()
    wanted = cells(patch_tokens('vjepa2', model, images), 2)
    assert (small.features(images) - wanted).abs().max() <= 1e-4


def test_weights_that_are_torn_or_never_fetched_are_named(tmp_path):
    save('dinov2', tmp_path)
    path = tmp_path / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match='has no whole safetensors file: '):
        loaded(tmp_path, 'dinov2')
    path.write_text('version 1\noid sha256:' + 'a' * 64 + '\nsize 9\n')
    with pytest.raises(ValueError, match=r'model\.safetensors is a pointer of Git LFS'):
        loaded(tmp_path, 'dinov2')


@pytest.mark.parametrize('kind', KINDS)
def test_weights_that_are_unpickled_are_read_as_weights_only(kind, tmp_path, rng):
    model = save(kind, tmp_path, safe=False)
    images = pictures(rng, SIDE)
    wanted = cells(patch_tokens(kind, model, images), 2)
    assert (loaded(tmp_path, kind).features(images) - wanted).abs().max() <= 1e-4

    class Harm:

        def __reduce__(self):
            return (open, (str(tmp_path / 'harm'), 'w'))

    torch.save({**model.state_dict(), 'harm': Harm()}, tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='weights that could run as a program; they are refused'):
        loaded(tmp_path, kind)
    assert not (tmp_path / 'harm').exists()


@pytest.mark.parametrize('kind', KINDS)
def test_code_that_a_config_names_is_not_run(kind, tmp_path, rng):
    model = save(kind, tmp_path)
    (tmp_path / 'modeling_own.py').write_text(
        f'open({str(tmp_path / "harm")!r}, "w")\n'
        'class OwnModel: pass\nclass OwnConfig: pass\n')
    config = json.loads((tmp_path / 'config.json').read_text())
    (tmp_path / 'config.json').write_text(json.dumps({
        **config, 'auto_map': {'AutoModel': 'modeling_own.OwnModel',
                               'AutoConfig': 'modeling_own.OwnConfig'},
        '_target_': 'modeling_own.OwnModel', 'attn_implementation': 'someone/kernels',
        '_attn_implementation': 'someone/kernels', 'architectures': ['OwnModel']}))
    images = pictures(rng, SIDE)
    wanted = cells(patch_tokens(kind, model, images), 2)
    assert (loaded(tmp_path, kind).features(images) - wanted).abs().max() <= 1e-4
    assert not (tmp_path / 'harm').exists()
    (tmp_path / 'config.json').write_text(json.dumps({**config, 'model_type': 'own'}))
    with pytest.raises(ValueError, match=f"model_type is 'own', must be '{kind}'"):
        loaded(tmp_path, kind)
    assert not (tmp_path / 'harm').exists()


@pytest.mark.parametrize('change, says', [
    ({'hidden_size': 'wide'}, "hidden_size is 'wide', must be of type int"),
    ({'hidden_size': 36}, r'embeddings\.cls_token \(1, 1, 24\) instead of \(1, 1, 36\)'),
    ({'num_hidden_layers': 3}, r'has not the 18 tensors .*encoder\.layer\.2\.\S+ is missing'),
    ({'quantization_config': {'quant_method': 'own'}}, 'the weights are quantised'),
    ({'patch_size': 13}, 'image_px is 32, must be a multiple of 26'),
])
def test_a_config_that_does_not_fit_is_named(change, says, tmp_path):
    save('dinov2', tmp_path)
    config = json.loads((tmp_path / 'config.json').read_text())
    (tmp_path / 'config.json').write_text(json.dumps({**config, **change}))
    with pytest.raises((ValueError, RuntimeError), match=says):
        loaded(tmp_path, 'dinov2')


def test_an_encoder_too_large_for_one_graph_is_refused_before_it_is_made(tmp_path):
    save('dinov2', tmp_path)
    config = json.loads((tmp_path / 'config.json').read_text())
    (tmp_path / 'config.json').write_text(json.dumps(
        {**config, 'hidden_size': 24 * 64, 'num_hidden_layers': 40}))
    with pytest.raises(ValueError, match=r'has 11.. million parameters, .* limit 2147483647'):
        loaded(tmp_path, 'dinov2')


def test_what_is_no_folder_and_no_id_is_said(tmp_path):
    assert find_checkpoint(str(tmp_path)) == (tmp_path, '')
    with pytest.raises(ValueError, match='is no folder, and no id of a model on the hub'):
        find_checkpoint(str(tmp_path / 'none'))
    with pytest.raises(ValueError, match='encoder_only is no folder'):
        find_checkpoint('encoder_only')


def test_without_transformers_it_is_said_what_to_install(tmp_path, monkeypatch):
    save('dinov2', tmp_path)
    vision, side = read_vision(tmp_path, 'dinov2', None, 2)
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(RuntimeError, match=r'pip install -r requirements/import\.txt'):
        load_vision(tmp_path, vision, side, 8)
    monkeypatch.setitem(sys.modules, 'huggingface_hub', None)
    with pytest.raises(RuntimeError, match=r'pip install -r requirements/import\.txt'):
        find_checkpoint('facebook/dinov2-small')


def test_whitened_features_are_uncorrelated_and_of_variance_one(rng):
    mixed = rng.standard_normal((60, 5)) @ rng.standard_normal((5, 200)) + 7.0
    features = torch.from_numpy(mixed).float()
    linear = torch.nn.Linear(200, 3)
    found = fit_whitening(linear, features)
    z = linear(features)
    assert z.mean(dim=0).abs().max() < 1e-3
    assert torch.allclose(torch.cov(z.T), torch.eye(3), atol=1e-3)
    # what is kept is the most that three directions can keep
    spread = np.linalg.svd(mixed - mixed.mean(axis=0), compute_uv=False) ** 2
    assert found.kept_variance == pytest.approx(spread[:3].sum() / spread.sum(), abs=1e-4)
    assert found.frames == 60
    with pytest.raises(ValueError, match='60 frames differ in 5 directions, fewer than'):
        fit_whitening(torch.nn.Linear(200, 6), features)
    with pytest.raises(ValueError, match='3 frames of 200 features are too few'):
        fit_whitening(linear, features[:3])


def test_a_run_that_was_cut_short_encodes_only_what_is_left(tmp_path, squares):
    save('dinov2', tmp_path)
    encoder, seen = loaded(tmp_path, 'dinov2', width=4), []

    def cut(count):
        seen.append(count)
        if sum(seen) == 512:
            raise KeyboardInterrupt

    frames = squares.frames.shape[0]
    assert 512 < frames < 768
    found = fit_encoder(encoder, squares, tmp_path / 'run', lambda _: None)
    assert 0.5 < found.kept_variance <= 1.0
    with pytest.raises(KeyboardInterrupt):
        encode_once(encoder, squares, tmp_path / 'run', cut)

    # another process: the same checkpoint, loaded again
    again, encoded = loaded(tmp_path, 'dinov2', width=4), []
    assert fit_encoder(again, squares, tmp_path / 'run', lambda _: None) == found
    assert torch.equal(again.whiten.weight, encoder.whiten.weight)
    again.register_forward_hook(lambda _, inputs, __: encoded.append(len(inputs[0])))
    clean, changed = encode_once(again, squares, tmp_path / 'run', lambda _: None)
    assert max(encoded) == frames - 512
    assert (clean - encoder(torch.from_numpy(squares.frames))[:, 0]).abs().max() < 1e-4
    assert 0.01 < (changed - clean).abs().mean() < 2.0

    # of other pictures nothing that is kept may be taken
    encoded.clear()
    dark = replace(squares, frames=squares.frames // 2)
    assert not torch.allclose(encode_once(again, dark, tmp_path / 'run', lambda _: None)[0], clean)
    assert encoded.count(256) == 4
