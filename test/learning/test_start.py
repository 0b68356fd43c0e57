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

"""A run may begin with the weights of another, and with nothing that is not weights."""

from dataclasses import replace

import pytest
from safetensors.torch import load_file
import torch

from jepa_ros.cli.main import main
from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.checkpoint import save_weights
from jepa_ros.learning.start import start_from
from jepa_ros.learning.train_config import TrainConfig

CONFIG = ModelConfig(image_px=16, width=4, channels=(4, 8), encoder_hidden=8, predictor_hidden=8,
                     predictor_layers=1, critic_hidden=8, block=2, low=(-1.0,), high=(2.0,))


def networks(seed, config=CONFIG):
    torch.manual_seed(seed)
    return Networks(config)


def test_all_is_theirs_but_the_limits_of_actions(tmp_path):
    theirs, mine = networks(0), networks(1, replace(CONFIG, low=(-3.0,), high=(5.0,)))
    save_weights(theirs, tmp_path / 'weights.safetensors')
    start_from(mine, tmp_path)
    for name, value in mine.state_dict().items():
        if name == 'predictor.centre':
            assert value.tolist() == [1.0]
        elif name == 'predictor.half_range':
            assert value.tolist() == [4.0]
        else:
            assert torch.equal(value, theirs.state_dict()[name]), name


@pytest.mark.parametrize('change, said', [
    ({'width': 6}, r'critic\.\S+ is \(8, 12\) there and \(8, 18\) here'),
    ({'predictor_layers': 2}, r'predictor\.mix\.1\S* is missing there and'),
    ({'low': (-1.0, 0.0), 'high': (1.0, 1.0)}, r'predictor\.act\.0\.weight is .* there'),
])
def test_other_sizes_are_refused(tmp_path, change, said):
    save_weights(networks(0), tmp_path / 'weights.safetensors')
    mine = networks(1, replace(CONFIG, **change))
    before = {k: v.clone() for k, v in mine.state_dict().items()}
    with pytest.raises(ValueError, match=said):
        start_from(mine, tmp_path)
    assert all(torch.equal(before[k], v) for k, v in mine.state_dict().items())


def test_a_folder_without_weights_is_refused_before_data_is_read(tmp_path, capsys):
    assert main(['train', '--data', str(tmp_path / 'none'), '--start', str(tmp_path),
                 '--out', str(tmp_path / 'run')]) == 2
    said = capsys.readouterr().err
    assert f'train.start: {tmp_path} has no weights.safetensors: give the folder of a run' in said
    assert not (tmp_path / 'run').exists()


def test_a_random_encoder_starts_from_nothing():
    with pytest.raises(ValueError, match='start is runs/a and random_encoder is true'):
        TrainConfig(start='runs/a', random_encoder=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_goes_on_from_another(square_data, quick, tmp_path):
    def train(out, *more):
        return main(['train', *quick, *more, '--data', str(square_data), '--out',
                     str(tmp_path / out), '--steps', '2', '--critic-steps', '1',
                     '--no-tensorboard'])

    assert train('first') == 0
    # with a learning rate of nearly nothing it stays where it began
    still = ['train.learning_rate=1e-12', 'critic.learning_rate=1e-12']
    start = f"train.start={tmp_path / 'first'}"
    assert train('second', *still, start) == 0
    first, second = (load_file(tmp_path / run / 'weights.safetensors')
                     for run in ('first', 'second'))
    for name, value in first.items():
        if 'running' not in name and 'num_batches' not in name:
            torch.testing.assert_close(second[name], value, rtol=0, atol=1e-9)
    # the same command again has nothing left to do; without the start it is another run
    assert train('second', *still, start) == 0
    assert train('second', *still) == 2
