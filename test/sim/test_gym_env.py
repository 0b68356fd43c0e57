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

"""Environments as data and planner see them, and every way in which one cannot be used."""

from gym_rig import config, make_env, point  # noqa: F401
import numpy as np
import pytest

from jepa_ros.sim import gym_find
from jepa_ros.sim.gym_drivers import PushDriver, RandomDriver
from jepa_ros.sim.gym_env import GymConfig, seed_of
from jepa_ros.sim.gym_known import adapter_of, PUSH_T


def test_what_an_action_is(make_env):  # noqa: F811
    action = make_env(config('Point')).action
    assert (action.low, action.high) == ((-1.0, -1.0), (1.0, 1.0))
    assert action.period_s == pytest.approx(0.05)       # render_fps is 20
    assert action.names == ('action_0', 'action_1')
    assert make_env(config('Point', frame_skip=3)).action.period_s == pytest.approx(0.15)


def test_an_action_lasts_for_its_steps(make_env):  # noqa: F811
    once, thrice = make_env(config('Point')), make_env(config('Point', frame_skip=3))
    for env, far in ((once, 0.05), (thrice, 0.15)):
        env.reset(5)
        before = env.state()
        assert not env.step(np.array([0.5, 0.0], np.float32))
        np.testing.assert_allclose(env.state() - before, [far, 0.0], atol=1e-6)


def test_a_seed_makes_the_start_and_pictures_show_it(point):  # noqa: F811
    point.reset(1)
    state, picture = point.state(), point.picture()
    assert picture.shape == (32, 32, 3)
    assert picture.dtype == np.uint8
    point.step(np.ones(2, np.float32))
    assert np.abs(point.picture().astype(int) - picture).max() > 50
    point.reset(1)
    np.testing.assert_array_equal(point.state(), state)
    np.testing.assert_array_equal(point.picture(), picture)
    point.reset(2)
    assert np.abs(point.state() - state).max() > 0.01


def test_zero_is_rest_where_the_environment_has_no_zero(make_env):  # noqa: F811
    env = make_env(config('Offset'))
    assert (env.action.low, env.action.high) == ((-1.0, -1.0), (1.0, 1.0))
    np.testing.assert_array_equal(env.rest, [2.0, 2.0])
    env.reset(0)
    before = env.state()
    env.step(np.zeros(2, np.float32))
    np.testing.assert_allclose(env.state(), before, atol=1e-6)
    env.step(np.array([1.0, 0.0], np.float32))
    np.testing.assert_allclose(env.state() - before, [0.1, 0.0], atol=1e-6)


@pytest.mark.parametrize('name, message', [
    ('Steps', r'action space Discrete\(3\), must be a Box of real numbers'),
    ('Unlimited', r'limits \[-inf, -inf\] to \[inf, inf\], must be finite'),
    ('Blind', r"renders \[\], must offer 'rgb_array'"),
    ('Deaf', 'Tiny/Deaf-v0 cannot be made to render arrays: TypeError'),
    ('Grey', r'renders uint8 of shape \(32, 32\), must be uint8 pictures of shape'),
    ('Poin', "there is no environment 'Tiny/Poin-v0'; near it are Tiny/Point-v0"),
])
def test_what_cannot_be_used_is_told_why(make_env, name, message):  # noqa: F811
    with pytest.raises(ValueError, match=message):
        make_env(config(name))


def test_an_id_that_nobody_knows(make_env):  # noqa: F811
    with pytest.raises(ValueError, match='name the module that registers it with --import'):
        make_env(GymConfig('qqqqqqqq/zzzzzzzz-v0'))


def test_a_module_that_is_not_there(make_env):  # noqa: F811
    with pytest.raises(ValueError, match='--import not_there: ModuleNotFoundError'):
        make_env(GymConfig('Tiny/Point-v0', ('not_there',)))


