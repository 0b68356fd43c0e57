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

"""The reference load: a rollout that costs what it should, exported and run like any bundle."""

import numpy as np
import pytest
import torch

from jepa_ros.engines.architectures import plain_rollout, rollout_graph
from jepa_ros.engines.lewm_networks import LewmConfig
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.torch_engine import load_eager, load_networks
from jepa_ros.engines.vit import VitConfig
from jepa_ros.learning.flops import encoder_gflop, gemm_peak_gflops, rollout_gflop
from jepa_ros.learning.reference import reference_bundle, reference_networks

SMALL = LewmConfig(vit=VitConfig(28, 14, 16, 1, 2, 16), width=16, depth=2, heads=2, head_width=4,
                   mlp=24, projector_hidden=20, horizon=4, block=2)


@pytest.fixture(scope='module')
def manifest(tmp_path_factory):
    return reference_bundle(tmp_path_factory.mktemp('reference') / 'lewm', config=SMALL)


def question(spec, candidates, rng):
    block = (spec.action.block, spec.action.width)
    return (rng.standard_normal((spec.history, spec.tokens, spec.width)).astype(np.float32),
            rng.uniform(-1, 1, (spec.history, *block)).astype(np.float32),
            rng.uniform(-1, 1, (candidates, spec.horizon, *block)).astype(np.float32),
            rng.standard_normal((spec.tokens, spec.width)).astype(np.float32))


def test_it_is_a_bundle_like_any_other(manifest, rng):
    spec = manifest.spec
    assert (spec.history, spec.horizon, spec.width) == (3, 4, 16)
    inputs = question(spec, 9, rng)
    eager = load_eager(manifest)
    wanted = eager.rollout(*inputs)
    picture = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
    for name in ('onnxruntime', 'openvino', 'torch'):
        engine = load_engine(manifest.folder, name)
        found = engine.rollout(*inputs)
        for a, b in ((found.latents, wanted.latents), (found.cost, wanted.cost),
                     (found.cost_to_go, wanted.cost_to_go),
                     (engine.encode(picture), eager.encode(picture))):
            assert np.abs(a - b).max() <= 1e-4 * max(1.0, np.abs(b).max())


def test_actions_move_latents_as_far_as_trained_ones(rng):
    networks = reference_networks(config=SMALL)
    context, executed, candidates, goal = (
        torch.tensor(a) for a in (rng.standard_normal((3, 1, 16)), rng.uniform(-1, 1, (3, 2, 2)),
                                  rng.uniform(-1, 1, (400, 4, 2, 2)), np.zeros((1, 16))))
    with torch.no_grad():
        latents, _, _ = plain_rollout(networks)(
            *(t.float() for t in (context, executed, candidates, goal)))
    spread = latents.std(dim=0).mean(dim=(1, 2))
    assert ((spread > 0.2) & (spread < 2.0)).all()


def test_the_same_seed_makes_the_same_load():
    first, second, other = (reference_networks(seed, SMALL).predictor.state_dict()
                            for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first['layers.0.mlp.1.weight'], other['layers.0.mlp.1.weight'])


def test_operations_are_counted(manifest):
    """Every product with weights by hand: two operations for each of its terms."""
    config, spec, count = SMALL, manifest.spec, 10
    networks = load_networks(manifest)
    inner = config.heads * config.head_width
    entries = config.block * 2
    act = entries * entries + entries * 4 * 16 + 4 * 16 * 16
    modulate = config.depth * 6 * 16 * 16
    query, keys, rest = 16 * inner, 2 * 16 * inner, 16 * inner + 2 * 16 * config.mlp
    project = 2 * 16 * config.projector_hidden
    tokens = count * config.horizon * 3
    plain = (tokens * (modulate + config.depth * (query + keys + rest) + project)
             + count * (config.horizon + 2) * act)
    assert rollout_gflop(plain_rollout(networks), spec, count) == pytest.approx(2e-9 * plain)
    graph = (count * config.horizon + 2) * (modulate + act)
    # of each window: latents that candidates differ in, those of the past, those that see one
    for own, past, alone in ((1, 2, 0), (2, 1, 0), (3, 0, 1), (3, 0, 1)):
        whole, last = config.depth - 1, 1
        graph += count * (whole * (own * (query + keys + rest) - alone * query)
                          + last * (own * keys + query + rest) + project)
        graph += past * (whole * (query + keys + rest) + last * keys)
    assert rollout_gflop(rollout_graph(networks), spec, count) == pytest.approx(2e-9 * graph)
    assert encoder_gflop(networks.encoder, 28) > 2e-9 * 4 * (14 * 14 * 3 * 16)


def test_the_peak_is_that_of_this_machine():
    assert 1.0 < gemm_peak_gflops('fp32', 1) < 1e5
    assert np.isnan(gemm_peak_gflops('int8', 1))
