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


"""``jepa train`` and ``jepa export``: settings and bags in, a bundle and its report out."""

from dataclasses import asdict
import io
import json
from pathlib import Path
import re

import bag_rig as rig
from bag_rig import (
    CAMERA,
    camera,
    DRIVE,
    drive,
    ODOM,
    odometry,
    SECOND,
    START,
    wave,
    write,
)
import numpy as np
import pytest
from tqdm import tqdm

from jepa_ros.cli.main import main
from jepa_ros.cli.train_stages import show_done

pytest.importorskip('torch')

from jepa_ros.engines.manifest import load_manifest  # noqa: E402  (only where there is torch)
from jepa_ros.learning.run import read_metrics  # noqa: E402
from jepa_ros.learning.settings import KINDS, load_settings, resolve  # noqa: E402

SMALL = f"""
data: {{image: {CAMERA}, action: {DRIVE}, odom: {ODOM}}}
""" + """
model:
  {image_px: 16, width: 8, channels: [4, 8], encoder_hidden: 8, predictor_hidden: 8,
   predictor_layers: 1, critic_hidden: 8, history: 2, block: 2, horizon: 2}
train: {steps: 12, batch: 16, episodes: 4, rollout: 2, directions: 8, device: cpu, threads: 1}
critic: {steps: 9, batch: 16}
"""


def test_the_ceiling_s_file_is_the_default(root):
    settings = resolve(root / 'config' / 'train_ceiling.yaml', {}, [])
    assert settings == resolve(None, {}, [])
    # and says everything that can be set, so that it can be read instead of the code
    text = (root / 'config' / 'train_ceiling.yaml').read_text()
    for section in ('model', 'train', 'critic'):
        for key in asdict(getattr(settings, section)):
            derived = key in ('low', 'high', 'proprioception_scale', 'vision')
            assert (f'\n  {key}: ' in text) != derived, key


def test_the_front_s_file_is_understood(root):
    settings = resolve(root / 'config' / 'train_front.yaml', {}, ['train.steps=3'])
    assert settings.model.image_px >= 96
    assert settings.model.history == 3
    assert (settings.data.symmetry, settings.train.rest) == ('mirror', 0.05)
    assert settings.data.odom
    assert settings.train.steps == 3
    assert list(KINDS) == ['data', 'model', 'train', 'critic']


def test_the_file_for_half_an_hour_from_above_is_understood(root):
    settings = resolve(root / 'config' / 'train_overhead.yaml', {}, [])
    assert settings.data.symmetry == 'overhead'
    assert (settings.model.width, settings.train.steps) == (32, 4000)
    assert (settings.model.channels, settings.model.keypoints) == ((16, 48), 32)
    assert (settings.train.frame_light, settings.train.episode_light) == (0.1, 1.0)
    critic = settings.critic
    assert (critic.imagined, critic.imagined_blocks, critic.lookahead) == (0.3, 3, 0.8)


def test_the_file_for_environments_is_understood(root):
    settings = resolve(root / 'config' / 'train_gym.yaml', {}, ['data.folder=data/reacher'])
    assert (settings.data.folder, settings.model.history) == ('data/reacher', 3)
    assert (settings.train.steps, settings.train.frame_light) == (2000, 0.0)
    assert settings.critic.lookahead == 0.8


def test_settings_alone_are_no_bags(capsys):
    assert main(['train', '--bag', 'train.seed=3', 'critic.steps=5']) == 2
    assert '--bag names no bag, only train.seed=3, critic.steps=5' in capsys.readouterr().err


