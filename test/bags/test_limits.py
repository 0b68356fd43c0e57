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

"""Components that change, and limits within what was seen."""

import numpy as np
import pytest

from jepa_ros.bags.limits import limits_of, varying
from jepa_ros.bags.settings import BagSettings

PLAIN = BagSettings(8, 8)
ONES = ('1',)


def test_of_a_twist_what_is_always_zero_is_left_out():
    actions = np.array([[0.1, 0.0, 0.3], [0.2, 0.0, -0.3]])
    assert varying(('x', 'y', 'z'), actions, False, True) == [0, 2]


@pytest.mark.parametrize('asked, twist, still', [(True, True, 0.0), (False, False, 0.0),
                                                 (False, True, 0.2)])
def test_what_would_have_to_be_commanded_must_change(asked, twist, still):
    actions = np.array([[0.1, still], [0.2, still]])
    with pytest.raises(ValueError, match=f'y is {still:.4g} in all of the commands.*'
                                         '--action-names x'):
        varying(('x', 'y'), actions, asked, twist)


def test_nothing_that_changes_is_refused():
    with pytest.raises(ValueError, match=r'never change while there are pictures: x is 0.5, y is'):
        varying(('x', 'y'), np.array([[0.5, 0.0], [0.5, 0.0]]), False, True)


def test_limits_are_those_of_nearly_all_actions_and_never_beyond_them():
    rng = np.random.default_rng(0)
    actions = np.stack([rng.uniform(0.0, 0.5, 10000), rng.uniform(-1.234, 1.234, 10000)], axis=1)
    actions[0] = [4.0, -9.0]        # a spike
    low, high = limits_of(('x', 'z'), ONES * 2, actions, PLAIN)
    assert 0.0 < low[0] < 0.002
    assert low[1] == pytest.approx(-1.3)
    assert high == (pytest.approx(0.5), pytest.approx(1.234, abs=0.001))
    assert (actions >= low).mean() > 0.995
    assert (actions <= high).mean() > 0.995


def test_a_limit_that_is_often_reached_is_exact():
    actions = np.array([[0.3], [-0.3], [0.3], [0.0]] * 500)
    assert limits_of(('x',), ONES, actions, PLAIN) == ((-0.3,), (0.3,))


def test_a_component_that_hardly_moves_has_its_extremes():
    actions = np.zeros((10000, 1))
    actions[7] = 0.25
    assert limits_of(('x',), ONES, actions, PLAIN) == ((0.0,), (0.25,))


def test_limits_that_are_given_are_taken():
    actions = np.array([[0.3], [-0.3]] * 500)
    assert limits_of(('x',), ONES, actions, BagSettings(8, 8, low=(-1.0,), high=(2.0,))) == (
        (-1.0,), (2.0,))
    with pytest.raises(ValueError, match=r'--low has 2 numbers, the action has 1: x'):
        limits_of(('x',), ONES, actions, BagSettings(8, 8, low=(-1.0, -1.0)))
    with pytest.raises(ValueError, match=r'x has limits 0.5 to 0.3'):
        limits_of(('x',), ONES, actions, BagSettings(8, 8, low=(0.5,)))


@pytest.mark.parametrize('unit', ['m/s', 'rad/s'])
@pytest.mark.parametrize('low, high, wanted', [
    (0.2, 0.6, (0.0, 0.6)), (-0.6, -0.2, (-0.6, 0.0)), (-0.3, 0.6, (-0.3, 0.6))])
def test_zero_is_within_the_limits_of_a_velocity(unit, low, high, wanted):
    """Or the robot could not be stopped; a position need not be zero ever."""
    actions = np.linspace([low, low], [high, high], 1001)
    lows, highs = limits_of(('x', 'arm'), (unit, 'rad'), actions, PLAIN)
    assert (lows[0], highs[0]) == pytest.approx(wanted, abs=0.01)
    assert min(abs(lows[0]), abs(highs[0])) == 0.0 or lows[0] < 0.0 < highs[0]
    assert (lows[1], highs[1]) == pytest.approx((low, high), abs=0.01)


def test_limits_that_are_given_and_exclude_zero_are_refused():
    actions = np.array([[0.3], [-0.3]] * 500)
    settings = BagSettings(8, 8, low=(0.2,), high=(0.6,))
    with pytest.raises(ValueError, match=r'x has limits 0\.2 to 0\.6, those of a velocity must '
                                         'include 0; name others with --low and --high'):
        limits_of(('x',), ('m/s',), actions, settings)
    assert limits_of(('x',), ('rad',), actions, settings) == ((0.2,), (0.6,))
