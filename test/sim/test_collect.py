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

"""Collecting: the same arrays for the same config, whole files only, resumable."""

import json

import numpy as np
import pytest

from jepa_ros.files import partial_of
from jepa_ros.sim import collect as module
from jepa_ros.sim.collect import collect, CollectConfig, drive, episode_path, record_episode
from jepa_ros.sim.drivers import HIGH, LOW

CONFIG = CollectConfig(episodes=3, steps=12, image_px=32, seed=4)


@pytest.fixture(autouse=True)
def own_world(monkeypatch, shared_world):
    """Let this process collect with the shared world."""
    monkeypatch.setattr(module, '_world', shared_world)


@pytest.fixture(scope='module')
def wanted(shared_world):
    """Return the arrays of every episode of the config."""
    return [record_episode(shared_world, CONFIG, i) for i in range(CONFIG.episodes)]


def read(folder, index):
    with np.load(episode_path(folder, index), allow_pickle=False) as episode:
        return dict(episode)


def check_same(found, wanted):
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        np.testing.assert_array_equal(found[key], values, err_msg=key)


def test_an_episode_is_what_it_says(wanted):
    for episode in wanted:
        assert episode['frames'].shape == (13, 32, 32, 3)
        assert episode['frames'].dtype == np.uint8
        assert episode['actions'].shape == (12, 2)
        assert episode['poses'].shape == (13, 3)
        assert (episode['actions'] >= LOW).all()
        assert (episode['actions'] <= HIGH).all()
    assert len({e['poses'][0].tobytes() for e in wanted}) == len(wanted)


def test_index_and_seed_make_the_episode(world, wanted):
    world.step(np.array([0.5, 0.5]), 1.0)       # what went before must not matter
    check_same(record_episode(world, CONFIG, 1), wanted[1])


def test_poses_answer_the_actions(world):
    episode = record_episode(world, CollectConfig(steps=150, image_px=16), 0)
    poses, actions = episode['poses'], episode['actions']
    step, yaw = np.diff(poses[:, :2], axis=0), poses[:-1, 2]
    ahead = step[:, 0] * np.cos(yaw) + step[:, 1] * np.sin(yaw)
    turned = (np.diff(poses[:, 2]) + np.pi) % (2 * np.pi) - np.pi
    for motion, column in ((ahead, 0), (turned, 1)):
        # latency and ramps: a command shows fully two periods later, and not before it is given
        later = np.corrcoef(motion[2:], actions[:-2, column])[0, 1]
        earlier = np.corrcoef(motion[:-2], actions[2:, column])[0, 1]
        assert later > 0.75
        assert later > earlier + 0.1
    assert np.abs(ahead).max() < HIGH[0] * 0.1 * 1.3


def test_it_goes_on_where_it_was(tmp_path, wanted):
    begun = collect(tmp_path, CONFIG, processes=1)
    assert next(begun) == 0
    begun.close()
    partial_of(episode_path(tmp_path, 7)).write_bytes(b'half')
    stamp = episode_path(tmp_path, 0).stat().st_mtime_ns
    assert list(collect(tmp_path, CONFIG, processes=1)) == [1, 2]
    assert episode_path(tmp_path, 0).stat().st_mtime_ns == stamp
    for i, episode in enumerate(wanted):
        check_same(read(tmp_path, i), episode)
    assert not list(tmp_path.glob('*.partial'))
    assert list(collect(tmp_path, CONFIG, processes=1)) == []


@pytest.mark.slow
def test_processes_make_the_same(tmp_path, wanted):
    assert sorted(collect(tmp_path, CONFIG, processes=2)) == [0, 1, 2]
    for i, episode in enumerate(wanted):
        check_same(read(tmp_path, i), episode)


def test_an_episode_is_whole_or_not_there(tmp_path, monkeypatch):
    def cut(*args):
        raise RuntimeError('power cut')

    monkeypatch.setattr(module, 'record_episode', cut)
    with pytest.raises(RuntimeError, match='power cut'):
        list(collect(tmp_path, CONFIG, processes=1))
    assert not list(tmp_path.glob('*.npz'))


@pytest.mark.parametrize('other', [{'seed': 5}, {'steps': 13}, {'appearance': 0.1}])
def test_another_config_is_refused(tmp_path, other):
    fields = {'episodes': 1, 'steps': 12, 'image_px': 32, 'seed': 4}
    list(collect(tmp_path, CollectConfig(**fields), processes=1))
    before = read(tmp_path, 0)
    with pytest.raises(ValueError, match='was collected with'):
        list(collect(tmp_path, CollectConfig(**{**fields, **other}), processes=1))
    check_same(read(tmp_path, 0), before)


def test_more_episodes_may_be_asked_for(tmp_path):
    fields = {'steps': 10, 'image_px': 16}
    assert list(collect(tmp_path, CollectConfig(episodes=1, **fields), 1)) == [0]
    assert list(collect(tmp_path, CollectConfig(episodes=2, **fields), 1)) == [1]
    assert json.loads((tmp_path / 'collect.json').read_text())['steps'] == 10


@pytest.mark.parametrize('config, message', [
    ({'episodes': 0}, 'episodes 0 must be at least 1'),
    ({'steps': 9}, 'steps 9 at least 10'),
    ({'latency_s': (0.05, 0.2)}, r'latency_s \(0.05, 0.2\) must lie in \[0, 0.1\]'),
    ({'image_px': 8}, r'image_px is 8, must be in \[16, 480\]'),
])
def test_config_refuses_nonsense(config, message):
    with pytest.raises(ValueError, match=message):
        CollectConfig(**config)


def test_the_old_command_holds_until_the_new_takes_effect():
    class Recorder:

        def __init__(self):
            self.steps = []

        def step(self, command, duration_s):
            self.steps.append((*command, round(duration_s, 9)))

    recorder = Recorder()
    drive(recorder, np.array([0.1, 0.2]), np.array([0.3, 0.4]), 0.1, 0.04)
    assert recorder.steps == [(0.1, 0.2, 0.04), (0.3, 0.4, 0.06)]