def test_a_run_that_cannot_begin_binds_no_other_to_its_settings(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    bag, run = drive(tmp_path / 'bag'), tmp_path / 'run'
    (tmp_path / 'small.yaml').write_text(SMALL.replace(f', odom: {ODOM}', ''))
    command = ['train', '--config', str(tmp_path / 'small.yaml'), '--bag', str(bag), '--out',
               str(run)]
    capsys.readouterr()
    for options, words in (
            (['--model', str(tmp_path)], f'a bundle at {tmp_path} would take the place of {run}'),
            (['--model', str(bag)], f'{bag} is there, and is no bundle'),
            (['train.episodes=8', 'train.batch=16', 'train.rollout=400'],
             'training episodes have 805 frames or more, train.episodes wants 8'),
            (['model.whereabouts_hidden=4'], 'no drive has odometry'),
            (['train.start=' + str(tmp_path)], 'has no weights.safetensors')):
        assert main([*command, *options]) == 2
        assert words in capsys.readouterr().err
        assert not run.exists()
    assert (bag / 'metadata.yaml').exists()


def arm_message(kind, ns):
    """Return the same two joints as another type: positions, or an array of speeds."""
    numbers, none = np.array(wave(ns)), np.zeros(0)
    if kind == 'array':
        return rig.Array(layout=rig.Layout(dim=[], data_offset=0), data=numbers)
    if kind == 'joints':
        return rig.JointState(header=rig.header(ns), name=['a', 'b'], position=numbers,
                              velocity=none, effort=none)
    return rig.trajectory(ns, 'ab', [numbers])


@pytest.mark.parametrize('kind, options, names', [
    ('array', ['--action-units', 'rad/s'], ('action_0', 'action_1')),
    ('joints', [], ('a', 'b')), ('trajectory', [], ('a', 'b'))])
def test_an_arm_s_bag_is_trained_on(kind, options, names, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    times = [START + round(i * 0.05 * SECOND) for i in range(2200)]
    bag = write(tmp_path / 'bag', {
        CAMERA: camera(), '/arm': [(ns, arm_message(kind, ns)) for ns in times]})
    (tmp_path / 'small.yaml').write_text(SMALL.replace(f'action: {DRIVE}, odom: {ODOM}',
                                                       'action: /arm'))
    assert main(['train', '--config', str(tmp_path / 'small.yaml'), '--bag', str(bag), *options,
                 'train.steps=2', 'critic.steps=2', '--out', str(tmp_path / 'run')]) == 0
    said = capsys.readouterr().out
    unit = 'rad/s' if options else 'rad'
    for name in names:
        assert re.search(rf'^  {name} -?[0-9.]+ to [0-9.]+ {unit}$', said, re.MULTILINE)
    assert load_settings(tmp_path / 'run').data.units == tuple(options[1:])


def test_the_bar_of_a_run_that_goes_on_has_the_speed_of_now():
    with tqdm(total=100, file=io.StringIO()) as bar:
        for steps in (81, 82, 83):
            show_done(bar, steps)
        assert (bar.n, bar.initial) == (83, 80)
    with tqdm(total=100, file=io.StringIO()) as bar:
        show_done(bar, 1)
        assert (bar.n, bar.initial) == (1, 0)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_from_a_bag_to_a_bundle(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    times = [START + round(i * 0.05 * SECOND) for i in range(2200)]
    bag = drive(tmp_path / 'bag', **{ODOM: [(ns, odometry(ns, *wave(ns))) for ns in times]})
    config, run, model = (tmp_path / name for name in ('small.yaml', 'run', 'small'))
    config.write_text(SMALL)
    command = ['train', '--config', str(config), '--bag', str(bag), 'train.seed=3',
               '--out', str(run), 'data.symmetry=mirror']
    assert main([*command, '--model', str(model)]) == 0
    said = capsys.readouterr().out
    assert 'mirror: each frame in 2 views' in said
    assert 'look at' in said
    assert 'ros2 launch jepa_ros planner.launch.py model:=' in said
    assert ' checks are ' in said

    settings = load_settings(run)
    assert settings.train.seed == 3
    assert settings.critic.seed == 0
    assert settings.data.bags == (str(bag),)
    assert len(settings.model.proprioception_scale) == 2
    manifest = load_manifest(model)
    assert manifest.spec.history == 2
    assert manifest.spec.action.names == ('linear_x', 'angular_z')
    assert manifest.raw['training']['data']['topics']['image'] == CAMERA
    assert manifest.raw['training']['symmetry'] == 'mirror'
    assert {p.name for p in model.iterdir()} == {
        'manifest.json', 'encoder.onnx', 'rollout.onnx', 'weights.safetensors', 'report.png'}
    page = (run / 'report.html').read_text()
    assert 'data:image/png;base64,' in page
    assert 'train.seed' in page
    assert len(json.loads((run / 'report.json').read_text())['checks']) >= 10
    stages = {p.name for p in (run / 'tensorboard').iterdir()}
    assert stages == {'world_model', 'critic'}
    assert len(read_metrics(run, 'critic')) == 9

    # what is finished is not trained again, and what differs is refused by name
    weights = (run / 'weights.safetensors').read_bytes()
    assert main(command) == 0
    assert (run / 'weights.safetensors').read_bytes() == weights
    capsys.readouterr()
    assert main([*command, 'critic.batch=8', 'train.clip=2']) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f'jepa train: {run} was begun with other settings (train.clip: 1.0, not 2.0; '
        'critic.batch: 16, not 8); choose another folder or the same options')

    # the same by the other verb; the bag's pictures are in the cache
    assert main(['export', '--run', str(run), '--out', str(tmp_path / 'again'),
                 '--weights-only']) == 0
    assert (tmp_path / 'again' / 'weights.safetensors').read_bytes() == weights
    assert main(['export', '--run', str(tmp_path), '--out', str(tmp_path / 'none')]) == 2
    assert not Path(tmp_path / 'none').exists()
