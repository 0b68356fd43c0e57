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

"""
config/jepa.rviz and config/foxglove.json: well-formed, and about topics that our nodes do have.

Neither program is run here.  RViz's classes are those of rviz_common and rviz_default_plugins in
Jazzy; Foxglove's panels, and what belongs in them, those of its published layouts.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from graph import Probe, process, wait_for
import pytest
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.ros.bag_types import message_class
from jepa_ros.ros.plan_markers import to_markers

yaml = pytest.importorskip('ruamel.yaml')

CONFIG = Path(__file__).parents[2] / 'config'
DISPLAYS = {
    'Grid': '', 'TF': '', 'Axes': '', 'Image': 'sensor_msgs/msg/Image',
    'Camera': 'sensor_msgs/msg/Image', 'Path': 'nav_msgs/msg/Path',
    'Odometry': 'nav_msgs/msg/Odometry', 'Pose': 'geometry_msgs/msg/PoseStamped',
    'PoseArray': 'geometry_msgs/msg/PoseArray', 'RobotModel': 'std_msgs/msg/String',
    'MarkerArray': 'visualization_msgs/msg/MarkerArray'}
OTHERS = {
    'rviz_common': {'Displays', 'Help', 'Selection', 'Time', 'Tool Properties', 'Transformation',
                    'Views'},
    'rviz_default_plugins': {
        'FPS', 'FrameAligned', 'Orbit', 'ThirdPersonFollower', 'TopDownOrtho', 'XYOrbit',
        'FocusCamera', 'Interact', 'Measure', 'MoveCamera', 'PublishPoint', 'Select', 'SetGoal',
        'SetInitialPose', 'TF'}}
QOS = {'Durability Policy': {'Volatile', 'Transient Local', 'System Default'},
       'History Policy': {'Keep Last', 'Keep All', 'System Default'},
       'Reliability Policy': {'Best Effort', 'Reliable', 'System Default'}}
IMAGE = ('sensor_msgs/msg/Image',)
# what a panel must have, and the types of the topic that it shows
PANELS = {
    'Image': ({'imageMode', 'topics', 'layers'}, IMAGE),
    '3D': ({'cameraState', 'followTf', 'topics', 'layers', 'imageMode'},
           ('nav_msgs/msg/Path', 'nav_msgs/msg/Odometry',
            'visualization_msgs/msg/MarkerArray')),
    'Plot': ({'paths', 'xAxisVal', 'isSynced'}, ()),
    'StateTransitions': ({'paths', 'isSynced'}, ()),
    'DiagnosticSummary': ({'topicToRender', 'minLevel', 'pinnedIds', 'hardwareIdFilter'},
                          ('diagnostic_msgs/msg/DiagnosticArray',)),
    'DiagnosticStatusPanel': ({'topicToRender', 'selectedName'},
                              ('diagnostic_msgs/msg/DiagnosticArray',)),
    'CallService': ({'serviceName', 'requestPayload', 'timeoutSeconds'}, ())}
PATH = re.compile(r'(?P<topic>(/\w+)+)(?P<fields>(\.\w+(\[:\])?(\{\w+=="\w+"\})?)+)')


@pytest.fixture(scope='module')
def rviz() -> dict[str, Any]:
    """Hold RViz's file."""
    return yaml.YAML(typ='safe', pure=True).load(CONFIG / 'jepa.rviz')


@pytest.fixture(scope='module')
def foxglove() -> dict[str, Any]:
    """Hold Foxglove's layout."""
    return json.loads((CONFIG / 'foxglove.json').read_text())


def classes(part: Any) -> Iterator[str]:
    """Return every class that RViz's file names."""
    if isinstance(part, dict):
        if part.get('Class'):
            yield part['Class']
        for value in part.values():
            yield from classes(value)
    elif isinstance(part, list):
        for value in part:
            yield from classes(value)


def rviz_topics(rviz: dict[str, Any]) -> dict[str, str]:
    """Return the topics that displays show, and their types."""
    return {'/' + display['Topic']['Value']: DISPLAYS[display['Class'].split('/')[1]]
            for display in rviz['Visualization Manager']['Displays'] if 'Topic' in display}


