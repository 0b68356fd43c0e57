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

"""A bundle gets int8 graphs from pictures: close to fp32, whole at every moment, never stale."""

from argparse import Namespace
from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

from built_engines import SHIPPED
from int8_rig import calibrated, int8_bundle, pictures
import numpy as np
import pytest

from jepa_ros.cli.eval_parts import camera_of
from jepa_ros.core.preprocess import to_model_image
from jepa_ros.engines.calibration import calibrate, CANDIDATES, compare, questions
from jepa_ros.engines.int8_graphs import graphs_in, write_int8
from jepa_ros.engines.load import load_engine
from jepa_ros.engines.manifest import BundleError, load_manifest, read_graph

RUNTIMES = ['onnxruntime', 'openvino']


@pytest.fixture
def fresh(bundle, tmp_path) -> Path:
    """Return a copy of the bundle with int8 graphs that may be spoiled."""
    return Path(shutil.copytree(int8_bundle(bundle), tmp_path / 'fresh'))


def respell(folder, spoil):
    """Change a bundle's manifest by a function of it."""
    path = folder / 'manifest.json'
    raw = json.loads(path.read_text())
    spoil(raw)
    path.write_text(json.dumps(raw))


@pytest.mark.parametrize('name', RUNTIMES)
def test_it_runs_by_its_name_and_answers_nearly_as_fp32(bundle, name):
    exact, int8 = (load_engine(int8_bundle(bundle), name, precision=p) for p in ('fp32', 'int8'))
    assert (int8.engine, int8.device, int8.precision) == (name, 'cpu', 'int8')
    frames = pictures(exact.spec, 16, seed=1)
    difference = compare(exact, int8, frames)
    assert 0 < difference.latents < 0.05
    assert 0 < difference.cost < 0.02
    itself = compare(exact, exact, frames)
    assert (itself.latents, itself.cost, itself.elites) == (0.0, 0.0, 1.0)


def test_runtimes_answer_alike(bundle):
    onnx, openvino = (load_engine(int8_bundle(bundle), name, precision='int8')
                      for name in RUNTIMES)
    difference = compare(onnx, openvino, pictures(onnx.spec, 16, seed=1))
    # each rounds sums and halves in its own way
    assert difference.latents < 0.03
    assert difference.cost < 0.02


def test_the_differences_told_are_those_on_frames_held_out(bundle):
    made = calibrated(bundle)
    assert set(made.differences) == set(RUNTIMES)
    assert (made.frames, made.compared, made.seed) == (48, 16, 0)
    held_out = pictures(load_manifest(bundle).spec, 64)[::4]
    for name, told in made.differences.items():
        engines = [load_engine(int8_bundle(bundle), name if p == 'int8' else 'onnxruntime',
                               precision=p) for p in ('fp32', 'int8')]
        again = compare(*engines, held_out)
        assert again.latents == pytest.approx(told.latents, rel=0.05)
        assert again.cost == pytest.approx(told.cost, rel=0.2)


@pytest.mark.parametrize('folder', SHIPPED, ids=lambda f: f.name)
def test_shipped_bundles_keep_their_costs_in_int8(folder):
    """Pictures of the world that the model knows, laid out anew for each."""
    pytest.importorskip('mujoco')
    from jepa_ros.sim.world import World
    manifest = load_manifest(folder)
    size = manifest.spec.image_height, manifest.spec.image_width
    camera = camera_of(Namespace(camera=None, model=folder))
    # what is judged once for all stays exact: of a critic that tells where goals lie that is more
    most = 0.6 if len(manifest.rollout.outputs) == 3 else 0.65
    world, frames = World(), []
    for seed in range(64):
        world.reset(1000 + seed)
        frames.append(to_model_image(world.render(camera), *size))
    world.close()
    made = calibrate(manifest, frames)
    for difference in made.differences.values():
        assert difference.latents < 0.08
        assert difference.cost < 0.02
        assert difference.elites > 0.85
    for graph in (manifest.encoder, manifest.rollout):
        assert len(made.graphs[graph.file.partition('.')[0]]) < most * len(
            read_graph(manifest, graph))


def test_questions_are_those_of_a_planner(bundle):
    spec = replace(load_manifest(bundle).spec, history=3)
    latents = [np.full((spec.tokens, spec.width), i, np.float32) for i in range(5)]
    asked = list(questions(spec, latents, np.random.default_rng(0)))
    assert [q['context'][:, 0, 0].tolist() for q in asked] == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    low, high = np.array(spec.action.low), np.array(spec.action.high)
    for q in asked:
        candidates = q['candidates']
        assert candidates.shape == (CANDIDATES, spec.horizon, spec.action.block, len(low))
        assert q['executed'].shape == (3, spec.action.block, len(low))
        assert (candidates >= low - 1e-6).all()
        assert (candidates <= high + 1e-6).all()
        assert (candidates[::2] == candidates[::2, :1, :1]).all()
        assert (candidates[1::2].std(axis=(1, 2)) > 0).all()
        assert q['goal'][0, 0] in range(5)
    again = list(questions(spec, latents, np.random.default_rng(0)))
    np.testing.assert_array_equal(asked[1]['candidates'], again[1]['candidates'])


def test_few_frames_are_refused(bundle):
    manifest = load_manifest(bundle)
    with pytest.raises(ValueError, match='31 frames, at least 32 are needed'):
        calibrate(manifest, pictures(manifest.spec, 31))


