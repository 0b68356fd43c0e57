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

"""Bags as a data set: episodes, actions and proprioception as training takes them."""

import subprocess
import sys

import bag_rig as rig
import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('sensor_msgs')

from jepa_ros.bags.settings import BagSettings  # noqa: E402
from jepa_ros.learning.bag_data import bag_data_set, begins_at_rest  # noqa: E402


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bags')
    felt = [(ns, rig.odometry(ns, *rig.wave(ns), x=i * 0.01, y=-1.0, yaw=0.25))
            for i, (ns, _) in enumerate(rig.commands(2600))]
    # for the first second nothing is commanded
    bag = rig.drive(folder / 'drive', 1300, **{rig.ODOM: felt, rig.DRIVE: rig.commands(2600)[20:]})
    return bag_data_set([bag], BagSettings(6, 8, odom=rig.ODOM), folder / 'a' / 'b' / 'cache')


def test_a_data_set_is_what_training_takes(data):
    assert (len(data.training), len(data.held_out)) == (1160, 100)
    assert isinstance(data.training.frames, np.memmap)
    assert data.actions.names == ('linear_x', 'angular_z')
    assert (data.actions.period_s, data.actions.delay_s) == (0.1, 0.0)
    assert data.about['source'] == 'bags'
    assert data.training.images(np.array([0, 5])).shape == (2, 6, 8, 3)
    rows = data.training.rows(10, 10)
    assert (data.training.first[rows - 10] == data.training.first[rows + 10]).all()


def test_proprioception_and_poses_come_from_the_odometry(data):
    assert data.proprioception == ('linear_x', 'angular_z')
    felt = data.training.proprioception
    assert (felt.shape, felt.dtype) == ((1160, 2), np.float32)
    times = rig.START + np.arange(0, 880) * rig.SECOND // 10
    np.testing.assert_allclose(felt[:880], np.stack(rig.wave(times), axis=1), atol=1e-6)
    np.testing.assert_allclose(data.training.poses[:880, 0], np.arange(880) * 0.02, atol=1e-5)
    np.testing.assert_allclose(data.training.poses[:, 1:], [[-1.0, 0.25]] * 1160, atol=1e-6)


def test_a_piece_of_a_drive_begins_at_rest_only_where_nothing_was_commanded(data):
    at_rest = data.training.at_rest
    assert at_rest[:100].all()
    assert not at_rest[100:].any()
    assert not data.held_out.at_rest.any()


def test_half_a_second_of_zero_commands_is_rest():
    actions = np.zeros((24, 2), np.float32)
    first = np.repeat([0, 8, 16], 8)
    actions[5:7, 1] = actions[8 + 4, 0] = actions[16] = 0.3
    np.testing.assert_array_equal(begins_at_rest(actions, first, 5),
                                  np.repeat([True, False, False], 8))


def test_bags_are_read_without_torch():
    """What makes the arrays runs where nothing is trained."""
    done = subprocess.run(
        [sys.executable, '-c', 'import sys; sys.modules["torch"] = None\n'
         'import jepa_ros.bags.arrays, jepa_ros.bags.survey'], capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 0, done.stderr
