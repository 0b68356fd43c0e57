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

"""Definitions of any message type that is installed; profiles that hear every publisher."""

import builtin_interfaces.msg
import diagnostic_msgs.msg
import geometry_msgs.msg
import nav_msgs.msg
import pytest
import rcl_interfaces.msg
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.typesys import get_typestore, Stores
import sensor_msgs.msg
import std_msgs.msg
import trajectory_msgs.msg
import visualization_msgs.msg

from jepa_ros.ros import bag_types, qos

PACKAGES = (builtin_interfaces, diagnostic_msgs, geometry_msgs, nav_msgs, rcl_interfaces,
            sensor_msgs, std_msgs, trajectory_msgs, visualization_msgs)
JAZZY = get_typestore(Stores.ROS2_JAZZY)
KINDS = sorted(f'{package.__name__}/msg/{name}' for package in PACKAGES
               for name, found in vars(package.msg).items()
               if hasattr(found, 'get_fields_and_field_types')
               # nav_msgs/msg/Goals is younger than the list
               and f'{package.__name__}/msg/{name}' in JAZZY.types)


def test_a_definition_from_the_class_is_the_one_from_its_file():
    """Every type that is installed here, as if ROS 2 did not know it: the same hash."""
    assert len(KINDS) > 100
    wrong = []
    for kind in KINDS:
        store = get_typestore(Stores.EMPTY)
        bag_types._learn(store, kind)
        if store.hash_rihs01(kind) != JAZZY.hash_rihs01(kind):
            wrong.append(kind)
    # a char is a uint8 in Python, and on the wire
    assert wrong == ['std_msgs/msg/Char']


def test_a_definition_holds_what_it_is_made_of():
    text, digest = bag_types.definition('geometry_msgs/msg/TwistStamped')
    for part in ('std_msgs/Header header', 'MSG: geometry_msgs/Vector3', 'float64 x'):
        assert part in text
    assert digest == JAZZY.hash_rihs01('geometry_msgs/msg/TwistStamped')


@pytest.mark.parametrize('word, said', [
    ('sequence<double, 3>', 'float64[<=3]'), ('float[9]', 'float32[9]'),
    ('sequence<std_msgs/Header>', 'std_msgs/Header[]'), ('string<10>', 'string<=10'),
    ('sequence<string<10>, 2>', 'string<=10[<=2]'), ('boolean', 'bool'), ('octet', 'byte')])
def test_field_types(word, said):
    assert bag_types._field_type(word) == said


@pytest.mark.parametrize('kind, words', [
    ('no_such_msgs/msg/Thing', 'is not installed here.*package no_such_msgs'),
    ('std_msgs/msg/Nothing', 'is not installed here'),
    ('os/../msg/Thing', 'is no message type'), ('std_msgs/srv/Empty', 'is no message type')])
def test_a_type_that_cannot_be_had_is_named(kind, words):
    with pytest.raises(ValueError, match=words):
        bag_types.message_class(kind)


@pytest.mark.parametrize('profiles, reliable, latched', [
    ([qos.SENSOR], False, False), ([qos.RELIABLE], True, False), ([qos.LATCHED], True, True),
    ([qos.RELIABLE, qos.SENSOR], False, False), ([qos.LATCHED, qos.RELIABLE], True, False)])
def test_the_strictest_profile_that_hears_all(profiles, reliable, latched):
    profile = bag_types.matching(profiles, 7)
    assert (profile.reliability == ReliabilityPolicy.RELIABLE) is reliable
    assert (profile.durability == DurabilityPolicy.TRANSIENT_LOCAL) is latched
    assert profile.depth == 7


def test_profiles_are_those_of_rosbag2():
    from rosbags.interfaces import QosDurability, QosReliability
    from rosbags.rosbag2.metadata import parse_qos
    first, second = parse_qos(bag_types.profiles_text([qos.LATCHED, QoSProfile(depth=3)]))
    assert (first.durability, first.depth) == (QosDurability.TRANSIENT_LOCAL, 1)
    assert (second.reliability, second.depth) == (QosReliability.RELIABLE, 3)


def test_a_type_that_no_definition_can_be_made_of_is_refused_by_name(monkeypatch):
    class Wide:

        @staticmethod
        def get_fields_and_field_types():
            return {'text': 'wstring'}

    monkeypatch.setattr(bag_types, 'message_class', lambda _: Wide)
    with pytest.raises(ValueError, match='my_msgs/msg/Wide cannot be recorded'):
        bag_types.definition('my_msgs/msg/Wide')
