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

"""What is wished of a training has to fit its data, and that is said before it begins."""

from dataclasses import replace
import json

import numpy as np
import pytest

from jepa_ros.engines.networks import ModelConfig
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.data import Actions, DataSet
from jepa_ros.learning.data_config import DataConfig
from jepa_ros.learning.settings import keep_settings, RunSettings
from jepa_ros.learning.train_config import TrainConfig


@pytest.mark.parametrize('change, poses, units, message', [
    ({'train': TrainConfig(aside=0.3)}, False, None, 'train.aside is 0.3, and no drive has odom'),
    ({'critic': CriticConfig(aside=0.2)}, False, None, 'critic.aside is 0.2, and no drive has'),
    ({'critic': CriticConfig(imagined=0.2)}, True, ('rad', 'rad/s'),
     r'critic.imagined is 0.2: that is of commands that are held, and \w+ \(rad\) is a pos')])
def test_what_the_data_cannot_give_is_refused_before_training(squares, change, poses, units,
                                                              message):
    actions = Actions(('a', 'b'), units or ('m/s', 'rad/s'), (-1.0, -1.0), (1.0, 1.0))
    episodes = squares if poses else replace(squares, poses=np.full_like(
        squares.poses, np.nan))
    settings = replace(RunSettings(DataConfig(), ModelConfig(), TrainConfig(), CriticConfig()),
                       **change)
    with pytest.raises(ValueError, match=message):
        settings.with_data(DataSet(episodes, episodes, actions))


def test_a_run_of_an_older_version_goes_on(squares, tmp_path):
    actions = Actions(('a', 'b'), ('m/s', 'rad/s'), (-1.0, -1.0), (1.0, 1.0))
    data = DataSet(squares, squares, actions)
    settings = RunSettings(DataConfig(), ModelConfig(), TrainConfig(), CriticConfig())
    keep_settings(tmp_path, settings, data, {'threads': 1})
    path = tmp_path / 'run.json'
    kept = json.loads(path.read_text())
    del kept['data']['units']
    path.write_text(json.dumps(kept))
    keep_settings(tmp_path, settings, data, {'threads': 1})
    other = replace(settings, data=DataConfig(units=('rad',)))
    with pytest.raises(ValueError, match=r"other settings \(data.units: \[\], not \['rad'\]\)"):
        keep_settings(tmp_path, other, data, {'threads': 1})
