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

"""Collecting in environments: the same arrays for the same config, whole files, resumable."""

import json

from gym_rig import config, make_env, point  # noqa: F401
import numpy as np
import pytest

from jepa_ros.files import partial_of
from jepa_ros.sim import gym_collect as module
from jepa_ros.sim.collect import episode_path
from jepa_ros.sim.gym_collect import collect, GymCollectConfig, record_episode

CONFIG = GymCollectConfig(config('Point'), episodes=3, steps=30, seed=4)


def read(folder, index):
    with np.load(episode_path(folder, index), allow_pickle=False) as episode:
        return dict(episode)


def test_an_episode_is_what_it_says(point):  # noqa: F811
    episode = record_episode(point, CONFIG, 0)
    assert {k: (v.shape, v.dtype.name) for k, v in episode.items()} == {
        'frames': ((31, 32, 32, 3), 'uint8'), 'states': ((31, 2), 'float32'),
        'actions': ((30, 2), 'float32')}
    # row k: frame k, and the action from frame k to frame k + 1
    moved = np.diff(episode['states'], axis=0)
    inside = (episode['states'][1:] > 0.0) & (episode['states'][1:] < 1.0)
    np.testing.assert_allclose(moved[inside], 0.1 * episode['actions'][inside], atol=1e-5)
    for k in (0, 17, 30):
        bright = np.argwhere(episode['frames'][k][..., 0] > 200)
        centre = bright.mean(axis=0)[::-1]
        np.testing.assert_allclose(centre, episode['states'][k] * 27 + 2, atol=1.0)


def test_index_and_seed_make_the_episode(point):  # noqa: F811
    first, again = (record_episode(point, CONFIG, 1) for _ in range(2))
    for key, values in first.items():
        np.testing.assert_array_equal(again[key], values)
    other = record_episode(point, CONFIG, 2)
    assert np.abs(other['states'][0] - first['states'][0]).max() > 0.01


def test_it_goes_on_where_it_was(tmp_path):
    begun = collect(tmp_path, CONFIG, processes=1)
    assert next(begun) == 0
    begun.close()
    partial_of(episode_path(tmp_path, 7)).write_bytes(b'half')
    stamp = episode_path(tmp_path, 0).stat().st_mtime_ns
    assert list(collect(tmp_path, CONFIG, processes=1)) == [1, 2]
    assert episode_path(tmp_path, 0).stat().st_mtime_ns == stamp
    assert not list(tmp_path.glob('*.partial'))
    said = json.loads((tmp_path / 'collect.json').read_text())
    assert said['gym'] == 'Tiny/Point-v0'
    assert said['action'] == {'names': ['action_0', 'action_1'], 'units': ['1', '1'],
                              'low': [-1.0, -1.0], 'high': [1.0, 1.0], 'period_s': 0.05,
                              'delay_s': 0.0}


@pytest.mark.slow
def test_processes_make_the_same(tmp_path, monkeypatch):
    list(collect(tmp_path / 'alone', CONFIG, processes=1))
    assert sorted(collect(tmp_path / 'shared', CONFIG, processes=2)) == [0, 1, 2]
    for i in range(3):
        alone, shared = read(tmp_path / 'alone', i), read(tmp_path / 'shared', i)
        for key, values in alone.items():
            np.testing.assert_array_equal(shared[key], values)


@pytest.mark.parametrize('other, named', [
    ({'seed': 5}, 'seed'), ({'steps': 31}, 'steps'),
    ({'env': config('Point', image_px=16)}, 'image_px'), ({'env': config('Offset')}, 'gym')])
def test_another_config_is_refused(tmp_path, other, named):
    fields = {'env': config('Point'), 'episodes': 1, 'steps': 30, 'seed': 4}
    list(collect(tmp_path, GymCollectConfig(**fields), processes=1))
    with pytest.raises(ValueError, match=f'was collected with another .*{named}'):
        list(collect(tmp_path, GymCollectConfig(**{**fields, **other}), processes=1))
    assert list(collect(tmp_path, GymCollectConfig(**{**fields, 'episodes': 2}), 1)) == [1]


def test_what_cannot_be_collected_leaves_nothing(tmp_path):
    folder = tmp_path / 'data'
    with pytest.raises(ValueError, match='must be a Box'):
        list(collect(folder, GymCollectConfig(config('Steps')), processes=1))
    with pytest.raises(ValueError, match='nothing is known of its proprioception'):
        list(collect(folder, GymCollectConfig(config('Point'), proprioception=True), 1))
    assert not folder.exists()


def test_an_environment_that_ends_too_soon(tmp_path):
    with pytest.raises(ValueError, match='ended 50 episodes of random actions'):
        list(collect(tmp_path, GymCollectConfig(config('Brief')), processes=1))
    assert [p.name for p in tmp_path.iterdir()] == ['collect.json']


def test_an_episode_is_whole_or_not_there(tmp_path, monkeypatch):
    def cut(*args):
        raise RuntimeError('power cut')

    monkeypatch.setattr(module, 'record_episode', cut)
    with pytest.raises(RuntimeError, match='power cut'):
        list(collect(tmp_path, CONFIG, processes=1))
    assert [p.name for p in tmp_path.iterdir()] == ['collect.json']


@pytest.mark.parametrize('options, message', [
    ({'episodes': 0}, 'episodes 0 must be at least 1'),
    ({'steps': 29}, 'steps 29 at least 30'), ({'seed': -1}, 'seed is -1'),
])
def test_config_refuses_nonsense(options, message):
    with pytest.raises(ValueError, match=message):
        GymCollectConfig(config('Point'), **options)