def test_a_module_of_the_current_folder(make_env, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.path', list(__import__('sys').path))
    (tmp_path / 'my_own_gym.py').write_text(
        'import gymnasium\nimport tiny_gym\n'
        "gymnasium.register('MyOwn/Point-v0', entry_point=tiny_gym.Point)\n")
    assert make_env(GymConfig('MyOwn/Point-v0', ('my_own_gym',), 32)).state().shape == (2,)


def test_a_package_that_is_missing_is_named(make_env, monkeypatch):  # noqa: F811
    present = gym_find.find_spec
    monkeypatch.setattr(gym_find, 'find_spec',
                        lambda name: None if name == 'gym_pusht' else present(name))
    with pytest.raises(ValueError, match=r'gym_pusht/Nothing-v9 needs gym_pusht.*pip install'):
        make_env(GymConfig('gym_pusht/Nothing-v9'))
    monkeypatch.setattr(gym_find, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match='gymnasium is not installed; pip install -r'):
        make_env(config('Point'))


@pytest.mark.parametrize('options, message', [
    ({'image_px': 8}, r'image_px is 8, must be in \[16, 480\]'),
    ({'frame_skip': 0}, r'frame_skip is 0, must be in \[1, 1000\]'),
])
def test_config_refuses_nonsense(options, message):
    with pytest.raises(ValueError, match=message):
        config('Point', **options)


def test_seeds_are_told_apart():
    seeds = {seed_of(*words) for words in ((0, 0), (0, 1), (1, 0), (0, 0, 1), (7_000_000_000, 1))}
    assert len(seeds) == 5
    assert all(0 <= seed < 2 ** 32 for seed in seeds)


@pytest.mark.parametrize('driver', [RandomDriver, PushDriver])
def test_drivers_stay_within_limits_and_hold_their_commands(driver):
    low, high = np.array([-100.0, -50.0], np.float32), np.array([100.0, 50.0], np.float32)
    drive = driver(np.random.default_rng(0), low, high)
    state = np.array([100.0, 100.0, 300.0, 300.0, 0.0])
    commands = np.stack([drive(state) for _ in range(400)])
    assert (commands >= low).all()
    assert (commands <= high).all()
    assert (commands.std(axis=0) > 0.2 * high).all()
    # held: most differ little from the one before
    changes = np.abs(np.diff(commands, axis=0)).max(axis=1)
    assert np.median(changes) < 20.0
    assert changes.max() > 40.0


def test_pushing_goes_to_the_block():
    drive = PushDriver(np.random.default_rng(1), *np.array([[-100.0] * 2, [100.0] * 2]))
    state = np.array([60.0, 60.0, 400.0, 300.0, 0.0])
    for _ in range(200):
        state[:2] = np.clip(state[:2] + 0.3 * drive(state), 0.0, 512.0)
    near = []
    for _ in range(300):
        state[:2] = np.clip(state[:2] + 0.3 * drive(state), 0.0, 512.0)
        near.append(np.hypot(*(state[:2] - state[2:4])) < 160.0)
    assert np.mean(near) > 0.5


def test_push_t_is_judged_as_published():
    scale = np.ones(5)
    goal = np.array([100.0, 100.0, 200.0, 200.0, 3.1])
    near = np.add(goal, [10.0, 0.0, 0.0, 17.0, 0.0])
    assert PUSH_T.gap(near, goal, scale) == pytest.approx(np.hypot(10, 17) / 20)
    near[4] = -3.1      # 0.083 rad on, over the end of the circle
    assert PUSH_T.gap(near, goal, scale) < 1.0
    near[4] = 2.7
    assert PUSH_T.gap(near, goal, scale) == pytest.approx(0.4 / (np.pi / 9))
    assert PUSH_T.hard(goal, np.add(goal, [0.0, 0.0, 30.0, 0.0, 0.0]))
    assert not PUSH_T.hard(goal, np.add(goal, [50.0, 0.0, 0.0, 0.0, 0.0]))


def test_what_is_known_goes_by_the_beginning_of_an_id():
    assert adapter_of('gym_pusht/PushT-v0') is PUSH_T
    assert '0.06' in adapter_of('dm_control/reacher-easy-v0').tolerance
    assert '0.025' in adapter_of('dm_control/reacher-hard-v0').tolerance
    assert 'standard deviations' in adapter_of('Tiny/Point-v0').tolerance
