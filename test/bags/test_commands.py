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

"""Every message that commands a robot is read: numbers, names, units, how long they hold."""

import re

import bag_rig as rig
import numpy as np
import pytest

from jepa_ros.bags.commands import CommandReader
from jepa_ros.bags.settings import BagSettings


def reader(message, **settings):
    return CommandReader(message.__msgtype__, BagSettings(8, 8, **settings))


def joint_state(names=('a', 'b'), position=(), velocity=()):
    return rig.JointState(header=rig.header(0), name=list(names), position=np.array(position),
                          velocity=np.array(velocity), effort=np.zeros(0))


def trajectory(names=('a', 'b'), points=((),), velocities=(), every_s=0):
    return rig.trajectory(0, names, points, velocities, every_s)


def floats(*values):
    return rig.Array(layout=rig.Layout(dim=[], data_offset=0), data=np.array(values))


@pytest.mark.parametrize('stamped', [False, True])
def test_a_twist_has_six_numbers(stamped):
    message = rig.twist(1, 2, linear_y=3, linear_z=4, angular_x=5, angular_y=6)
    if stamped:
        message = rig.TwistStamped(header=rig.header(0), twist=message)
    read = reader(message)
    np.testing.assert_array_equal(read(message), [1, 3, 4, 5, 6, 2])
    assert read.components.names == ('linear_x', 'linear_y', 'linear_z', 'angular_x', 'angular_y',
                                     'angular_z')
    assert read.components.units == ('m/s',) * 3 + ('rad/s',) * 3
    assert read.components.hold_s == 0.5
    assert not read.components.settled


def test_components_are_picked_by_name_in_that_order():
    message = rig.twist(1, 2)
    read = reader(message, names=('angular_z', 'linear_x'), hold_s=0.25)
    np.testing.assert_array_equal(read(message), [2, 1])
    assert read.components.units == ('rad/s', 'm/s')
    assert (read.components.hold_s, read.components.settled) == (0.25, True)
    with pytest.raises(ValueError, match=r"no 'speed' but linear_x, linear_y, .*--action-names"):
        reader(message, names=('speed',))(message)


def test_states_of_joints_are_velocities_where_there_are_any():
    both = joint_state(position=(1, 2), velocity=(3, 4))
    read = reader(both)
    np.testing.assert_array_equal(read(both), [3, 4])
    assert (read.components.names, read.components.units) == (('a', 'b'), ('rad/s', 'rad/s'))
    assert read.components.hold_s == 0.5
    read = reader(both, field='position')
    np.testing.assert_array_equal(read(both), [1, 2])
    assert (read.components.units, read.components.hold_s) == (('rad', 'rad'), np.inf)
    read = reader(both)
    np.testing.assert_array_equal(read(joint_state(position=(1, 2))), [1, 2])


def test_a_trajectory_is_its_last_point():
    read = reader(trajectory())
    np.testing.assert_array_equal(read(trajectory(points=((1, 2), (3, 4)))), [3, 4])
    assert read.ahead_s == 0.0
    read(trajectory(points=((1, 2), (3, 4), (5, 6)), every_s=2))
    read(trajectory(points=((1, 2),)))
    assert read.ahead_s == pytest.approx(4.0)
    assert read.components.units == ('rad', 'rad')
    assert read(trajectory(points=())) is None
    fast = trajectory(velocities=(5, 6))
    read = reader(fast)
    np.testing.assert_array_equal(read(fast), [5, 6])
    assert read.components.units == ('rad/s', 'rad/s')
    both = trajectory(points=((1, 2),), velocities=(5, 6))
    np.testing.assert_array_equal(reader(both)(both), [1, 2])
    np.testing.assert_array_equal(reader(both, field='velocity')(both), [5, 6])


def test_joints_are_found_by_name_whatever_their_order():
    read = reader(joint_state())
    np.testing.assert_array_equal(read(joint_state(('a', 'b'), velocity=(1, 2))), [1, 2])
    np.testing.assert_array_equal(read(joint_state(('b', 'c', 'a'), velocity=(3, 4, 5))), [5, 3])
    with pytest.raises(ValueError, match=r"it has no 'a' but b, c"):
        read(joint_state(('b', 'c'), velocity=(3, 4)))


