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

"""The ROS API that the code uses exists in Humble, Jazzy and Kilted, by name."""

from importlib import metadata
import json
from pathlib import Path
import sys

import pytest
from used import Distro, Use, uses_in, uses_of

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
from distro_names import MESSAGES, names_in  # noqa: E402, I100  (a tool, no package)

DISTROS = ('humble', 'jazzy', 'kilted')
RCLPY = {'7': 'jazzy', '9': 'kilted'}
# what a distro lacks, and which files do not run there for it; docs/distros.md says so
SIMULATIONS = {'launch/gazebo.launch.py', 'launch/simulation.launch.py'}
LACKS = {'humble': {'launch.substitutions.EqualsSubstitution': SIMULATIONS,
                    'launch.substitutions.IfElseSubstitution': SIMULATIONS},
         'jazzy': {}, 'kilted': {}}


def names_of(distro: str) -> dict[str, list[str]]:
    return json.loads((Path(__file__).parent / f'{distro}.json').read_text())['names']


@pytest.fixture(scope='module')
def used() -> list[Use]:
    """Return all that the nodes and the launch files use of ROS."""
    found = uses_of([ROOT / 'jepa_ros' / 'ros', ROOT / 'launch'])
    seen = {use.name for use in found}
    assert {'rclpy.qos.ReliabilityPolicy.BEST_EFFORT', 'rclpy.init', '.create_subscription',
            'launch_ros.actions.Node', 'sensor_msgs.msg.Image', '.encoding'} <= seen
    return found


@pytest.mark.parametrize('distro', DISTROS)
def test_all_that_is_used_is_there(used, distro):
    missing = Distro(names_of(distro), names_of('jazzy')).missing(used)
    assert missing == LACKS[distro], f'what {distro} has none of'


@pytest.mark.parametrize('source, humble, kilted', [
    ('from rclpy.node import Nod', 'rclpy.node.Nod', 'rclpy.node.Nod'),
    ('import rclpy\nrclpy.init(argz=1)', 'rclpy.init(argz)', 'rclpy.init(argz)'),
    ('from rclpy.qos import DurabilityPolicy as D\nD.TRANSIENT',
     'rclpy.qos.DurabilityPolicy.TRANSIENT', 'rclpy.qos.DurabilityPolicy.TRANSIENT'),
    ('from rclpy.qos import QoSProfile\nQoSProfile(dept=1)', 'rclpy.qos.QoSProfile(dept)',
     'rclpy.qos.QoSProfile(dept)'),
    ('from sensor_msgs.msg import Image\nImage(hight=1)', 'sensor_msgs.msg.Image(hight)',
     'sensor_msgs.msg.Image(hight)'),
    ('from launch.actions import DeclareLaunchArgument as D\nD("a", defalt_value="1")',
     'launch.actions.DeclareLaunchArgument(defalt_value)',
     'launch.actions.DeclareLaunchArgument(defalt_value)'),
    # younger than Humble
    ('node.create_timer(1.0, act, autostart=False)', '.create_timer(autostart)', None),
    ('node.add_post_set_parameters_callback(act)', '.add_post_set_parameters_callback', None),
    ('from rclpy.qos import QoSProfile\nQoSProfile(depth=1)', None, None),
    ('from rclpy.lifecycle import LifecycleNode\nLifecycleNode.create_timer', None, None),
])
def test_what_is_not_there_is_found(source, humble, kilted):
    uses = list(uses_in(source, 'a'))
    for distro, wanted in (('humble', humble), ('kilted', kilted)):
        missing = Distro(names_of(distro), names_of('jazzy')).missing(uses)
        assert list(missing) == ([wanted] if wanted else []), distro


def test_both_have_the_same_wheels():
    jazzy, kilted = ({line.partition('==')[0] for line in path.read_text().splitlines()
                      if line and not line.startswith('#')}
                     for path in (ROOT / 'requirements' / f'{name}.txt'
                                  for name in ('ros', 'ros-kilted')))
    assert jazzy == kilted


def test_the_names_are_those_of_the_wheels():
    """The file of the distro that this runs on is what the tool makes of it."""
    try:
        wheel = metadata.distribution('ros-rclpy')
    except metadata.PackageNotFoundError:
        pytest.skip('ROS is not from wheels')
    written = names_of(RCLPY[wheel.version.partition('.')[0]])
    found = names_in([Path(str(wheel.locate_file('')))])
    assert {'rclpy.node.Node', 'geometry_msgs.msg.Twist'} <= set(found)
    packages = {'rclpy', 'ament_index_python', *MESSAGES}
    assert {key: names for key, names in written.items() if key.split('.')[0] in packages
            and key.split('.')[0] != 'tf2_msgs'} == found
