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

"""A LeWorldModel checkpoint becomes a bundle that computes what the published modules do."""

from dataclasses import replace
import json

import numpy as np
import pytest

pytest.importorskip('transformers')

from small_lewm import CONFIG, newer_names, older_names, published_lewm, save  # noqa: E402
import torch  # noqa: E402

from jepa_ros.engines.architectures import plain_rollout, rollout_graph  # noqa: E402
from jepa_ros.learning.data import Actions  # noqa: E402
from jepa_ros.learning.lewm_import import (  # noqa: E402
    calibrate_lewm,
    find_lewm,
    import_lewm,
    Statistics,
    statistics_of,
)

ACTIONS = Actions(low=(-0.5, -2.0), high=(1.5, 2.0), delay_s=0.0)
STATISTICS = Statistics((0.2, -0.3), (0.4, 1.1), 'a test')
MEAN, STD = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope='module')
def published():
    return published_lewm()


@pytest.fixture
def folder(published, tmp_path):
    return save(older_names(published.state_dict()), tmp_path / 'lewm')


def imported(folder, horizon=4):
    return import_lewm(find_lewm(folder), ACTIONS, STATISTICS, horizon)[0]


def published_rollout(published, context, executed, candidates):
    """Standardise the blocks as the published training does, and roll out."""
    def flat(blocks):
        mean, std = (torch.tensor(part) for part in (STATISTICS.mean, STATISTICS.std))
        return ((blocks - mean) / std).flatten(-2)
    return published.rollout(context[:, 0], flat(executed[1:]), flat(candidates))


def question():
    g = torch.Generator().manual_seed(0)
    return (torch.randn(3, 1, 12, generator=g), torch.randn(3, 3, 2, generator=g),
            torch.randn(6, 4, 3, 2, generator=g), torch.randn(1, 12, generator=g))


@pytest.mark.parametrize('names', [older_names, newer_names])
def test_all_303_tensors_find_their_place(published, tmp_path, names):
    state = names(published.state_dict())
    assert len(state) == 303
    assert {name.split('.')[0] for name in state} == {
        'encoder', 'predictor', 'action_encoder', 'projector', 'pred_proj'}
    assert ('encoder.encoder.layer.0.attention.attention.query.weight' in state) == (
        names is older_names)
    networks = imported(save(state, tmp_path / 'lewm'))
    count = sum(t.numel() for t in networks.state_dict().values())
    ours = 3 + 3 + 2 + 2    # how colours and actions are normalised
    assert count == sum(t.numel() for t in state.values()) + ours


def test_latents_are_those_of_the_published_encoder(published, folder, rng):
    images = torch.from_numpy(rng.integers(0, 256, (5, 28, 28, 3), dtype=np.uint8))
    pixels = (images / 255.0 - MEAN) / STD
    wanted = published.encode(pixels.permute(0, 3, 1, 2))
    found = imported(folder).encoder(images)[:, 0]
    assert wanted.std(dim=0).mean() > 0.05
    assert (found - wanted).abs().max() <= 1e-4


@pytest.mark.parametrize('make', [plain_rollout, rollout_graph])
def test_rollouts_are_those_of_the_published_predictor(published, folder, make):
    context, executed, candidates, goal = question()
    wanted = published_rollout(published, context, executed, candidates)
    latents, cost, _ = make(imported(folder))(context, executed, candidates, goal)
    assert wanted.std(dim=0).mean() > 0.05
    assert (latents[:, :, 0] - wanted).abs().max() <= 1e-4
    assert torch.allclose(cost, (wanted[:, -1] - goal).square().mean(dim=-1), atol=1e-4)


def test_statistics_are_those_of_the_actions_that_were_given(squares):
    found = statistics_of(squares, 'squares')
    given = squares.actions[squares.last > np.arange(len(squares))]
    assert np.allclose(found.mean, given.mean(axis=0))
    assert np.allclose(found.std, given.std(axis=0))
    with pytest.raises(ValueError, match='one of them is always the same'):
        statistics_of(replace(squares, actions=np.ones_like(squares.actions)), 'still')


def test_it_is_calibrated_on_episodes_of_its_size(folder, squares):
    networks = imported(folder)
    with pytest.raises(ValueError, match='frames are 32 x 32, the checkpoint takes 28 x 28'):
        calibrate_lewm(networks, squares)
    found = calibrate_lewm(networks, replace(squares, frames=squares.frames[:, 2:30, 2:30]))
    assert found.arrival_cost == found.arrival_distance > 0.0
    assert 0.0 < found.surprise[0] <= found.surprise[1] <= found.surprise[2]
    with pytest.raises(ValueError, match=r'no action of .* is above 8% of its range'):
        calibrate_lewm(networks, replace(squares, frames=squares.frames[:, 2:30, 2:30],
                                         actions=0.0 * squares.actions))


