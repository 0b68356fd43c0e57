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

"""Encoder and predictor learn what the data holds, and a cut run ends as an uncut one."""

from dataclasses import replace

import numpy as np
import pytest
from square_model import SQUARE
import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.batches import check_episodes, draw, sequence_rows, still
from jepa_ros.learning.latents import encode_frames
from jepa_ros.learning.losses import centred, prediction_losses
from jepa_ros.learning.metrics import effective_rank, errors_by_horizon, probe_r2
from jepa_ros.learning.random_encoder import freeze_random_encoder
from jepa_ros.learning.run import read_metrics
from jepa_ros.learning.train import train_world_model
from jepa_ros.learning.train_config import schedule, TrainConfig

TRAIN = TrainConfig(steps=220, batch=64, episodes=4, rollout=2, learning_rate=3e-3, warmup=20,
                    directions=32, save_every=100, bfloat16=False)
BRIEF = replace(TRAIN, steps=6, save_every=2, batch=16)


def fresh(config=SQUARE):
    torch.manual_seed(0)
    return Networks(config)


def same_weights(a, b):
    a, b = a.state_dict(), b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.fixture(scope='module')
def trained(squares, tmp_path_factory):
    """Return networks trained on the square, and the metrics of every step."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('trained')
    networks = fresh()
    rows = list(train_world_model(networks, squares, TRAIN, folder))
    assert not networks.training
    assert read_metrics(folder, 'world_model') == rows
    return networks, rows


def test_the_gradient_is_clipped(squares, tmp_path):
    moved, norms = [], []
    for clip in (1.0, 1e-13):   # far below what AdamW divides by at least
        networks, before = fresh(), fresh().state_dict()
        (row,) = train_world_model(networks, squares, replace(BRIEF, steps=1, warmup=0, clip=clip),
                                   tmp_path / str(clip))
        after = dict(networks.named_parameters())
        moved.append(max((after[k] - before[k]).abs().max().item() for k in after))
        norms.append(row['gradient_norm'])
    assert norms[0] == norms[1] > 0.1
    assert moved[1] < 0.01 * moved[0]


def test_it_learns_where_the_square_goes(trained, squares):
    networks, rows = trained
    assert [r['step'] for r in rows] == list(range(TRAIN.steps))
    assert rows[-1]['next_latent'] < 0.3 * rows[-1]['copy_last']
    z = encode_frames(networks, squares)
    predicted, copied = errors_by_horizon(networks, squares, z, 3)
    assert predicted[0] < 0.2 * copied[0]
    assert predicted[2] < 0.3 * copied[2]
    untrained = fresh().eval()
    errors, _ = errors_by_horizon(untrained, squares, encode_frames(untrained, squares), 3)
    assert (predicted < 0.5 * errors).all()


def test_it_does_not_collapse(trained, squares):
    networks, rows = trained
    z = encode_frames(networks, squares).numpy()
    assert z.std(axis=0).min() > 0.3
    assert effective_rank(z) > 2.0      # the square has two places to be in
    assert rows[-1]['std_min'] > 0.3
    r2 = probe_r2(z, squares.poses[:, :2], z, squares.poses[:, :2])
    assert r2.min() > 0.5


def test_predictions_follow_the_actions(trained, squares):
    networks, _ = trained
    z = encode_frames(networks, squares)[:1].expand(2, -1)
    before = torch.zeros(2, 3, 2)
    block = torch.zeros(2, 3, 2)
    block[0, :, 0], block[1, :, 0] = 1.0, -1.0
    with torch.no_grad():
        left, right = networks.predictor(z[:, None], before[:, None], block)
    assert float((left - right).norm()) > 0.5


@pytest.mark.parametrize('cut', [2, 3, 5])
def test_a_cut_run_ends_as_an_uncut_one(squares, tmp_path, cut):
    config = replace(SQUARE, dropout=0.1)
    whole = fresh(config)
    rows = list(train_world_model(whole, squares, BRIEF, tmp_path / 'a'))

    broken = fresh(config)
    running = train_world_model(broken, squares, BRIEF, tmp_path / 'b')
    for _ in range(cut):
        next(running)
    running.close()
    torch.manual_seed(99)
    resumed = Networks(config)     # other weights: they must come from the state
    rest = list(train_world_model(resumed, squares, BRIEF, tmp_path / 'b'))
    assert rest[0]['step'] == cut // BRIEF.save_every * BRIEF.save_every
    assert same_weights(resumed, whole)
    assert read_metrics(tmp_path / 'b', 'world_model') == rows
    assert not same_weights(resumed, broken)
    assert list(train_world_model(resumed, squares, BRIEF, tmp_path / 'b')) == []


def test_another_seed_makes_another_model(squares, tmp_path):
    a, b = fresh(), fresh()
    list(train_world_model(a, squares, BRIEF, tmp_path / 'a'))
    list(train_world_model(b, squares, replace(BRIEF, seed=1), tmp_path / 'b'))
    assert not same_weights(a, b)


def test_a_loss_that_is_not_finite_stops_the_run(squares, tmp_path):
    networks = fresh()
    with torch.no_grad():
        networks.encoder.projector[-1].bias[0] = float('nan')
    with pytest.raises(RuntimeError, match=r'loss is nan at step 0; lower the learning rate'):
        list(train_world_model(networks, squares, BRIEF, tmp_path))
    assert not (tmp_path / 'world_model.pt').exists()


def test_a_frozen_encoder_stays_as_it_was(squares, tmp_path):
    networks = fresh()
    freeze_random_encoder(networks, squares, frames=256)
    before = {k: v.clone() for k, v in networks.encoder.state_dict().items()}
    z = encode_frames(networks, squares)
    torch.testing.assert_close(z.std(dim=0), torch.ones(8), atol=0.25, rtol=0.0)
    assert float(z.mean(dim=0).abs().max()) < 0.3
    predictor = {k: v.clone() for k, v in networks.predictor.state_dict().items()}
    rows = list(train_world_model(networks, squares, BRIEF, tmp_path))
    assert all(r['sigreg'] == 0.0 for r in rows)
    # BatchNorm counts batches; nothing that is used may move
    after = networks.encoder.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items()
               if not k.endswith('num_batches_tracked'))
    assert any(not torch.equal(networks.predictor.state_dict()[k], v)
               for k, v in predictor.items())


def test_centring_takes_out_what_an_episode_keeps():
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(12, 3, 5, generator=generator, dtype=torch.float64)
    offsets = 10 * torch.randn(4, 1, 1, 5, generator=generator, dtype=torch.float64)
    shifted = (latents.view(4, 3, 3, 5) + offsets).view(12, 3, 5)
    out = centred(latents, 4)
    torch.testing.assert_close(centred(shifted, 4), out)
    assert out.view(4, 9, 5).mean(dim=1).abs().max() < 1e-12
    # and nothing else: differences within an episode stay
    torch.testing.assert_close(out[1] - out[0], latents[1] - latents[0])


def test_losses_of_a_predictor_that_is_known():
    class Adds(torch.nn.Module):
        """Predict the latent plus the sum of the block: exact in the first dimension."""

        def forward(self, latents, before, block):
            return latents[:, -1] + block.sum(dim=(1, 2))[:, None]

    networks = fresh()
    networks.predictor = Adds()
    blocks = torch.arange(6.0).view(1, 3, 2, 1)             # sums 1, 5, 9
    latents = torch.tensor([0.0, 1.0, 6.0, 15.0]).view(1, 4, 1)
    *exact, predicted = prediction_losses(networks, latents, torch.zeros(1, 1, 2, 1), blocks)
    assert [float(v) for v in exact] == [0.0, 0.0]
    assert (predicted == latents[:, 1:]).all()
    # one latent off by 3: it spoils the step to it and the step from it, and one rollout term
    latents[0, 2] += 3.0
    one_step, rollout, _ = prediction_losses(networks, latents, torch.zeros(1, 1, 2, 1), blocks)
    assert float(one_step) == pytest.approx((9 + 9) / 3)
    assert float(rollout) == pytest.approx(9 / 2)


def test_a_batch_is_whole_episodes_and_its_own(squares):
    rows = sequence_rows(squares, 3, 1, 2)
    index, before, blocks, _ = draw(squares, rows, TRAIN, 3, 1, step=7)
    assert index.shape == (64, 3)
    assert (np.diff(index, axis=1) == 3).all()
    assert (squares.first[index] == squares.first[index[:, :1]]).all()
    groups = squares.first[index[:, 0]].reshape(4, 16)
    assert (groups == groups[:, :1]).all()
    assert len(np.unique(groups[:, 0])) == 4
    np.testing.assert_array_equal(blocks[5, 1].numpy(),
                                  squares.actions[index[5, 1]:index[5, 1] + 3])
    start = index[5, 0]
    if start - 3 >= squares.first[start]:
        np.testing.assert_array_equal(before[5, 0].numpy(), squares.actions[start - 3:start])
    again = draw(squares, rows, TRAIN, 3, 1, step=7)
    np.testing.assert_array_equal(again[0], index)
    assert (draw(squares, rows, TRAIN, 3, 1, step=8)[0] != index).any()


def test_too_few_episodes_are_refused_before_training(squares, tmp_path):
    rows = sequence_rows(squares, 3, 2, 2)
    check_episodes(squares, rows, 10, 3, 2, 2)
    with pytest.raises(ValueError, match=r'10 training episodes have 7 frames or more, '
                       r'train\.episodes wants 16 in a batch'):
        list(train_world_model(fresh(), squares, replace(BRIEF, episodes=16, batch=32), tmp_path))


def test_what_came_before_a_batch_of_a_drive_is_what_was_seen(squares, tmp_path):
    """A piece of a drive does not begin at rest: nothing is made up before it."""
    driven = replace(squares, at_rest=np.zeros(len(squares), bool))
    rows = sequence_rows(driven, 3, 4, 2)
    assert (rows - driven.first[rows]).min() == 12
    index, before, _, _ = draw(driven, rows, TRAIN, 3, 4, step=7)
    assert (np.diff(index, axis=1) == 3).all()
    assert (driven.first[index] == driven.first[index[:, :1]]).all()
    came = index[:, 3, None] + np.arange(-12, 0)
    np.testing.assert_array_equal(before.flatten(1, 2).numpy(), driven.actions[came])
    with pytest.raises(ValueError, match=r'10 training episodes have 10 frames or more, '):
        list(train_world_model(fresh(), driven, replace(BRIEF, episodes=16, batch=32), tmp_path))


def test_sequences_at_rest_are_one_frame_in_which_nothing_is_done(squares):
    rows, config = sequence_rows(squares, 3, 1, 2), replace(TRAIN, rest=0.25)
    index, before, blocks, _ = draw(squares, rows, config, 3, 1, step=7)
    driven, driven_before, driven_blocks, _ = draw(squares, rows, TRAIN, 3, 1, step=7)
    rests = still(index)
    assert not still(driven).any()
    assert 6 <= rests.sum() <= 26      # of 64
    np.testing.assert_array_equal(index[rests], driven[rests][:, :1].repeat(3, axis=1))
    assert not before[rests].any()
    assert not blocks[rests].any()
    np.testing.assert_array_equal(index[~rests], driven[~rests])
    assert torch.equal(before[~rests], driven_before[~rests])
    assert torch.equal(blocks[~rests], driven_blocks[~rests])


@pytest.mark.parametrize('frozen', [False, True])
def test_at_rest_nothing_is_felt(squares, tmp_path, frozen):
    fast = replace(squares, proprioception=np.ones((len(squares), 2), np.float32))
    networks = fresh(replace(SQUARE, proprioception_scale=(1.0, 2.0)))
    if frozen:
        freeze_random_encoder(networks, fast)
    seen = []
    networks.predictor.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    list(train_world_model(networks, fast, replace(BRIEF, steps=1, rest=0.5), tmp_path))
    felt = seen[0][:, -1, -2:]       # of the windows on recorded frames, not of the rollout
    rests = (felt == 0.0).all(dim=1)
    assert 0.1 < float(rests.float().mean()) < 0.9
    assert felt[~rests].unique(dim=0).tolist() == [[1.0, 0.5]]


def test_who_has_rested_expects_nothing_to_change(trained, squares, tmp_path):
    rested = fresh()
    list(train_world_model(rested, squares, replace(TRAIN, rest=0.2), tmp_path))

    @torch.no_grad()
    def drift(networks):
        z = encode_frames(networks, squares)
        blocks, later = torch.zeros(len(z), 1, SQUARE.block, 2), z
        for _ in range(5):
            later = networks.predictor(later[:, None], blocks, blocks[:, 0])
        return float((later - z).square().mean() / z.var(dim=0).mean())

    assert drift(rested) < 0.7 * drift(trained[0]), (drift(rested), drift(trained[0]))
    errors, copied = errors_by_horizon(rested, squares, encode_frames(rested, squares), 3)
    assert errors[2] < 0.3 * copied[2]      # and knows what happens where something is done


def test_rest_wants_actions_that_stand_still(squares, tmp_path):
    networks = fresh(replace(SQUARE, low=(0.5, -1.0)))
    with pytest.raises(ValueError, match=r'train\.rest is 0\.1, and no action of 0 is within the '
                       r'limits \[0\.5, -1\.0\] to \[1\.0, 1\.0\]'):
        list(train_world_model(networks, squares, replace(BRIEF, rest=0.1), tmp_path))


@pytest.mark.parametrize('step, share', [
    (0, 0.05), (19, 1.0), (20, 1.0), (120, 0.51), (220, 0.02)])
def test_schedule(step, share):
    assert schedule(step, TRAIN) == pytest.approx(share * TRAIN.learning_rate)


@pytest.mark.parametrize('config, message', [
    ({'steps': 0}, 'steps is 0, must be at least 1'),
    ({'batch': 30}, 'batch is 30, must be a multiple of episodes, 8'),
    ({'batch': 8}, 'batch is 8, must be a multiple of episodes, 8, and more'),
    ({'learning_rate': 0.0}, r'learning_rate is 0.0, must be in \(0, 1\]'),
    ({'clip': 0.0}, 'clip is 0.0, must be above 0'),
    ({'threads': -1}, 'threads is -1, must be at least 0'),
])
def test_config_refuses_nonsense(config, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**config)


@pytest.mark.parametrize('config, message', [
    ({'image_px': 60}, 'image_px is 60, must be a multiple of 16'),
    ({'low': (0.0,)}, 'low has 1 entries, high has 2'),
])
def test_model_config_refuses_nonsense(config, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**config)