def test_progress_rises_to_the_end(bundle):
    manifest, told = load_manifest(bundle), []
    calibrate(manifest, pictures(manifest.spec, 32), progress=lambda *said: told.append(said))
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert len(set(parts)) > 10


def test_the_manifest_says_what_int8_was_made_from(bundle):
    manifest, plain = load_manifest(int8_bundle(bundle)), load_manifest(bundle)
    table = manifest.raw['int8']
    assert table['frames'] == 48
    assert table['made_from'] == {f: plain.raw['files'][f] for f in ('encoder.onnx',
                                                                     'rollout.onnx')}
    assert [g.file for g in graphs_in(manifest, 'int8')] == ['encoder.int8.onnx',
                                                             'rollout.int8.onnx']
    assert graphs_in(manifest, 'bf16') == (manifest.encoder, manifest.rollout)
    assert {k: v for k, v in manifest.raw.items() if k not in ('int8', 'files')} == {
        k: v for k, v in plain.raw.items() if k != 'files'}


@pytest.mark.parametrize('name', RUNTIMES)
def test_without_int8_graphs_the_cure_is_named(bundle, name):
    with pytest.raises(BundleError, match=r'small has no int8 graphs; .* jepa calibrate --model '
                       f'{bundle} --bag BAG'):
        load_engine(bundle, name, precision='int8')


def test_int8_graphs_of_former_graphs_are_refused(fresh):
    respell(fresh, lambda raw: raw['int8']['made_from'].update({'rollout.onnx': '1' * 64}))
    with pytest.raises(BundleError, match=r'rollout.int8.onnx was made from rollout.onnx 1{12}, '
                       r'now it is [0-9a-f]{12}; run jepa calibrate again'):
        load_engine(fresh, 'openvino', precision='int8')
    assert load_engine(fresh, 'openvino').precision == 'fp32'


@pytest.mark.parametrize('spoil, message', [
    (lambda raw: raw.update(int8=[]), 'int8 names no graph or no source for encoder'),
    (lambda raw: raw.update(int8={}), 'int8 names no graph or no source for encoder'),
    (lambda raw: raw['int8'].update(graphs={}), 'int8 names no graph or no source for encoder'),
    (lambda raw: raw['int8'].update(made_from=None), 'int8 names no graph or no source'),
    (lambda raw: raw['int8']['graphs'].update(rollout='other.onnx'),
     "files has no hash of 'other.onnx'"),
    (lambda raw: raw['int8']['graphs'].update(rollout='../other.onnx'),
     "files has no hash of '../other.onnx'"),
    (lambda raw: raw['int8']['graphs'].update(encoder='rollout.int8.onnx'),
     'rollout.int8.onnx: inputs are'),
])
def test_a_spoiled_table_is_refused(fresh, spoil, message):
    respell(fresh, spoil)
    with pytest.raises(BundleError, match=message):
        load_engine(fresh, 'onnxruntime', precision='int8')


def test_a_tampered_int8_graph_is_refused(fresh):
    path = fresh / 'rollout.int8.onnx'
    path.write_bytes(path.read_bytes()[:-1] + b'?')
    with pytest.raises(BundleError, match=r'rollout.int8.onnx: SHA-256 is .* manifest says'):
        load_engine(fresh, 'openvino')


@pytest.mark.parametrize('failing', [1, 2, 3, 4])
def test_a_bundle_is_whole_wherever_writing_ends(bundle, fresh, monkeypatch, failing):
    before, count, whole = load_manifest(fresh), [0], os.replace

    def cut(source, target):
        count[0] += 1
        if count[0] == failing:
            raise OSError(28, 'No space left on device')
        whole(source, target)

    monkeypatch.setattr(os, 'replace', cut)
    with pytest.raises(OSError, match='No space left'):
        write_int8(before, {k: v + b'\n\0' for k, v in calibrated(bundle).graphs.items()}, {})
    monkeypatch.undo()
    assert load_engine(fresh, 'openvino').precision == 'fp32'
    assert ('int8' in load_manifest(fresh).raw) == (failing == 1)
    assert not list(fresh.glob('.*'))
    write_int8(before, calibrated(bundle).graphs, {})
    assert load_engine(fresh, 'openvino', precision='int8').precision == 'int8'


def test_the_rights_of_the_files_stay(bundle, fresh):
    (fresh / 'manifest.json').chmod(0o664)
    write_int8(load_manifest(fresh), calibrated(bundle).graphs, {})
    assert (fresh / 'manifest.json').stat().st_mode & 0o777 == 0o664
    assert (fresh / 'encoder.int8.onnx').stat().st_mode & 0o777 == 0o644


ON_A_ROBOT = """
import sys
from pathlib import Path

for name in ('torch', 'mujoco', 'onnx', 'safetensors', 'rclpy', 'tensorrt', 'tensorrt_rtx'):
    sys.modules[name] = None

import numpy as np
from jepa_ros.engines.load import load_engine

for name in sys.argv[2:]:
    engine = load_engine(Path(sys.argv[1]), name, precision='int8')
    print(engine.encode(np.zeros((32, 32, 3), np.uint8)).shape)
"""


def test_a_robot_runs_int8_without_the_tools_that_made_it(bundle, root):
    done = subprocess.run(
        [sys.executable, '-c', ON_A_ROBOT, str(int8_bundle(bundle)), *RUNTIMES], cwd=root,
        env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == '(1, 8)\n' * 2
