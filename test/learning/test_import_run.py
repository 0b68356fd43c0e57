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

"""``jepa import``: from a checkpoint and a data set to a bundle that plans."""

import json

import numpy as np
import pytest

pytest.importorskip('transformers')

from small_encoders import cells, patch_tokens, save, SIDE  # noqa: E402
import small_lewm  # noqa: E402
import torch  # noqa: E402

from jepa_ros.cli.main import main  # noqa: E402
from jepa_ros.config import PlannerConfig  # noqa: E402
from jepa_ros.core.sampling_planner import SamplingPlanner  # noqa: E402
from jepa_ros.engines.load import load_engine  # noqa: E402
from jepa_ros.engines.manifest import load_manifest  # noqa: E402
from jepa_ros.engines.torch_engine import load_eager, load_networks  # noqa: E402

ACTIONS = ['--action-names', 'linear_x', 'angular_z', '--low', '-0.5', '-2', '--high', '0.5', '2']


def question(spec, rng):
    block = (spec.action.block, spec.action.width)
    return (rng.standard_normal((spec.history, 1, spec.width)).astype(np.float32),
            rng.uniform(-0.5, 0.5, (spec.history, *block)).astype(np.float32),
            rng.uniform(-0.5, 0.5, (7, spec.horizon, *block)).astype(np.float32),
            rng.standard_normal((1, spec.width)).astype(np.float32))


def search(engine, inputs, goal, rng):
    """Return the planner's plan towards a latent."""
    config = PlannerConfig(candidates=64, iterations=4, action_rate_weight=0.0)
    return SamplingPlanner(engine.spec, config).plan(
        engine, *inputs[:2], goal, np.zeros(2, np.float32), np.zeros((0, 2), np.float32), 0.0, rng,
        lambda: 0.0)


def check_that_it_plans(manifest, rng):
    """Compare onnxruntime with the modules in eager mode, and let the planner use it."""
    spec = manifest.spec
    image = rng.integers(0, 256, (spec.image_height, spec.image_width, 3), dtype=np.uint8)
    engine, eager = load_engine(manifest.folder, 'onnxruntime'), load_eager(manifest)
    inputs = question(spec, rng)
    found, wanted = engine.rollout(*inputs), eager.rollout(*inputs)
    for a, b in ((engine.encode(image), eager.encode(image)), (found.latents, wanted.latents),
                 (found.cost, wanted.cost)):
        assert np.abs(a - b).max() <= 1e-4 * max(1.0, np.abs(b).max())
    plan = search(engine, inputs, inputs[3], rng)
    assert np.isfinite(plan.cost)
    assert plan.blocks.shape == (spec.horizon, spec.action.block, 2)
    return engine, inputs


@pytest.fixture
def lewm(tmp_path):
    model = small_lewm.published_lewm(1, 1)
    return small_lewm.save(small_lewm.older_names(model.state_dict()), tmp_path / 'lewm',
                           small_lewm.with_depths(1, 1))


@pytest.mark.slow
def test_lewm_takes_what_its_actions_mean_from_a_data_set(lewm, square_data, tmp_path, rng):
    data = tmp_path / 'data'
    data.mkdir()
    (data / 'collect.json').write_bytes((square_data / 'collect.json').read_bytes())
    actions = []
    for i, path in enumerate(sorted(square_data.glob('*.npz'))):
        with np.load(path) as episode:
            np.savez(data / path.name, frames=episode['frames'][:, 2:30, 2:30],
                     actions=episode['actions'])
            if i % 10 != 9:     # that one is held out
                actions.append(episode['actions'])
    assert main(['import', 'lewm', str(lewm), '--model', str(tmp_path / 'bundle'), '--data',
                 str(data), '--horizon', '2', '--licence', 'MIT']) == 0
    manifest = load_manifest(tmp_path / 'bundle')
    raw, actions = manifest.raw, np.concatenate(actions)
    assert manifest.spec.action.names == ('right', 'down')
    assert raw['licence'] == 'MIT'
    assert np.allclose(raw['training']['actions']['mean'], actions.mean(axis=0), atol=1e-5)
    assert np.allclose(raw['networks']['action_std'], actions.std(axis=0), atol=1e-5)
    assert 'need not be what it was trained on' in raw['training']['actions']['from']
    assert raw['training']['calibration'].startswith('measured on')
    assert 0.0 < raw['surprise']['p50'] <= raw['surprise']['p99'] != 1.0
    engine, inputs = check_that_it_plans(manifest, rng)
    # where one of the candidates leads, a plan leads as well
    goal = engine.rollout(*inputs).latents[2, -1]
    still = engine.rollout(*inputs[:2], 0.0 * inputs[2][:1], goal)
    assert search(engine, inputs, goal, rng).cost < 0.5 * still.cost[0]


