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

"""Where goals lie: learnt from odometry, together with what the encoder makes of a picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from jepa_ros.engines.networks import ModelConfig, Networks, Whereabouts
from jepa_ros.learning.critic import train_critic
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.latents import encode_all, encode_frames
from jepa_ros.learning.train import train_world_model
from jepa_ros.learning.train_config import TrainConfig
from jepa_ros.learning.whereabouts import (
    draw_lesson,
    seen_from,
    where_it_lies,
    whereabouts_loss,
)

CONFIG = ModelConfig(image_px=32, width=8, channels=(8, 16), encoder_hidden=32,
                     predictor_hidden=64, predictor_layers=2, critic_hidden=16,
                     whereabouts_hidden=32, dropout=0.0, history=2, block=3, horizon=3,
                     low=(-1.0, -1.0), high=(1.0, 1.0))
TRAIN = TrainConfig(steps=250, batch=64, episodes=4, rollout=2, learning_rate=3e-3, warmup=20,
                    directions=32, save_every=100, bfloat16=False, whereabouts_weight=0.3)


def fresh(config=CONFIG):
    torch.manual_seed(0)
    return Networks(config)


def flat(episodes):
    """Return the squares, whose pose is where they are, and who all face the same way."""
    poses = episodes.poses.copy()
    poses[:, 2] = 0.0
    return replace(episodes, poses=poses)


def test_a_robot_sees_what_lies_ahead_ahead_and_turns_the_short_way():
    poses = np.array([[1.0, 1.0, np.pi / 2], [0.0, 0.0, 3.0]])
    others = np.array([[1.0, 3.0, np.pi], [0.0, 0.0, -3.0]])
    np.testing.assert_allclose(seen_from(poses, others),
                               [[2.0, 0.0, np.pi / 2], [0.0, 0.0, 2 * np.pi - 6.0]], atol=1e-12)


def test_goals_are_frames_of_the_same_part_of_the_batch(squares):
    rng = np.random.default_rng(0)
    index = np.concatenate([
        rng.choice(np.flatnonzero(squares.first == first)[:-12], 4)[:, None] + 3 * np.arange(4)
        for first in np.unique(squares.first)[:3]])
    lesson = draw_lesson(squares, index, 2, 3, rng)
    assert lesson.lies.shape == (12, 3, 4, 4)
    for b, w, g in np.ndindex(12, 3, 4):
        row, goal = index[b, w + 1], index[lesson.sequence[b, w, g], lesson.frame[b, w, g]]
        assert squares.first[row] == squares.first[goal]
        ahead, left, turn = seen_from(squares.poses[[row]].astype(float),
                                      squares.poses[[goal]].astype(float))[0]
        assert lesson.lies[b, w, g].tolist() == pytest.approx(
            [ahead, left, np.cos(turn), np.sin(turn)], abs=1e-6)
    own = lesson.sequence == torch.arange(12)[:, None, None]
    assert bool(own[:, :, :2].all())
    assert not bool(own[:, :, 2:].all())
    assert not bool(lesson.imagined[:, 0].any())
    assert 0.2 < float(lesson.imagined[:, 1:].float().mean()) < 0.8


@torch.no_grad()
def test_what_ranks_lose_is_what_one_alone_would(squares):
    networks = fresh().eval()
    rng = np.random.default_rng(1)
    index = np.concatenate([
        rng.choice(np.flatnonzero(squares.first == first)[:-12], 4)[:, None] + 3 * np.arange(4)
        for first in np.unique(squares.first)[:4]])
    lesson = draw_lesson(squares, index, 2, 4, rng)
    z, predicted = torch.randn(16, 4, 8), torch.randn(16, 2, 8)
    alone = whereabouts_loss(networks, z, predicted, lesson, slice(0, 16))
    halves = [whereabouts_loss(networks, z[s], predicted[s], lesson, s)
              for s in (slice(0, 8), slice(8, 16))]
    assert float(sum(halves)) / 2 == pytest.approx(float(alone), rel=1e-5)


@torch.no_grad()
def test_what_no_odometry_tells_is_left_out(squares):
    networks = fresh().eval()
    index = np.arange(8)[:, None] + 3 * np.arange(4)
    poses = squares.poses.copy()
    poses[[5, 9]] = np.nan
    z, predicted = torch.randn(8, 4, 8), torch.randn(8, 2, 8)
    rng = np.random.default_rng
    some = draw_lesson(replace(squares, poses=poses), index, 2, 1, rng(0))
    assert 0.0 < float(torch.isnan(some.lies).any(dim=-1).float().mean()) < 0.8
    assert bool(torch.isfinite(whereabouts_loss(networks, z, predicted, some, slice(0, 8))))
    poses[:] = np.nan
    none = draw_lesson(replace(squares, poses=poses), index, 2, 1, rng(0))
    assert float(whereabouts_loss(networks, z, predicted, none, slice(0, 8))) == 0.0


def test_without_odometry_it_says_so(squares, tmp_path):
    blind = replace(squares, poses=np.full_like(squares.poses, np.nan))
    with pytest.raises(ValueError, match=r'whereabouts_hidden is 32, and no drive has odom'):
        next(train_world_model(fresh(), blind, TRAIN, tmp_path))


@pytest.fixture(scope='module')
def trained(many_squares, tmp_path_factory):
    """Return networks that were taught where the squares are."""
    torch.set_num_threads(1)
    networks = fresh()
    rows = list(train_world_model(networks, flat(many_squares), TRAIN,
                                  tmp_path_factory.mktemp('trained')))
    return networks, rows


def test_it_tells_where_goals_lie_and_how_sure_it_is(trained, squares):
    networks, rows = trained
    assert rows[-1]['whereabouts'] < rows[5]['whereabouts'] - 1.0
    z = encode_frames(networks, squares)
    rng = np.random.default_rng(2)
    now = squares.rows(before=3, after=0)
    now = rng.choice(now, 400)
    goal = rng.integers(squares.first[now], squares.last[now] + 1)
    with torch.no_grad():
        told = networks.critic.whereabouts(torch.stack([z[now - 3], z[now]], dim=1), z[goal])
    lies = squares.poses[goal, :2] - squares.poses[now, :2]
    error = np.abs(told[:, :2].numpy() - lies).mean(axis=1)
    assert np.median(error) < 0.5 * np.abs(lies).mean()     # 0.33 as measured
    expected = np.exp(told[:, 4].numpy())
    assert 0.5 < np.median(error) / np.median(expected) < 2.0


def test_what_never_changes_does_not_rule_the_gradient(trained):
    # the squares never turn, so cosine and sine are as sure as they can be
    _, rows = trained
    assert np.mean([r['gradient_norm'] for r in rows[-50:]]) < 3.0


def test_costs_do_not_teach_it_and_odometry_does(trained, squares, tmp_path):
    networks = fresh()
    networks.load_state_dict(trained[0].state_dict())
    networks.critic(torch.randn(4, 2, 8), torch.randn(4, 8)).sum().backward()
    assert all(p.grad is None for p in networks.critic.whereabouts.parameters())
    networks.zero_grad()
    episodes = flat(squares)
    latents = encode_all(networks, episodes)
    now, goal = np.arange(10, 50), np.arange(30, 10, -1).repeat(2)

    @torch.no_grad()
    def error():
        z = latents.clean
        told = networks.critic.whereabouts(torch.stack([z[now - 3], z[now]], dim=1), z[goal])
        return float((told[:, :4] - where_it_lies(episodes, now, goal)).abs().mean())

    before, cost = error(), networks.critic.layers[0].weight.clone()
    list(train_critic(networks, episodes, latents, CriticConfig(steps=60, batch=64), tmp_path))
    assert not torch.equal(networks.critic.layers[0].weight, cost)
    assert error() < 0.8 * before
    assert not networks.training


def test_features_are_as_wide_as_the_critic_wants_and_fine_near_a_goal():
    told = torch.tensor([[0.0, 0.0, 1.0, 0.0, -3.0, -3.0], [0.05, 0.0, 1.0, 0.0, -3.0, -3.0]])
    features = Whereabouts.features(told)
    assert features.shape == (2, Whereabouts.FEATURES)
    assert float((features[1] - features[0]).abs().max()) > 0.4    # of 5 cm
    with pytest.raises(ValueError, match='whereabouts_hidden is -1, must be at least 0'):
        replace(CONFIG, whereabouts_hidden=-1)


def test_a_critic_that_was_cut_goes_on_with_the_dropout_it_would_have_had(squares, tmp_path):
    config = CriticConfig(steps=4, batch=16, save_every=2)
    whole, broken, resumed = (fresh(replace(CONFIG, dropout=0.1)) for _ in range(3))
    data = squares, encode_all(whole, squares)
    rows = list(train_critic(whole, *data, config, tmp_path / 'a'))
    running = train_critic(broken, *data, config, tmp_path / 'b')
    for _ in range(2):
        next(running)
    running.close()
    torch.manual_seed(99)
    assert rows[2:] == list(train_critic(resumed, *data, config, tmp_path / 'b'))
    for key, value in whole.critic.state_dict().items():
        assert torch.equal(resumed.critic.state_dict()[key], value)
