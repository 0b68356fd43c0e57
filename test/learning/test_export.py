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

"""A bundle says what the networks say, and is replaced whole or not at all."""

from dataclasses import asdict, replace
import json
from pathlib import Path
import shutil

import numpy as np
import pytest
from small_bundle import CALIBRATION, random_networks, SMALL, TELLING
import torch

from jepa_ros.core.proprioception import latent_of
from jepa_ros.engines import int8_graphs
from jepa_ros.engines.architectures import networks_config
from jepa_ros.engines.int8_graphs import write_int8
from jepa_ros.engines.manifest import BundleError, GRAPHS, load_manifest
from jepa_ros.engines.onnx_engine import OnnxEngine
from jepa_ros.engines.rollout_graph import RolloutGraph
from jepa_ros.engines.torch_engine import load_networks
from jepa_ros.learning import export
from jepa_ros.learning.baseline import bundle_of_baseline, save_baseline, untrained_bundle
from jepa_ros.learning.bundle_place import check_place
from jepa_ros.learning.data import Actions
from jepa_ros.learning.export import export_again, export_bundle, parity
from jepa_ros.types import Proprioception


def contents(folder):
    """Return every file of a folder, hidden ones too."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


def test_the_manifest_tells_what_was_exported(bundle):
    manifest = load_manifest(bundle)
    spec = manifest.spec
    assert (spec.image_height, spec.image_width) == (32, 32)
    assert (spec.history, spec.horizon, spec.tokens, spec.width) == (1, 3, 1, 8)
    assert spec.action.names == ('linear_x', 'angular_z')
    assert spec.action.units == ('m/s', 'rad/s')
    assert (spec.action.low, spec.action.high) == (SMALL.low, SMALL.high)
    assert (spec.action.block, spec.action.period_s) == (5, 0.1)
    assert (spec.arrival_cost, spec.surprise_limit) == (0.75, 0.03)
    assert manifest.name == 'small'
    assert manifest.raw['training'] == {'seed': 0}
    assert manifest.raw['licence'] == 'Apache-2.0'
    assert set(manifest.raw['files']) == {'encoder.onnx', 'rollout.onnx', 'weights.safetensors'}
    assert set(manifest.raw['files']) == {p.name for p in bundle.iterdir()} - {'manifest.json'}
    assert networks_config(manifest.raw['networks']) == SMALL


def test_a_model_with_a_past_and_a_feeling_is_exported_whole(tmp_path):
    config = replace(SMALL, history=3, proprioception_scale=(0.5, 2.0), whereabouts_hidden=8)
    networks = random_networks(config)
    manifest = export_bundle(networks, tmp_path / 'feeling', 'feeling', CALIBRATION, {},
                             Actions(delay_s=0.0), ('linear_x', 'angular_z'))
    spec = manifest.spec
    assert (spec.history, spec.width, spec.encoded_width, spec.delay_s) == (3, 8, 6, 0.0)
    assert spec.proprioception == Proprioception(('linear_x', 'angular_z'), ('m/s', 'rad/s'),
                                                 (0.5, 2.0))
    assert load_networks(manifest).config == config
    engine = OnnxEngine(manifest)
    seen = engine.encode(np.zeros((32, 32, 3), np.uint8))
    assert seen.shape == (1, 6)
    z = latent_of(seen, np.array([0.25, 0.5], np.float32), spec)
    # the past counts: the same present after another past is another future
    context = np.stack([z, z, z])
    other = np.stack([z + 1.0, z, z])
    still = np.zeros((3, 5, 2), np.float32)
    candidates = np.zeros((2, 3, 5, 2), np.float32)
    a, b = (engine.rollout(c, still, candidates, z) for c in (context, other))
    assert np.abs(a.latents - b.latents).max() > 1e-3
    assert np.abs(a.cost_to_go[:, 0] - b.cost_to_go[:, 0]).max() > 1e-3
    with torch.no_grad():
        told = networks.critic.whereabouts(*(torch.from_numpy(x) for x in (
            context[:, 0][None], z)))[0].numpy()
    assert a.goal_pose[:4] == pytest.approx(told[:4], abs=1e-5)
    assert a.goal_pose[4:] == pytest.approx(np.exp(told[4:]), rel=1e-5)


def test_weights_come_back(bundle):
    networks, again = random_networks(), load_networks(load_manifest(bundle))
    assert not again.training
    for key, value in networks.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


def test_onnx_runtime_and_torch_agree(bundle):
    manifest = load_manifest(bundle)
    assert parity(manifest, random_networks()) <= 1e-4
    # and the measure can tell: other weights are far off
    assert parity(manifest, random_networks(seed=1)) > 1e-2


def test_a_failed_export_leaves_the_bundle_alone(bundle, monkeypatch, tmp_path):
    folder = tmp_path / 'small'
    folder.mkdir()
    for path, content in contents(bundle).items():
        (folder / path).write_bytes(content)

    def cut(networks, folder):
        (folder / 'encoder.onnx').write_bytes(b'half')
        raise OSError('no space left on device')

    monkeypatch.setattr(export, '_export_graphs', cut)
    with pytest.raises(OSError, match='no space left'):
        export_bundle(random_networks(seed=1), folder, 'small', CALIBRATION, {})
    assert contents(folder) == contents(bundle)
    assert [p.name for p in tmp_path.iterdir()] == ['small']


def copy_graphs(bundle, monkeypatch):
    """Let the export take the graphs of a bundle: making them is what takes seconds."""
    def copy(networks, folder):
        for name in ('encoder.onnx', 'rollout.onnx'):
            (folder / name).write_bytes((bundle / name).read_bytes())
    monkeypatch.setattr(export, '_export_graphs', copy)


def test_graphs_that_differ_from_the_networks_are_refused(bundle, monkeypatch, tmp_path):
    copy_graphs(bundle, monkeypatch)
    with pytest.raises(RuntimeError, match=r'ONNX Runtime and torch differ by .*limit 1e-04'):
        export_bundle(random_networks(seed=1), tmp_path / 'wrong', 'wrong', CALIBRATION, {})
    assert not list(tmp_path.iterdir())


def test_a_new_bundle_takes_the_place_of_the_old(bundle, monkeypatch, tmp_path):
    copy_graphs(bundle, monkeypatch)
    folder = tmp_path / 'small'
    shutil.copytree(bundle, folder)
    (folder / 'report.png').write_bytes(b'of the old model')
    manifest = export_bundle(random_networks(), folder, 'new', CALIBRATION, {'seed': 3})
    assert manifest.folder == folder
    assert manifest.name == load_manifest(folder).name == 'new'
    assert not (folder / 'report.png').exists()
    assert [p.name for p in tmp_path.iterdir()] == ['small']


def test_what_is_no_bundle_is_not_replaced(bundle, monkeypatch, tmp_path):
    copy_graphs(bundle, monkeypatch)
    bag = tmp_path / 'monday'
    bag.mkdir()
    (bag / 'drive.mcap').write_bytes(b'an hour of driving')
    (tmp_path / 'notes').write_text('a file')
    for place, words in ((bag, 'is there, and is no bundle'), (tmp_path, 'is no bundle'),
                         (tmp_path / 'notes', 'is no folder'),
                         (tmp_path / 'notes' / 'new', 'is no folder that you can write to')):
        with pytest.raises(ValueError, match=words):
            export_bundle(random_networks(), place, 'new', CALIBRATION, {})
    # nor where it came in while the graphs were made
    monkeypatch.setattr(export, '_check_parity', lambda *_: shutil.copytree(bag, late))
    late = tmp_path / 'late'
    with pytest.raises(ValueError, match='is there, and is no bundle'):
        export_bundle(random_networks(), late, 'new', CALIBRATION, {})
    assert (bag / 'drive.mcap').exists()
    assert (late / 'drive.mcap').exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ['late', 'monday', 'notes']


def test_a_run_is_not_replaced_by_its_bundle(tmp_path):
    with pytest.raises(ValueError, match=r'would take the place of .*run; name another folder'):
        check_place(tmp_path, tmp_path / 'run')
    check_place(tmp_path / 'run' / 'bundle', tmp_path / 'run')


def test_a_baseline_becomes_a_bundle(bundle, monkeypatch, tmp_path):
    copy_graphs(bundle, monkeypatch)
    save_baseline(random_networks(), CALIBRATION, tmp_path / 'kept')
    manifest = bundle_of_baseline(tmp_path / 'kept', tmp_path / 'bundle')
    assert manifest.spec == load_manifest(bundle).spec
    assert parity(manifest, random_networks()) <= 1e-4
    with pytest.raises(BundleError, match=r'holds no baseline\.json'):
        bundle_of_baseline(tmp_path, tmp_path / 'none')


def test_a_bundle_may_have_graphs_only(bundle, monkeypatch, tmp_path):
    copy_graphs(bundle, monkeypatch)
    manifest = export_bundle(random_networks(), tmp_path / 'graphs', 'graphs', CALIBRATION, {},
                             weights=False)
    assert set(contents(manifest.folder)) == {
        Path(name) for name in ('manifest.json', 'encoder.onnx', 'rollout.onnx')}
    image = np.zeros((32, 32, 3), np.uint8)
    assert np.array_equal(OnnxEngine(manifest).encode(image),
                          OnnxEngine(load_manifest(bundle)).encode(image))
    for refuses in (load_networks, export_again):
        with pytest.raises(BundleError, match=r'graphs only, and no weights\.safetensors'):
            refuses(manifest if refuses is load_networks else manifest.folder)


@pytest.mark.slow
def test_an_untrained_bundle_has_the_same_shape_and_other_weights(bundle, tmp_path):
    manifest = untrained_bundle(load_manifest(bundle), tmp_path / 'untrained', seed=5)
    original = load_manifest(bundle)
    assert manifest.spec == original.spec
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert np.abs(OnnxEngine(manifest).encode(image)
                  - OnnxEngine(original).encode(image)).max() > 0.05


@pytest.mark.parametrize('whereabouts', [0, 8])
@pytest.mark.parametrize('history', [1, 2, 3, 5])
def test_the_rollout_is_the_predictor_and_the_critic_block_by_block(history, whereabouts):
    networks = random_networks(replace(SMALL, early_weight=0.3, history=history,
                                       whereabouts_hidden=whereabouts))
    generator = torch.Generator().manual_seed(0)
    context, goal = (torch.randn(history, 1, 8, generator=generator),
                     torch.randn(1, 8, generator=generator))
    executed = torch.randn(history, 5, 2, generator=generator)
    candidates = torch.randn(4, 3, 5, 2, generator=generator)
    with torch.no_grad():
        latents, cost, cost_to_go, *_ = RolloutGraph(networks)(context, executed, candidates,
                                                               goal)
        for s in range(4):
            window, before = context.transpose(0, 1), executed[None]
            values = [networks.critic(window, goal)]
            for h in range(3):
                block = candidates[s:s + 1, h]
                z = networks.predictor(window, before, block)
                window = torch.cat([window[:, 1:], z[:, None]], dim=1)
                before = torch.cat([before[:, 1:], block[:, None]], dim=1)
                torch.testing.assert_close(latents[s, h], z)
                values.append(networks.critic(window, goal))
            torch.testing.assert_close(cost_to_go[s], torch.cat(values))
            wanted = 0.3 * values[1] + 0.3 * values[2] + values[3]
            torch.testing.assert_close(cost[s:s + 1], wanted)


def test_sizes_come_back_from_json():
    assert networks_config(json.loads(json.dumps(asdict(SMALL)))) == SMALL
    with pytest.raises(TypeError, match='depth'):
        networks_config({**asdict(SMALL), 'depth': 3})


def test_graphs_are_made_again_from_the_bundle_itself(bundle, tmp_path):
    folder = Path(shutil.copytree(bundle, tmp_path / 'small'))
    path = folder / 'manifest.json'
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, 'evaluation': {'success_rate': 1.0}}))
    again = export_again(folder)
    assert again.spec == load_manifest(bundle).spec
    assert 'evaluation' not in again.raw
    assert parity(again, random_networks()) <= 1e-4
    assert [p.name for p in tmp_path.iterdir()] == ['small']


def test_int8_graphs_go_with_those_that_they_were_made_from(bundle, tmp_path):
    folder = Path(shutil.copytree(bundle, tmp_path / 'small'))
    write_int8(load_manifest(folder), dict.fromkeys(GRAPHS, b'made before'), {})
    assert 'encoder.int8.onnx' in load_manifest(folder).raw['files']
    again = export_again(folder)
    assert int8_graphs.KEY not in again.raw
    assert {p.name for p in folder.iterdir()} == {p.name for p in bundle.iterdir()}


def test_graphs_do_not_say_where_they_were_made(bundle, root):
    for name in ('encoder.onnx', 'rollout.onnx'):
        content = (bundle / name).read_bytes()
        assert str(root).encode() not in content
        assert b'.py' not in content


def test_a_bundle_from_before_goals_had_a_pose_gets_one_when_it_is_made_again(tmp_path):
    networks, folder = random_networks(TELLING), tmp_path / 'telling'
    export_bundle(networks, folder, 'telling', CALIBRATION, {})
    path = folder / 'manifest.json'
    raw = json.loads(path.read_text())
    assert raw['graphs']['rollout']['outputs'].pop()['name'] == 'goal_pose'
    path.write_text(json.dumps(raw))
    again = export_again(folder)
    assert [t.name for t in again.rollout.outputs][-1] == 'goal_pose'
    assert parity(again, networks) <= 1e-4