def test_what_is_missing_unknown_or_ill_shaped_is_named(published, tmp_path):
    state = older_names(published.state_dict())
    state['predictor.extra'] = torch.zeros(2)
    state['encoder.embeddings.mask_token'] = torch.zeros(1, 1, 12)      # may be there
    del state['projector.net.1.running_mean']
    state['action_encoder.patch_embed.weight'] = torch.zeros(10, 8, 1)
    state['pred_proj.net.3.bias'] = torch.full((12,), torch.nan)
    with pytest.raises(ValueError) as error:
        imported(save(state, tmp_path / 'lewm'))
    said = str(error.value)
    assert 'missing: projector.net.1.running_mean;' in said
    assert 'not known: predictor.extra;' in said
    assert 'action_encoder.patch_embed.weight (10, 8, 1) instead of (10, 6, 1)' in said
    assert 'not finite: pred_proj.net.3.bias' in said
    assert 'mask_token' not in said


@pytest.mark.parametrize('table, key, value, says', [
    ('encoder', 'size', 'gigantic', "encoder: size is 'gigantic', must be one of tiny, small"),
    ('encoder', 'hidden_act', 'relu', "hidden_act is 'relu', must be 'gelu'"),
    ('encoder', 'image_size', 30, 'image_px is 30, must be a multiple of 14'),
    ('predictor', 'depth', 'six', "predictor: depth is 'six', must be a whole number"),
    ('predictor', 'hidden_dim', 16, 'one width is all that is known here.*hidden_dim is 16'),
    ('predictor', 'rope', True, "predictor: 'rope' is True, and what it does is not known here"),
    ('action_encoder', 'mlp_scale', 2, 'mlp_scale is 2, must be 4'),
    ('pred_proj', 'hidden_dim', 32, 'hidden_dim is 24, that of pred_proj 32'),
])
def test_a_config_of_something_else_is_refused(folder, table, key, value, says):
    config = {**CONFIG, table: {**CONFIG[table], key: value}}
    (folder / 'config.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match=says):
        find_lewm(folder)


def test_a_block_must_be_of_whole_actions(folder):
    four = Actions(('a', 'b', 'c', 'd'), ('1',) * 4, (-1.0,) * 4, (1.0,) * 4)
    with pytest.raises(ValueError, match='has 6 numbers, which are no whole number of actions'):
        import_lewm(find_lewm(folder), four, Statistics((0.0,) * 4, (1.0,) * 4, ''), 4)
    with pytest.raises(ValueError, match='must have an entry for each of 4 actions: a, b, c, d'):
        import_lewm(find_lewm(folder), four, STATISTICS, 4)


def test_nothing_that_a_config_names_is_run(folder, tmp_path):
    harm = {'_target_': 'os.mkdir', '_args_': [str(tmp_path / 'harm')]}
    config = {**CONFIG, **harm, 'projector': {**CONFIG['projector'], 'norm_fn': harm}}
    (folder / 'config.json').write_text(json.dumps(config))
    (folder / 'lewm.py').write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    assert imported(folder)
    assert not (tmp_path / 'harm').exists()
    config['encoder'] = {**CONFIG['encoder'], **harm}
    (folder / 'config.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"encoder: '_args_' is .*not known here"):
        imported(folder)
    assert not (tmp_path / 'harm').exists()


def test_nothing_in_a_file_of_weights_is_run(published, folder, tmp_path):
    class Harm:

        def __reduce__(self):
            return (open, (str(tmp_path / 'harm'), 'w'))

    torch.save({**older_names(published.state_dict()), 'harm': Harm()}, folder / 'weights.pt')
    with pytest.raises(ValueError, match='holds more than tensors, which could run'):
        imported(folder)
    assert not (tmp_path / 'harm').exists()


def test_files_that_are_none_are_named(published, folder, tmp_path):
    with pytest.raises(ValueError, match=r'holds 0 files \*\.pt'):
        find_lewm(tmp_path)
    second = folder / 'weights_epoch_2.pt'
    second.write_bytes((folder / 'weights.pt').read_bytes())
    with pytest.raises(ValueError, match=r'holds 2 files .* name the file itself'):
        find_lewm(folder)
    assert imported(second)
    second.write_bytes(b'PK no checkpoint')
    with pytest.raises(ValueError, match=r'weights_epoch_2\.pt'):
        imported(second)
    torch.save({'state_dict': published.state_dict(), 'epoch': 3}, second)
    assert imported(second)
    second.write_text('version 1\noid sha256:' + 'a' * 64 + '\nsize 9\n')
    with pytest.raises(ValueError, match='is a pointer of Git LFS'):
        imported(second)
    torch.save({'model': published.state_dict(), 'epoch': 3}, second)
    with pytest.raises(ValueError, match='must be a state dict: tensors by name'):
        imported(second)
    (folder / 'config.json').unlink()
    with pytest.raises(ValueError, match=r'has no config\.json'):
        find_lewm(second)
