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

"""The critic's cost-to-go on worlds where the way is known."""

from dataclasses import replace

from corridor import (
    BLOCK,
    CONFIG,
    corridor,
    corridor_data,
    cost,
    fresh,
    latents_at,
    SPEED,
    TRAIN,
)
import numpy as np
import pytest
import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.critic import train_critic
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.critic_goals import draw, look_alikes
from jepa_ros.learning.critic_lesson import expectile_loss
from jepa_ros.learning.latents import encode_all, Latents, with_predictions


@pytest.fixture(scope='module')
def data():
    """Return the corridor and its latents."""
    return corridor_data()


@pytest.fixture(scope='module')
def critic(data, tmp_path_factory):
    """Return a critic trained on the corridor."""
    torch.set_num_threads(1)
    networks = fresh()
    rows = list(train_critic(networks, *data, TRAIN, tmp_path_factory.mktemp('critic')))
    assert len(rows) == TRAIN.steps
    assert np.mean([r['critic_loss'] for r in rows[-50:]]) < 0.2 * rows[0]['critic_loss']
    return networks.critic


@pytest.mark.parametrize('goal', [1.0, 5.0, 9.0])
def test_cost_to_go_grows_with_the_way_and_is_in_blocks(critic, goal):
    places = np.linspace(0.2, 9.8, 49)
    blocks = np.abs(places - goal) / (SPEED * BLOCK)
    found = cost(critic, places, np.full(49, goal))
    for side in (places <= goal, places >= goal):
        if side.sum() > 5:
            assert np.corrcoef(blocks[side], found[side])[0, 1] > 0.97
    near, far = found[blocks < 2], found[blocks > 8]
    assert near.max() < far.min()
    # about right: some of the data dawdles, so it may say a little more than the best
    middle = (blocks > 2) & (blocks < 14)
    assert np.abs(found[middle] - blocks[middle]).mean() < 0.25 * blocks[middle].mean()


def test_it_costs_nothing_to_be_there(critic):
    places = np.linspace(0.2, 9.8, 25)
    assert cost(critic, places, places).max() < 1.0


def test_a_cut_run_ends_as_an_uncut_one(data, tmp_path):
    config = replace(TRAIN, steps=6, save_every=2, batch=32, imagined=0.3, lookahead=0.5)
    whole, broken, resumed = fresh(), fresh(), fresh()
    rows = list(train_critic(whole, *data, config, tmp_path / 'a'))
    running = train_critic(broken, *data, config, tmp_path / 'b')
    for _ in range(3):
        next(running)
    running.close()
    assert rows[2:] == list(train_critic(resumed, *data, config, tmp_path / 'b'))
    for key, value in whole.critic.state_dict().items():
        assert torch.equal(resumed.critic.state_dict()[key], value)