def foxglove_topics(foxglove: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the topics of panels that show one, and the types that may be in it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, panel in foxglove['configById'].items():
        kinds = PANELS[name.split('!')[0]][1]
        topics = [*panel.get('topics', {}), panel.get('topicToRender'),
                  panel.get('imageMode', {}).get('imageTopic')]
        found |= dict.fromkeys(filter(None, topics), kinds)
    return found


def leaves(part: Any) -> list[str]:
    """Return the panels of a layout; where it is split, both sides are given."""
    if isinstance(part, str):
        return [part]
    assert set(part) <= {'direction', 'first', 'second', 'splitPercentage'}
    assert part['direction'] in ('row', 'column')
    assert 0 < part['splitPercentage'] < 100
    return leaves(part['first']) + leaves(part['second'])


def test_rviz_knows_every_class(rviz):
    named = list(classes(rviz))
    assert len(named) > 10
    for name in named:
        library, _, short = name.partition('/')
        assert short in OTHERS[library] or (
            library == 'rviz_default_plugins' and short in DISPLAYS), name


def test_rviz_is_given_what_a_display_needs(rviz):
    manager = rviz['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == 'odom'
    names = [display['Name'] for display in manager['Displays']]
    assert len(names) == len(set(names))
    (clock,) = [panel for panel in rviz['Panels'] if panel['Class'] == 'rviz_common/Time']
    assert clock['SyncSource'] in names
    for display in manager['Displays']:
        assert display['Enabled'] is display['Value'] is True, display['Name']
        if DISPLAYS[display['Class'].split('/')[1]]:
            assert display['Topic']['Depth'] > 0
            for policy, allowed in QOS.items():
                assert display['Topic'][policy] in allowed


def test_rviz_s_namespaces_are_those_of_the_markers(rviz):
    plan = JointTrajectory(joint_names=['linear_x', 'angular_z'],
                           points=[JointTrajectoryPoint(velocities=[0.1, 0.0])] * 2)
    (display,) = [display for display in rviz['Visualization Manager']['Displays']
                  if display['Class'].endswith('/MarkerArray')]
    assert all(value is True for value in display['Namespaces'].values())
    assert {''} | set(display['Namespaces']) == {
        marker.ns for marker in to_markers(plan, 1, 1, 'driving').markers}


def test_foxglove_s_layout_shows_every_panel_once(foxglove):
    assert set(foxglove) == {'configById', 'globalVariables', 'userNodes', 'playbackConfig',
                             'layout'}
    assert sorted(leaves(foxglove['layout'])) == sorted(foxglove['configById'])
    for name, panel in foxglove['configById'].items():
        needed, _ = PANELS[name.split('!')[0]]
        assert needed <= set(panel), name


def test_both_show_what_was_promised(rviz, foxglove):
    wanted = {'/camera/image_raw', '/goal_image', '/planner_node/latent',
              '/planner_node/imagined', '/planner_node/path', '/planner_node/markers'}
    assert wanted <= set(rviz_topics(rviz))
    assert wanted | {'/diagnostics'} <= set(foxglove_topics(foxglove))
    paths = [path['value'] for panel in foxglove['configById'].values()
             for path in panel.get('paths', ())]
    assert any(path.startswith('/planner_node/surprise') for path in paths)


def field_type(kind: str, fields: str) -> str:
    """Return the type of a field of a message type, such as .values[:]{key=="x"}.value."""
    for field in re.findall(r'\.(\w+)(\[:\])?(?:\{(\w+)==)?', fields):
        name, every, key = field
        kind = message_class(kind).get_fields_and_field_types()[name]
        element = re.fullmatch(r'sequence<(.+)>', kind)
        assert bool(every) == bool(element), (kind, fields)
        kind = element[1] if element else kind
        kind = kind.replace('/', '/msg/') if '/' in kind else kind
        if key:
            assert key in message_class(kind).get_fields_and_field_types()
    return kind


def test_every_topic_is_one_of_our_nodes_with_its_type(probe: Probe, robot, planner, rviz,
                                                       foxglove):
    """Planner, gate and simulator run as they are; a goal is published by goal_sender only."""
    types: dict[str, list[str]] = {}
    wanted = {**{topic: (kind,) for topic, kind in rviz_topics(rviz).items()},
              **foxglove_topics(foxglove)}
    paths = [PATH.fullmatch(path['value']) for panel in foxglove['configById'].values()
             for path in panel.get('paths', ())]
    assert all(paths)
    topics = {*wanted, *(path['topic'] for path in paths)}

    def known() -> bool:
        types.update(probe.node.get_topic_names_and_types())
        return topics <= set(types) and all(probe.node.count_publishers(topic)
                                            for topic in topics - {'/goal_image'})

    with process('jepa_ros.ros.command_gate'), process(
            'jepa_ros.ros.simulator_node', '-p', 'front_camera:=false',
            '-r', '/clock:=another_clock'):
        wait_for(known, f'publishers of {sorted(topics)}')
        for topic, kinds in wanted.items():
            assert set(types[topic]) & set(kinds), f'{topic} is {types[topic]}, not {kinds}'
        for path in paths:
            assert field_type(types[path['topic']][0], path['fields']) in (
                'double', 'float', 'string'), path[0]
        services = dict(probe.node.get_service_names_and_types())
        for name, panel in foxglove['configById'].items():
            if name.startswith('CallService!'):
                assert services[panel['serviceName']] == ['std_srvs/srv/SetBool']
                SetBool.Request(**json.loads(panel['requestPayload']))
