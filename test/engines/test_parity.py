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
from small_bundle import KEYPOINTS, small_bundle, TELLING
import torch

from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, load_manifest
from jepa_ros.engines.openvino_engine import available_precisions
from jepa_ros.engines.rollout_graph import PlainRollout, RolloutGraph
from jepa_ros.engines.torch_engine import load_networks, TorchEngine

PARITY = 1e-4
COMMITTED = Path(__file__).parents[2] / 'models' / 'warehouse_ceiling'


@pytest.fixture(scope='module', params=['small', 'telling', 'keypoints', 'warehouse_ceiling'])
def folder(request, bundle, tmp_path_factory) -> Path:
    """Return the folder of a bundle: three small ones, and the one that is committed."""
    if request.param == 'small':
        return bundle
    small = {'telling': TELLING, 'keypoints': KEYPOINTS}
    if request.param in small:
        return small_bundle(tmp_path_factory.getbasetemp(), small[request.param])
    if not (COMMITTED / 'manifest.json').exists():
        pytest.skip('models/warehouse_ceiling is not there')
    return COMMITTED


@pytest.fixture(scope='module', params=['onnxruntime', 'openvino', 'torch'])
def engines(request, folder):
    """Return (an engine, the networks written plainly in torch) of one bundle."""
    manifest = load_manifest(folder)
    networks = load_networks(manifest)
    return (load_engine(folder, request.param),
            TorchEngine(manifest.spec, networks.encoder, PlainRollout(networks)))


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
    if b.goal_pose is None:
        assert a.goal_pose is None
    else:
        close(a.goal_pose, b.goal_pose)


def test_a_candidate_does_not_depend_on_its_neighbours(engines, rng):
    engine, _ = engines
    context, executed, candidates, goal = question(engine.spec, 5, rng)
    together = engine.rollout(context, executed, candidates, goal)
    for s in range(5):
        alone = engine.rollout(context, executed, candidates[s:s + 1], goal)
        close(alone.latents[0], together.latents[s])
        assert alone.cost[0] == pytest.approx(together.cost[s], rel=PARITY, abs=PARITY)


def test_actions_and_goals_matter(engines, rng):
    engine, _ = engines
    context, executed, candidates, goal = question(engine.spec, 2, rng)
    first = engine.rollout(context, executed, candidates, goal)
    assert np.abs(first.latents[0] - first.latents[1]).max() > 1e-4
    moved = engine.rollout(context, executed, candidates, goal + 1.0)
    np.testing.assert_array_equal(moved.latents, first.latents)
    assert np.abs(moved.cost - first.cost).max() > 1e-4


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino', 'torch'])
def test_an_engine_says_what_runs_it(bundle, name):
    engine = load_engine(bundle, name, threads=2)
    assert (engine.engine, engine.device, engine.precision) == (name, 'cpu', 'fp32')
    assert engine.why == 'asked for by name'


def test_auto_takes_the_fastest_that_is_installed(bundle, monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))     # no engines for a GPU
    engine = load_engine(bundle)
    assert (engine.engine, engine.precision) == ('openvino', 'fp32')
    assert engine.why.startswith('the fastest on a CPU that answers as torch does; not tensorrt: ')
    monkeypatch.setattr('jepa_ros.engines.load.find_spec', lambda name: name != 'openvino' or None)
    engine = load_engine(bundle)
    assert engine.engine == 'onnxruntime'
    assert engine.why.startswith('openvino is not installed; not tensorrt: ')
    monkeypatch.setattr('jepa_ros.engines.load.find_spec', lambda name: name == 'openvino' or None)
    assert load_engine(bundle).why == (
        'the fastest on a CPU that answers as torch does; not tensorrt: TensorRT is not '
        'installed; pip install -r requirements/tensorrt.txt')
    with pytest.raises(BundleError, match='TensorRT is not installed; pip install -r'):
        load_engine(bundle, 'tensorrt')


def test_what_is_not_to_be_had_is_named(bundle, monkeypatch):
    with pytest.raises(ValueError, match="engine is 'tflite', must be one of auto, openvino"):
        load_engine(bundle, 'tflite')
    with pytest.raises(ValueError, match="precision is 'bf16', onnxruntime has fp32"):
        load_engine(bundle, 'onnxruntime', precision='bf16')
    with pytest.raises(ValueError, match=r'no CUDAExecutionProvider, only .*CPUExecutionProvider'):
        load_engine(bundle, 'onnxruntime-cuda')
    monkeypatch.setitem(sys.modules, 'openvino', None)
    monkeypatch.delitem(sys.modules, 'jepa_ros.engines.openvino_engine', raising=False)
    with pytest.raises(BundleError, match=r'openvino is not installed .* pip install'):
        load_engine(bundle, 'openvino')


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino'])
def test_no_threads_are_refused(bundle, name):
    with pytest.raises(ValueError, match='threads is 0, must be at least 1'):
        load_engine(bundle, name, threads=0)


def test_bf16_is_close_where_the_cpu_has_it(bundle, rng):
    if 'bf16' not in available_precisions():
        with pytest.raises(ValueError, match="precision is 'bf16', this CPU has fp32"):
            load_engine(bundle, 'openvino', precision='bf16')
        return
    exact = load_engine(bundle, 'openvino')
    half = load_engine(bundle, 'openvino', precision='bf16')
    assert half.precision == 'bf16'
    inputs = question(exact.spec, 64, rng)
    a, b = half.rollout(*inputs).cost, exact.rollout(*inputs).cost
    assert 0 < np.abs(a - b).max() < 0.02 * np.abs(b).max()


def test_sizes_asked_for_are_kept_within_bounds(bundle, rng, monkeypatch):
    monkeypatch.setattr('jepa_ros.engines.openvino_engine._MOST_SIZES', 2)
    engine = load_engine(bundle, 'openvino')
    inputs = question(engine.spec, 5, rng)
    wanted = engine.rollout(*inputs).cost
    for count in (1, 2, 3, 4, 5):
        context, executed, candidates, goal = inputs
        cost = engine.rollout(context, executed, candidates[:count], goal).cost
        np.testing.assert_allclose(cost, wanted[:count], rtol=1e-5)
    assert list(engine._requests) == [4, 5]


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