def test_only_the_critic_is_trained(data, tmp_path):
    networks, before = fresh(), fresh()
    list(train_critic(networks, *data, replace(TRAIN, steps=3, batch=32), tmp_path))
    for name in ('encoder', 'predictor'):
        for a, b in zip(getattr(networks, name).parameters(),
                        getattr(before, name).parameters(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize('value, target, wanted', [
    (20.0, 10.0, 0.9 * 0.5),        # an error of one scale: Huber 0.5, too dear weighs 0.9
    (10.0, 20.0, 0.1 * 0.5),        # too cheap weighs 0.1: the shortest way seen wins
    (40.0, 10.0, 0.9 * 2.5),        # three scales: linear beyond one
    (10.0, 10.0, 0.0),
])
def test_expectile_loss(value, target, wanted):
    found = expectile_loss(torch.tensor([value]), torch.tensor([target]), 0.9)
    assert float(found) == pytest.approx(wanted)


def test_the_expectile_leans_towards_the_cheaper_way():
    targets = torch.tensor([4.0, 6.0, 8.0, 10.0])
    grid = torch.linspace(4, 10, 601)
    losses = torch.stack([expectile_loss(v.expand(4), targets, 0.9) for v in grid])
    # the 0.1-expectile: 0.9 * sum below = 0.1 * sum above, here at 5.0
    assert float(grid[losses.argmin()]) == pytest.approx(5.0, abs=0.02)
    even = torch.stack([expectile_loss(v.expand(4), targets, 0.5) for v in grid])
    assert float(grid[even.argmin()]) == pytest.approx(7.0, abs=0.02)


def test_batches_are_true_to_the_data(data):
    episodes, latents = data
    config = CriticConfig(batch=4000)
    b = draw(episodes, episodes.rows(0, BLOCK), BLOCK, config, 3, latents.clean)
    row, goal, following = b['row'], b['goal'], b['next']
    assert (episodes.first[row] == episodes.first[goal]).all()
    assert (episodes.last[row] >= following).all()
    np.testing.assert_array_equal(following - row, b['length'] * BLOCK)
    assert (b['length'].min(), b['length'].max()) == (1, config.most_blocks)
    seen = b['seen']
    np.testing.assert_array_equal(seen, (goal >= row) & (goal <= following))
    np.testing.assert_allclose(b['seen_cost'][seen], (goal - row)[seen] / BLOCK)
    assert (b['seen_cost'][seen] <= b['length'][seen]).all()
    assert 0.02 < (goal == row).mean() < 0.06
    assert (goal < row).mean() > 0.05      # goals that lie behind are asked for too
    again = draw(episodes, episodes.rows(0, BLOCK), BLOCK, config, 3, latents.clean)
    np.testing.assert_array_equal(again['goal'], goal)
    # with goals that look alike all else is as it was
    alike = draw(episodes, episodes.rows(0, BLOCK), BLOCK, replace(config, alike=0.3), 3,
                 latents.clean)
    np.testing.assert_array_equal(alike['row'], row)
    assert 0.6 < (alike['goal'] == goal).mean() < 0.75


def test_look_alikes_are_the_nearest_of_the_drive_at_another_time(data):
    episodes, latents = data
    episodes = replace(episodes, drive=episodes.first // 484)   # four episodes each
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(episodes), 500)
    found = look_alikes(episodes, rows, latents.clean, 40, 400, rng)
    assert (episodes.drive[found] == episodes.drive[rows]).all()
    assert (np.abs(found - rows) >= 40).all()
    assert (episodes.first[found] != episodes.first[rows]).mean() > 0.5
    away = (latents.clean[found] - latents.clean[rows]).square().mean(dim=1)
    by_chance = (latents.clean[rng.permutation(rows)] - latents.clean[rows]).square().mean(dim=1)
    assert float(away.median()) < 0.01 * float(by_chance.median())
    # where there is no other time, the goal is where the robot is
    few = look_alikes(episodes, rows, latents.clean, len(episodes), 50, rng)
    np.testing.assert_array_equal(few, rows)


def test_goals_that_look_alike_teach_how_far_apart_they_are(tmp_path):
    """Of two corridors side by side that look nearly the same, none leads into the other."""
    episodes, places = corridor()
    episodes = replace(episodes, drive=np.zeros(len(episodes), int))
    lane = (episodes.first // 121) % 2
    lanes = torch.tensor([[0.0], [0.15]])
    z = torch.cat([latents_at(places)[:, :5], lanes[lane]], dim=1)
    latents = Latents(z, z, z[:, None].expand(-1, 3, -1).contiguous())
    here = torch.cat([latents_at(np.linspace(2, 8, 7))[:, :5], lanes[0].expand(7, 1)], dim=1)
    beside = torch.cat([here[:, :5], lanes[1].expand(7, 1)], dim=1)
    found = {}
    for alike in (0.0, 0.4):
        networks = fresh()
        config = replace(TRAIN, alike=alike)
        list(train_critic(networks, episodes, latents, config, tmp_path / str(alike)))
        with torch.no_grad():
            found[alike] = (float(networks.critic(here[:, None], beside).mean()),
                            float(networks.critic(here[:, None], here).max()))
    # without them it believes to be there; with them only where it is
    assert found[0.0][0] < 1.5
    assert found[0.4][0] > 3.0
    assert found[0.4][1] < 0.5 * found[0.4][0], found


def test_nonsense_is_refused():
    for wrong in ({'alike': 1.5}, {'alike_of': 0}):
        with pytest.raises(ValueError, match='alike_of is'):
            CriticConfig(**wrong)


def test_what_the_predictor_expected_lies_at_the_frame_that_came(squares):
    config = ModelConfig(image_px=32, width=6, channels=(4, 4), encoder_hidden=8,
                         predictor_hidden=8, block=3, low=(-1.0, -1.0), high=(1.0, 1.0))
    torch.manual_seed(0)
    networks = Networks(config).eval()

    class Counts(torch.nn.Module):
        """Add one to the latent at every block."""

        def forward(self, latents, before, block):
            return latents[:, -1] + 1.0

    networks.predictor = Counts()
    latents = encode_all(networks, squares, blocks=2)
    for p in (1, 2):
        whole = squares.rows(before=3 * p, after=0)
        torch.testing.assert_close(latents.predicted[whole, p - 1],
                                   latents.clean[whole - 3 * p] + p)
    # where an episode is too young there is no prediction: the frame itself
    young = np.setdiff1d(np.arange(len(squares)), squares.rows(before=3, after=0))
    torch.testing.assert_close(latents.predicted[young, 0], latents.clean[young])
    assert not torch.equal(latents.jittered, latents.clean)
    again = encode_all(networks, squares, blocks=2)
    assert torch.equal(again.jittered, latents.jittered)


@pytest.mark.parametrize('at_rest', [True, False])
def test_of_a_drive_no_past_is_made_up(squares, tmp_path, at_rest):
    """Neither before what the critic judges, nor before what the predictor expects."""
    config = replace(CONFIG, block=3, history=3, width=2, low=(-1.0, -1.0), high=(1.0, 1.0))
    episodes = replace(squares, at_rest=np.full(len(squares), at_rest))
    z = torch.arange(len(squares), dtype=torch.float32)[:, None].expand(-1, 2).contiguous()
    networks, pasts = fresh(config).eval(), []

    class Sees(torch.nn.Module):
        """Keep what it is shown; the next latent is 100 more."""

        def forward(self, latents, before, block):
            pasts.append(latents.diff(dim=1)[..., 0])
            return latents[:, -1] + 100.0

    networks.predictor = Sees()
    latents = with_predictions(networks, episodes, z, z, blocks=1)
    assert bool((torch.cat(pasts) == 3.0).all()) is not at_rest
    young = np.arange(len(squares)) - squares.first < (3 if at_rest else 12)
    np.testing.assert_array_equal(latents.predicted[:, 0, 0] == z[:, 0], young)
    pasts.clear()

    class Watched(Latents):
        """Keep which rows are asked for."""

        def windows(self, rows, variant):
            pasts.append(torch.from_numpy(np.diff(rows, axis=1)))
            return super().windows(rows, variant)

    watched = Watched(latents.clean, latents.jittered, latents.predicted)
    list(train_critic(networks, episodes, watched, replace(TRAIN, steps=3), tmp_path))
    assert bool((torch.cat(pasts[1::2]) == 3).all()) is not at_rest


@pytest.mark.parametrize('config, message', [
    ({'expectile': 1.0}, r'expectile is 1.0, must be in \[0.5, 1\)'),
    ({'near': 0.7, 'future': 0.4}, 'near 0.7 and future 0.4 must be shares of 1'),
    ({'steps': 0}, 'steps 0'),
    ({'imagined': 1.5}, r'imagined is 1.5, must be in \[0, 1\]'),
    ({'lookahead': -0.1}, r'lookahead is -0.1, must be in \[0, 1\]'),
    ({'imagined_blocks': 0}, 'imagined_blocks is 0, must be at least 1'),
    ({'lookahead_of': 0}, 'lookahead_of is 0, must be at least 1'),
])
def test_config_refuses_nonsense(config, message):
    with pytest.raises(ValueError, match=message):
        CriticConfig(**config)


def test_relative_errors_count_near_a_goal():
    def loss(value, target, **more):
        return float(expectile_loss(torch.tensor([value]), torch.tensor([target]), 0.5, **more))
    assert loss(20.0, 18.0) > loss(0.4, 0.2)
    assert loss(20.0, 18.0, relative=0.3) < loss(0.4, 0.2, relative=0.3)
    # the expectile leans the same way
    assert float(expectile_loss(torch.tensor([2.0]), torch.tensor([1.0]), 0.9, 0.3)) > float(
        expectile_loss(torch.tensor([1.0]), torch.tensor([2.0]), 0.9, 0.3))


class Flat:
    """A floor on which everything costs the same."""

    def costs(self, episodes, rows, goals):
        return torch.full((len(rows),), 12.0)


def test_costs_are_never_below_those_over_open_floor(data, tmp_path):
    networks = fresh()
    config = replace(TRAIN, steps=200, open_floor=0.4, relative=0.3, noise=0.05, near=1.0,
                     future=0.0, same=0.0)
    rows = list(train_critic(networks, *data, config, tmp_path, floor=Flat()))
    assert rows[79]['cost_to_go'] == pytest.approx(12.0, abs=2.5)   # learnt from it alone
    # goals up to four blocks ahead would cost four at most
    places = np.linspace(1.0, 5.0, 9)
    assert cost(networks.critic, places, places + 1.0) == pytest.approx(12.0, abs=2.5)
    with pytest.raises(ValueError, match='and no floor is given'):
        next(train_critic(fresh(), *data, config, tmp_path / 'other'))
