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

"""``jepa eval``: the figures of the closed loop, as one JSON object or a table."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from jepa_ros.cli.main import main
from jepa_ros.engines.manifest import load_manifest

FIGURES = {'success_rate', 'interval', 'episodes', 'spl', 'collisions_per_m',
           'median_final_distance_m', 'success_rate_behind_rack'}

pytest.importorskip('jepa_ros.sim')
pytest.importorskip('mujoco')


@pytest.fixture
def short(monkeypatch):
    """Let episodes last two seconds, and close the worlds that they were driven in."""
    from jepa_ros.sim import closed_loop, workers
    monkeypatch.setattr(closed_loop, 'TIME_LIMIT_S', 2.0)
    monkeypatch.setattr(workers, '_worker', None)
    yield
    if workers._worker is not None:
        workers._worker._world.close()


def check_figures(figures, episodes):
    """Check the keys of one entrant and what they may be."""
    assert set(figures) >= FIGURES
    assert figures['episodes'] == episodes
    low, high = figures['interval']
    # the bounds are rounded
    assert 0.0 <= low <= figures['success_rate'] + 1e-9
    assert figures['success_rate'] - 1e-9 <= high <= 1.0
    assert 0.0 <= figures['spl'] <= figures['success_rate']
    assert figures['collisions_per_m'] >= 0.0
    assert 0.0 <= figures['median_final_distance_m'] < 6.0


def test_json(bundle, short, capsys):
    arguments = ['eval', '--model', str(bundle), '--episodes', '3', '--seed', '4', '--processes',
                 '1', '--json', '--baselines', 'random', 'straight_line', 'latent_distance',
                 '--baseline-episodes', '2']
    assert main(arguments) == 0
    said = capsys.readouterr().out
    result = json.loads(said)
    assert result['seed'] == 4
    assert result['model'] == 'small_bundle'
    check_figures(result, 3)
    assert set(result['baselines']) == {'random', 'straight_line', 'latent_distance'}
    for figures in result['baselines'].values():
        check_figures(figures, 2)
    # two seconds are too few for any of these networks; the figures are the same again
    assert result['success_rate'] == 0.0
    assert main(arguments) == 0
    assert capsys.readouterr().out == said


@pytest.mark.parametrize('options', [(), ('--processes', '1'), ('--routes', '1'),
                                     ('--routes', '1', '--processes', '1')])
def test_a_model_of_another_period_is_refused(bundle, short, tmp_path, capsys, options):
    """It would do badly, and nobody would know why: the loop takes an action each 0.1 s."""
    shutil.copytree(bundle, tmp_path / 'quick')
    path = tmp_path / 'quick' / 'manifest.json'
    manifest = json.loads(path.read_text())
    manifest['action']['period_s'] = 0.08
    path.write_text(json.dumps(manifest))
    assert main(['eval', '--model', str(path.parent), '--episodes', '2', '--baselines',
                 *options]) == 2
    said = capsys.readouterr().err
    assert 'has actions of 0.08 s, the simulated loop takes one every 0.1 s' in said
    assert 'jepa train --period 0.1' in said


def test_figures_can_be_recorded_in_the_manifest(bundle, short, tmp_path, capsys):
    copy = tmp_path / 'copy'
    shutil.copytree(bundle, copy)
    before = json.loads((copy / 'manifest.json').read_text())
    assert main(['eval', '--model', str(copy), '--episodes', '2', '--seed', '4', '--processes',
                 '1', '--json', '--record', '--baselines', 'random']) == 0
    result = json.loads(capsys.readouterr().out)
    manifest = json.loads((copy / 'manifest.json').read_text())
    figures = manifest.pop('evaluation')
    assert manifest == before
    assert figures == {k: v for k, v in result.items() if k not in ('baselines', 'model')}
    assert {p.name for p in copy.iterdir()} == {p.name for p in bundle.iterdir()}
    load_manifest(copy)


def test_table(bundle, short, capsys):
    assert main(['eval', '--model', str(bundle), '--episodes', '1', '--processes', '1',
                 '--baselines', 'random']) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert 'success' in header
    assert [row.split()[0] for row in rows] == ['small_bundle', 'random']
    assert all(row.split()[-1] == '1' for row in rows)


def test_networks_of_ones_own_have_fewer_baselines(bundle, short, tmp_path, capsys):
    shutil.copytree(bundle, tmp_path / 'own')
    path = tmp_path / 'own' / 'manifest.json'
    manifest = json.loads(path.read_text())
    del manifest['networks'], manifest['arrival']['latent_distance']
    path.write_text(json.dumps(manifest))
    arguments = ['eval', '--model', str(path.parent), '--episodes', '1', '--processes', '1',
                 '--camera', 'front', '--json']
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result['baselines']) == {'random', 'straight_line'}
    # asked for, they are refused before anything is driven
    for name, missing in (('untrained', 'networks'), ('latent_distance', 'latent_distance')):
        assert main([*arguments, '--baselines', 'random', name]) == 2
        said = capsys.readouterr()
        assert f"no baseline {name}: its manifest has no '{missing}'" in said.err
        assert 'episode' not in said.err


def test_an_entrant_without_its_bundle_is_named():
    from jepa_ros.sim.evaluate import Entrant, evaluate
    with pytest.raises(ValueError, match='nobody needs a bundle'):
        list(evaluate(Entrant('nobody', 'agent', None), range(1), processes=1))


@pytest.mark.slow
def test_processes_do_not_change_the_figures():
    from jepa_ros.sim.evaluate import Entrant, evaluate
    entrant = Entrant('random', 'random', None)
    alone, shared = (sorted(evaluate(entrant, range(2), processes), key=lambda o: o.task.seed)
                     for processes in (1, 2))
    assert alone == shared
    assert [o.task.seed for o in alone] == [0, 1]


@pytest.mark.slow
def test_the_committed_model(committed, environment, family):
    done = subprocess.run(
        [sys.executable, '-m', 'jepa_ros.cli.main', 'eval', '--model', str(committed),
         '--episodes', '2', '--json', '--baselines'], env=environment, capture_output=True,
        text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    check_figures(result, 2)
    assert result['baselines'] == {}
    assert np.isfinite(result['median_final_distance_m'])
    assert not family()
