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

"""The same graphs on every runtime, within 1e-4 of torch."""

import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest
import torch

from jepa_ros.engines.load import ENGINES, load_engine
from jepa_ros.engines.manifest import load_manifest
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.torch_engine import TorchEngine
from jepa_ros.learning.export import load_networks
from jepa_ros.learning.model import RolloutGraph

PARITY = 1e-4
COMMITTED = Path(__file__).parents[2] / 'models' / 'warehouse_ceiling'


@pytest.fixture(scope='module', params=['small', 'warehouse_ceiling'])
def folder(request, bundle) -> Path:
    """Return the folder of a bundle: a small one, and the one that is committed."""
    if request.param == 'small':
        return bundle
    if not (COMMITTED / 'manifest.json').exists():
        pytest.skip('models/warehouse_ceiling is not there')
    return COMMITTED


@pytest.fixture(scope='module')
def engines(folder):
    """Return (ONNX Runtime, torch) of one bundle."""
    manifest = load_manifest(folder)
    networks = load_networks(manifest)
    return (OnnxEngine(manifest),
            TorchEngine(manifest.spec, networks.encoder, RolloutGraph(networks)))


def close(a, b):
    """Check that two arrays agree, relative to the largest value where that is above 1."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype == np.float32
    assert np.abs(a - b).max() <= PARITY * max(1.0, np.abs(b).max())


def test_encoders_agree(engines, rng):
    spec = engines[0].spec
    shape = (spec.image_height, spec.image_width, 3)
    pictures = [rng.integers(0, 256, shape, dtype=np.uint8), np.zeros(shape, np.uint8),
                np.full(shape, 255, np.uint8)]
    latents = []
    for picture in pictures:
        a, b = (engine.encode(picture) for engine in engines)
        assert a.shape == (spec.tokens, spec.width)
        close(a, b)
        latents.append(a)
    assert np.abs(latents[1] - latents[2]).max() > 0.01


def question(spec, candidates, rng):
    """Return the inputs of a rollout, actions over the whole of their range."""
    action = spec.action
    size = (candidates, spec.horizon, action.block, action.width)
    draw = rng.uniform(action.low, action.high, size).astype(np.float32)
    return (rng.standard_normal((spec.history, spec.tokens, spec.width)).astype(np.float32),
            np.ascontiguousarray(draw[:1, 0].repeat(spec.history, axis=0)), draw,
            rng.standard_normal((spec.tokens, spec.width)).astype(np.float32))


@pytest.mark.parametrize('candidates', [1, 2, 64])
def test_rollouts_agree_for_any_number_of_candidates(engines, rng, candidates):
    spec = engines[0].spec
    inputs = question(spec, candidates, rng)
    a, b = (engine.rollout(*inputs) for engine in engines)
    assert a.latents.shape == (candidates, spec.horizon, spec.tokens, spec.width)
    assert a.cost.shape == (candidates,)
    assert a.cost_to_go.shape == (candidates, spec.horizon + 1)
    for x, y in ((a.latents, b.latents), (a.cost, b.cost), (a.cost_to_go, b.cost_to_go)):
        close(x, y)
    assert (a.cost_to_go >= 0).all()


def test_a_candidate_does_not_depend_on_its_neighbours(engines, rng):
    onnx, _ = engines
    context, executed, candidates, goal = question(onnx.spec, 5, rng)
    together = onnx.rollout(context, executed, candidates, goal)
    for s in range(5):
        alone = onnx.rollout(context, executed, candidates[s:s + 1], goal)
        close(alone.latents[0], together.latents[s])
        assert alone.cost[0] == pytest.approx(together.cost[s], rel=PARITY, abs=PARITY)


def test_actions_and_goals_matter(engines, rng):
    onnx, _ = engines
    context, executed, candidates, goal = question(onnx.spec, 2, rng)
    first = onnx.rollout(context, executed, candidates, goal)
    assert np.abs(first.latents[0] - first.latents[1]).max() > 1e-4
    moved = onnx.rollout(context, executed, candidates, goal + 1.0)
    np.testing.assert_array_equal(moved.latents, first.latents)
    assert np.abs(moved.cost - first.cost).max() > 1e-4


def test_an_engine_says_what_runs_it(bundle):
    engine = load_engine(bundle, 'onnxruntime', threads=2)
    assert (engine.engine, engine.device, engine.precision) == ('onnxruntime', 'cpu', 'fp32')
    assert load_engine(bundle).engine in ENGINES


def test_an_unknown_engine_is_named(bundle):
    with pytest.raises(ValueError, match="engine is 'tflite', must be one of auto, onnxruntime"):
        load_engine(bundle, 'tflite')


def test_no_threads_are_refused(bundle):
    with pytest.raises(ValueError, match='threads is 0, must be at least 1'):
        load_engine(bundle, threads=0)


def test_the_torch_engine_leaves_its_inputs_and_modules_be(bundle, rng):
    manifest = load_manifest(bundle)
    networks = load_networks(manifest).train()
    engine = TorchEngine(manifest.spec, networks.encoder, RolloutGraph(networks))
    picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    picture.setflags(write=False)       # as a frame straight from a message is
    first = engine.encode(picture)
    np.testing.assert_array_equal(engine.encode(picture), first)
    assert all(p.grad is None for p in networks.parameters())
    assert torch.is_grad_enabled()


# what a robot has: neither torch nor MuJoCo, nor the tools that make bundles
ON_A_ROBOT = """
import sys
from pathlib import Path

for name in ('torch', 'mujoco', 'onnx', 'safetensors', 'rclpy'):
    sys.modules[name] = None

import numpy as np
from jepa_ros.engines.load import load_engine

engine = load_engine(Path(sys.argv[1]))
z = engine.encode(np.zeros((32, 32, 3), np.uint8))
out = engine.rollout(z[None], np.zeros((1, 5, 2), np.float32),
                     np.zeros((3, 3, 5, 2), np.float32), z)
print(z.shape, out.cost.shape)
"""


def test_the_runtime_needs_neither_torch_nor_mujoco(bundle, root):
    done = subprocess.run([sys.executable, '-c', ON_A_ROBOT, str(bundle)], cwd=root,
                          env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == '(1, 8) (3,)\n'