def test_lewm_asks_for_what_a_checkpoint_does_not_say(lewm, tmp_path, capsys):
    def said(*options):
        assert main(['import', 'lewm', str(lewm), '--model', str(tmp_path / 'b'), *options]) == 2
        return capsys.readouterr().err

    assert 'give --action-names, --low, --high (or --data or --bag)' in said()
    assert 'give --action-mean and --action-std, or --statistics FILE' in said(*ACTIONS)
    assert 'must have an entry for each of 2 actions' in said(
        *ACTIONS, '--action-mean', '0', '0', '--action-std', '1')
    statistics = tmp_path / 'statistics.json'
    statistics.write_text('{"mean": [0, 0], "std": [1, "much"]}')
    assert "std[1] is 'much', must be a number" in said(*ACTIONS, '--statistics', str(statistics))
    assert 'action_std is (1.0, 0.0), must be above 0' in said(
        *ACTIONS, '--action-mean', '0', '0', '--action-std', '1', '0')
    assert 'horizon is 0, must be in [1, 64]' in said('--horizon', '0')
    assert not (tmp_path / 'b').exists()


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['dinov2', 'vjepa2'])
def test_a_public_encoder_with_a_predictor_of_one_s_own_data(
        kind, square_data, quick, tmp_path, capsys, rng):
    original = save(kind, tmp_path / 'public')
    settings = [s for s in quick if not s.startswith(('model.image_px', 'model.width'))]
    command = ['import', kind, str(tmp_path / 'public'), *settings, '--data', str(square_data),
               '--out', str(tmp_path / 'run'), '--model', str(tmp_path / 'bundle'), '--grid', '2',
               '--width', '6', '--steps', '200', '--critic-steps', '20']
    assert main(command) == 0
    manifest = load_manifest(tmp_path / 'bundle')
    assert (manifest.spec.image_height, manifest.spec.width) == (SIDE, 6)
    assert manifest.raw['networks']['vision']['kind'] == kind
    imported = manifest.raw['training']['imported']
    assert imported['latent'] == ('patch tokens averaged to 2 x 2, whitened to one token of 6')
    assert set(imported['weights_sha256']) == {'model.safetensors'}
    assert manifest.raw['licence'] == 'see the checkpoint'
    check_that_it_plans(manifest, rng)

    # what the encoder sees is what the original does, whitened on the data
    networks = load_networks(manifest)
    frames = np.concatenate([np.load(path)['frames'] for path in square_data.glob('*.npz')])
    images = torch.from_numpy(frames[::20])
    with torch.no_grad():
        features = cells(patch_tokens(kind, original, images), 2)
        z = networks.encoder(torch.from_numpy(frames))[:, 0]
        whiten = networks.encoder.whiten
        wanted = features @ whiten.weight.T + whiten.bias
    assert (networks.encoder(images)[:, 0] - wanted).abs().max() <= 1e-3
    assert torch.allclose(z.std(dim=0), torch.ones(6), atol=0.25)

    # the predictor has learned something, and no checkpoint of the run holds the encoder
    rows = [json.loads(line) for line in
            (tmp_path / 'run' / 'world_model.jsonl').read_text().splitlines()]
    errors = [row['next_latent'] / row['copy_last'] for row in rows]
    assert np.mean(errors[-40:]) < 0.9 < np.mean(errors[:10])
    state = torch.load(tmp_path / 'run' / 'world_model.pt', weights_only=True)['networks']
    assert not any(name.startswith('encoder.') for name in state)
    assert {p.name for p in (tmp_path / 'run' / 'tensorboard').iterdir()} == {
        'world_model', 'critic'}

    # a finished run encodes and trains nothing again
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / 'run' / 'latents').iterdir()}
    weights = (tmp_path / 'run' / 'weights.safetensors').read_bytes()
    assert main([*command[:-4], '--steps', '201', '--critic-steps', '20']) == 2
    assert 'train.steps: 200, not 201' in capsys.readouterr().err
    assert len(stamps) == 3
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / 'run' / 'latents').iterdir()} == stamps
    assert (tmp_path / 'run' / 'weights.safetensors').read_bytes() == weights


def test_a_picture_of_another_size_is_refused_before_anything_is_encoded(
        square_data, tmp_path, capsys):
    save('dinov2', tmp_path / 'public')
    assert main(['import', 'dinov2', str(tmp_path / 'public'), '--data', str(square_data), '--out',
                 str(tmp_path / 'run'), '--image-px', '64']) == 2
    assert 'has pictures of 32 by 32 pixels, model.image_px is 64' in capsys.readouterr().err
    assert main(['import', 'vjepa2', str(tmp_path / 'public'), '--data', str(square_data), '--out',
                 str(tmp_path / 'run')]) == 2
    assert "model_type is 'dinov2', must be 'vjepa2'" in capsys.readouterr().err
    assert not (tmp_path / 'run').exists()
