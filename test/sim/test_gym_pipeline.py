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

"""``jepa collect --gym``, ``jepa train``, ``jepa eval --gym``, in small; and what goes wrong."""

import json
import shutil

import pytest

pytest.importorskip('gymnasium')
pytest.importorskip('torch')

from jepa_ros.cli.main import main  # noqa: E402
from jepa_ros.engines.manifest import load_manifest  # noqa: E402

POINT = ['--gym', 'Tiny/Point-v0', '--import', 'tiny_gym']
SHORT = ['--episodes', '3', '--processes', '1', '--ahead', '8', '--candidates', '16',
         '--iterations', '1']


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Return a data set of ten short episodes."""
    folder = tmp_path_factory.mktemp('gym') / 'data'
    assert main(['collect', *POINT, '--out', str(folder), '--episodes', '10', '--steps', '30',
                 '--image-px', '32', '--frame-skip', '3', '--processes', '1']) == 0
    return folder


@pytest.fixture(scope='module')
def bundle(data):
    """Return a bundle that was trained for two steps."""
    out = data.parent / 'point'
    assert main(['train', '--data', str(data), '--out', str(data.parent / 'run'),
                 'model.image_px=32', 'model.channels=[8,8,8]', 'model.width=16',
                 'train.steps=2', 'train.batch=16', 'train.episodes=4', 'critic.steps=2',
                 'critic.batch=32']) == 0
    assert main(['export', '--run', str(data.parent / 'run'), '--out', str(out)]) == 0
    return out


@pytest.mark.slow
def test_the_bundle_is_of_the_environment(bundle):
    manifest = load_manifest(bundle)
    action = manifest.spec.action
    assert action.names == ('action_0', 'action_1')
    assert (action.low, action.high) == ((-1.0, -1.0), (1.0, 1.0))
    assert action.period_s == pytest.approx(0.15)
    assert manifest.spec.delay_s == 0.0
    assert manifest.raw['training']['data']['gym'] == 'Tiny/Point-v0'
    assert manifest.spec.image_height == 32


@pytest.mark.slow
def test_figures_of_all(bundle, capsys):
    arguments = ['eval', *POINT, '--model', str(bundle), *SHORT, '--json']
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    # as the data were made, without a word about it
    assert result['protocol']['frame_skip'] == 3
    assert result['protocol']['goal_steps_ahead'] == 8
    assert result['protocol']['budget_steps'] == 16
    assert 'standard deviations' in result['protocol']['tolerance']
    assert set(result['baselines']) == {'random', 'stay', 'untrained', 'latent_distance'}
    for figures in (result, *result['baselines'].values()):
        assert figures['episodes'] == 3
        assert 0.0 <= figures['success_rate'] <= figures['touched_rate'] <= 1.0
        low, high = figures['success_interval']
        assert low <= figures['success_rate'] + 1e-9
        assert figures['success_rate'] <= high + 1e-9
    stay = result['baselines']['stay']
    assert stay['touched_rate'] == 0.0
    assert stay['median_final_gap'] == pytest.approx(stay['median_start_gap'])
    # two steps of training: the planner acts, and so ends elsewhere
    assert result['median_final_gap'] != pytest.approx(stay['median_final_gap'])
    baselines = result.pop('baselines')
    assert main([*arguments, '--baselines', 'random']) == 0
    again = json.loads(capsys.readouterr().out)
    assert again.pop('baselines') == {'random': baselines['random']}
    assert again == result


@pytest.mark.slow
def test_table_and_record(bundle, capsys):
    assert main(['eval', *POINT, '--model', str(bundle), *SHORT, '--record', '--baselines',
                 'random']) == 0
    header, *rows, note = capsys.readouterr().out.splitlines()
    assert 'touched' in header
    assert [row.split()[0] for row in rows] == ['point', 'random']
    assert note.startswith('success: state within')
    assert load_manifest(bundle).raw['evaluation']['protocol']['environment'] == 'Tiny/Point-v0'


@pytest.mark.slow
def test_networks_of_ones_own_have_fewer_baselines(bundle, tmp_path, capsys):
    shutil.copytree(bundle, tmp_path / 'own')
    path = tmp_path / 'own' / 'manifest.json'
    manifest = json.loads(path.read_text())
    del manifest['networks'], manifest['arrival']['latent_distance']
    path.write_text(json.dumps(manifest))
    assert main(['eval', *POINT, '--model', str(path.parent), *SHORT, '--json']) == 0
    assert set(json.loads(capsys.readouterr().out)['baselines']) == {'random', 'stay'}
    assert main(['eval', *POINT, '--model', str(path.parent), *SHORT,
                 '--baselines', 'latent_distance']) == 2
    assert "its manifest has no 'latent_distance'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_another_environment_is_refused(bundle, capsys):
    other = ['--gym', 'Tiny/Short-v0', '--import', 'tiny_gym']
    assert main(['eval', *other, '--model', str(bundle), *SHORT]) == 2
    assert 'point was trained on actions from [-1.0, -1.0] to [1.0, 1.0] of 0.15 s; those of ' \
           'Tiny/Short-v0 are from [-0.5, -0.5]' in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize('options, message', [
    (['--ahead', '0'], 'ahead is 0, must be in'),
    (['--candidates', '1'], 'candidates is 1, must be between 2'),
    (['--baselines', 'straight_line'], "baseline 'straight_line' is not for environments"),
])
def test_eval_says_what_is_wrong(bundle, capsys, options, message):
    assert main(['eval', *POINT, '--model', str(bundle), *SHORT, *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('options, message', [
    (['--gym', 'Tiny/Steps-v0', '--import', 'tiny_gym'], 'must be a Box of real numbers'),
    (['--gym', 'Tiny/Blind-v0', '--import', 'tiny_gym'], "must offer 'rgb_array'"),
    (['--gym', 'Tiny/Piont-v0', '--import', 'tiny_gym'], 'near it are Tiny/Point-v0'),
    (['--gym', 'Tiny/Point-v0', '--import', 'no.such'], '--import no.such: ModuleNotFoundError'),
    ([*POINT, '--image-px', '8'], 'image_px is 8'),
    ([*POINT, '--steps', '0'], 'steps 0 at least 30'),
    ([*POINT, '--proprioception'], 'nothing is known of its proprioception'),
])
def test_collect_says_what_is_wrong(tmp_path, capsys, options, message):
    out = tmp_path / 'data'
    assert main(['collect', *options, '--out', str(out), '--episodes', '1']) == 2
    said = capsys.readouterr().err
    assert message in said
    assert 'Traceback' not in said
    assert not out.exists()
