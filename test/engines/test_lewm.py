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

"""The rollout of LeWorldModel's predictor that does no work twice answers like the plain one."""

from dataclasses import asdict, replace
import json

import pytest
import torch

from jepa_ros.engines.architectures import networks_config, networks_of, plain_rollout
from jepa_ros.engines.lewm_networks import LewmConfig, LewmNetworks
from jepa_ros.engines.lewm_rollout import LewmRollout, PlainLewmRollout
from jepa_ros.engines.vit import Vit, VitConfig

SMALL = LewmConfig(vit=VitConfig(28, 14, 12, 1, 2, 16), width=12, depth=3, heads=2, head_width=4,
                   mlp=16, projector_hidden=16, horizon=5, block=2, low=(-0.5, -2.0),
                   high=(1.5, 2.0))


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def networks(history=3, horizon=5, seed=0) -> LewmNetworks:
    torch.manual_seed(seed)
    made = LewmNetworks(replace(SMALL, history=history, horizon=horizon)).eval()
    for parameter in made.predictor.act.parameters():
        parameter.mul_(5.0)     # so that actions matter
    return made


def question(history=3, horizon=5, candidates=7, seed=1):
    g = torch.Generator().manual_seed(seed)
    low, high = torch.tensor(SMALL.low), torch.tensor(SMALL.high)

    def blocks(*size):
        return low + (high - low) * torch.rand(*size, SMALL.block, 2, generator=g)

    return (torch.randn(history, 1, SMALL.width, generator=g), blocks(history),
            blocks(candidates, horizon), torch.randn(1, SMALL.width, generator=g))


@pytest.mark.parametrize('history', [1, 2, 3, 4])
@pytest.mark.parametrize('horizon', [1, 2, 3, 6])
def test_it_answers_like_the_plain_one(history, horizon):
    made, inputs = networks(history, horizon), question(history, horizon)
    fast, plain = LewmRollout(made)(*inputs), PlainLewmRollout(made)(*inputs)
    assert plain[0].shape == (7, horizon, 1, SMALL.width)
    assert plain[0].std(dim=0).mean() > 0.05      # the candidates do differ
    for a, b in zip(fast, plain, strict=True):
        assert a.shape == b.shape
        assert torch.allclose(a, b, rtol=0.0, atol=2e-6)


def test_costs_are_squared_distances_to_the_goal():
    made, (context, executed, candidates, goal) = networks(), question()
    latents, cost, cost_to_go = LewmRollout(made)(context, executed, candidates, goal)
    wanted = (latents[:, :, 0] - goal).square().mean(dim=-1)
    assert torch.allclose(cost_to_go[:, 1:], wanted)
    assert torch.allclose(cost_to_go[:, 0], (context[-1] - goal).square().mean().expand(7))
    assert torch.equal(cost, cost_to_go[:, -1])
    assert LewmRollout(made)(context, executed, candidates, latents[3, -1])[1].argmin() == 3


def test_a_candidate_does_not_depend_on_its_neighbours():
    made, (context, executed, candidates, goal) = networks(), question()
    whole = LewmRollout(made)(context, executed, candidates, goal)
    alone = LewmRollout(made)(context, executed, candidates[4:5], goal)
    for a, b in zip(whole, alone, strict=True):
        assert torch.allclose(a[4:5], b, atol=1e-6)


@pytest.mark.parametrize('step', range(5))
def test_a_block_changes_nothing_that_was_before_it(step):
    made, (context, executed, candidates, goal) = networks(), question()
    before = LewmRollout(made)(context, executed, candidates, goal)[0]
    candidates[:, step] = -candidates[:, step]
    after = LewmRollout(made)(context, executed, candidates, goal)[0]
    changed = (before - after).abs().amax(dim=(0, 2, 3)) > 1e-4
    assert changed.tolist() == [h >= step for h in range(5)]


@pytest.mark.parametrize('which, matters', [(0, False), (1, True), (2, True)])
def test_the_blocks_between_the_latents_of_the_past_matter(which, matters):
    """The first was executed before the first latent, of which the predictor sees nothing."""
    made, (context, executed, candidates, goal) = networks(), question()
    before = LewmRollout(made)(context, executed, candidates, goal)[0]
    executed[which] = -executed[which]
    after = LewmRollout(made)(context, executed, candidates, goal)[0]
    assert bool((before - after).abs().max() > 1e-4) == matters


def test_sizes_are_those_of_the_paper():
    with torch.device('meta'):
        predictor = LewmNetworks(LewmConfig(vit=VitConfig(28, 14, 192, 1, 3, 64))).predictor
    count = predictor.position.numel() + sum(
        p.numel() for part in (predictor.layers, predictor.norm) for p in part.parameters())
    assert count == 10_791_360
    assert {type(part).__name__ for part in predictor.layers} == {'Layer'}
    assert len(predictor.layers) == 6


def test_a_manifest_s_table_makes_them_again():
    table = json.loads(json.dumps({'architecture': 'lewm', **asdict(SMALL)}))
    assert networks_config(table) == SMALL
    assert isinstance(plain_rollout(networks_of(table)), PlainLewmRollout)
    with pytest.raises(KeyError, match='lstm'):
        networks_of({**table, 'architecture': 'lstm'})
    with pytest.raises(TypeError, match='layers'):
        networks_of({**table, 'layers': 3})


@pytest.mark.parametrize('sizes, says', [
    ({'low': (-1.0,)}, 'low has 1 entries, high has 2'),
    ({'width': 16}, 'the encoder is 12 wide, the predictor 16'),
])
def test_sizes_that_do_not_fit_are_refused(sizes, says):
    with pytest.raises(ValueError, match=says):
        replace(SMALL, **sizes)


@pytest.mark.parametrize('sizes, says', [
    ((30, 14, 12, 1, 2, 16), 'image_px is 30, must be a multiple of 14'),
    ((28, 14, 12, 1, 5, 16), 'width is 12, must be a multiple of 5 heads'),
])
def test_a_vit_that_does_not_fit_is_refused(sizes, says):
    with pytest.raises(ValueError, match=says):
        VitConfig(*sizes)


def test_a_vit_sees_where_a_patch_is():
    torch.manual_seed(0)
    vit = Vit(VitConfig(28, 14, 12, 2, 2, 16)).eval()
    picture = torch.zeros(1, 28, 28, 3, dtype=torch.uint8)
    left, right = picture.clone(), picture.clone()
    left[:, :14, :14], right[:, :14, 14:] = 255, 255
    assert vit(picture).shape == (1, 5, 12)
    assert (vit(left) - vit(right))[:, 0].abs().max() > 1e-4
    assert Vit(VitConfig(28, 14, 12, 2, 2, 16, class_token=False))(picture).shape == (1, 4, 12)