def test_joints_that_others_publish_on_the_topic_are_passed_over_where_some_are_asked_for():
    gripper = joint_state(('finger',), position=(7,))
    read = reader(joint_state(), names=('b', 'a'))
    assert read(gripper) is None
    assert read.lacked == "it has no 'b' but finger; choose with --action-names"
    np.testing.assert_array_equal(read(joint_state(velocity=(1, 2))), [2, 1])
    assert read(gripper) is None
    assert read.components.units == ('rad/s', 'rad/s')


def test_an_array_has_numbers_or_the_names_that_it_is_given():
    read = reader(floats(), units=('rad',))
    assert read(floats()) is None
    np.testing.assert_array_equal(read(floats(1, 2)), [1, 2])
    assert read.components.names == ('action_0', 'action_1')
    assert (read.components.units, read.components.hold_s) == (('rad', 'rad'), np.inf)
    read = reader(floats(), names=('left', 'right'), units=('m/s', 'rad/s'))
    np.testing.assert_array_equal(read(floats(1, 2)), [1, 2])
    assert read.components.names == ('left', 'right')
    assert (read.components.units, read.components.hold_s) == (('m/s', 'rad/s'), 0.5)
    read = reader(floats(), names=('action_1',), units=('%',))
    np.testing.assert_array_equal(read(floats(1, 2)), [2])
    assert (read.components.units, read.components.hold_s) == (('%',), np.inf)
    with pytest.raises(ValueError, match=r'it has 3 numbers, --action-names gives 2'):
        reader(floats(), names=('left', 'right'))(floats(1, 2, 3))


def test_an_array_has_to_be_given_units():
    with pytest.raises(ValueError, match='speeds, which end, or positions, which stay: give '
                                         '--action-units'):
        reader(floats())(floats(1, 2))
    with pytest.raises(ValueError, match=r'has 3 numbers to use, --action-units gives 2'):
        reader(floats(), units=('rad', 'm'))(floats(1, 2, 3))
    with pytest.raises(ValueError, match="unit '1' says of no number whether it stays"):
        reader(floats(), units=('1',))
    with pytest.raises(ValueError, match='units are rad, m/s, must all be of speeds'):
        reader(floats(), units=('rad', 'm/s'))
    with pytest.raises(ValueError, match=r'--action-units are of .*Array, and the action is of '
                                         r'.*Twist, which says its own'):
        reader(rig.twist(), units=('m/s',))


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 2e9])
def test_what_is_not_finite_is_refused(value):
    words = re.escape(f'angular_z is {value}, must be finite, limit 1e+09')
    with pytest.raises(ValueError, match=words):
        reader(rig.twist())(rig.twist(0.1, value))
    # what is not asked for may be anything
    read = reader(rig.twist(), names=('linear_x',))
    np.testing.assert_array_equal(read(rig.twist(0.1, value)), [0.1])


def test_numbers_that_do_not_fit_the_joints_are_refused():
    with pytest.raises(ValueError, match=r'2 joints and 1 numbers of velocity'):
        reader(joint_state())(joint_state(velocity=(1,)))


@pytest.mark.parametrize('settings, words', [
    ({'names': ('a', 'a')}, 'all different'), ({'names': ('x' * 65,)}, '65 characters'),
    ({'period_s': 0.0}, 'period is 0.0 s'), ({'hold_s': -1.0}, 'hold is -1.0 s'),
    ({'field': 'effort'}, "action field is 'effort'"), ({'low': (np.nan,)}, 'must be finite'),
    ({'low': (1.0,), 'high': (1.0,)}, 'must be below high'),
    ({'region': (0, 0, 5, 0)}, 'region is'), ({'height': 0}, 'height is 0 pixels'),
])
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        BagSettings(**{'height': 8, 'width': 8, **settings})
