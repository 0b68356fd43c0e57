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

"""``jepa collect``, ``jepa train``, ``jepa export``: from nothing to weights, in small."""

import json

import numpy as np
import pytest

from jepa_ros.cli.main import main

pytest.importorskip('torch')
pytest.importorskip('jepa_ros.sim')
pytest.importorskip('mujoco')

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Return a data set of ten short episodes."""
    folder = tmp_path_factory.mktemp('data')
    assert main(['collect', '--out', str(folder), '--episodes', '10', '--steps', '30']) == 0
    return folder


def test_what_is_there_is_kept(data, capsys):
    stamps = {p.name: p.stat().st_mtime_ns for p in data.iterdir()}
    assert len(stamps) == 11
    assert main(['collect', '--out', str(data), '--episodes', '10', '--steps', '30']) == 0
    assert {p.name: p.stat().st_mtime_ns for p in data.iterdir()} == stamps
    capsys.readouterr()
    assert main(['collect', '--out', str(data), '--episodes', '10', '--steps', '31']) == 2
    assert 'was collected with' in capsys.readouterr().err


@pytest.mark.parametrize('options', [[], ['--random-encoder']])
def test_train_and_export_weights(data, tmp_path, capsys, options):
    run = tmp_path / 'run'
    train = ['train', '--data', str(data), '--out', str(run), '--steps', '2', '--critic-steps',
             '2', *options]
    assert main(train) == 0
    weights = (run / 'weights.safetensors').read_bytes()
    assert len((run / 'world_model.jsonl').read_text().splitlines()) == 2
    assert len((run / 'critic.jsonl').read_text().splitlines()) == 2

    # a finished run has nothing left to do, and another one is not mixed into it
    assert main(train) == 0
    assert (run / 'weights.safetensors').read_bytes() == weights
    capsys.readouterr()
    assert main([*train, '--seed', '1']) == 2
    assert 'choose another folder or the same options' in capsys.readouterr().err

    out = tmp_path / 'baseline'
    assert main(['export', '--run', str(run), '--data', str(data), '--out', str(out),
                 '--weights-only']) == 0
    assert sorted(p.name for p in out.iterdir()) == ['baseline.json', 'weights.safetensors']
    assert (out / 'weights.safetensors').read_bytes() == weights
    calibration = json.loads((out / 'baseline.json').read_text())['calibration']
    assert calibration['arrival_cost'] > 0.0
    assert calibration['arrival_distance'] > 0.0
    assert (np.diff(calibration['surprise']) >= 0.0).all()
