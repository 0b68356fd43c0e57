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

"""Every command of docs/robots.md: it exists, it runs, and what it starts says the right thing."""

from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from fake_arm import JOINTS
from graph import Probe, Process, process, wait_for
from lifecycle_msgs.srv import GetState
import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python
from robots_page import commands, declared, files, Launch, launches, output_of, write
import yaml

from jepa_ros.ros import command_gate, planner_params

# What the controllers' documentation has of what the page sets.
CONTROLLERS = {
    'diff_drive_controller': {'cmd_vel_timeout'},
    'ackermann_steering_controller': {'reference_timeout'},
    'joint_trajectory_controller': {
        'joints', 'command_interfaces', 'state_interfaces', 'allow_partial_joints_goal',
        'interpolate_from_desired_state', 'allow_nonzero_velocity_at_trajectory_end'},
    'forward_position_controller': {'joints', 'interface_name'},
}
# what an arm's gate answers: as on the page, and as it is by default
LIMITS = {'low': [-1.5, -2.0], 'max_speed_m_s': 0.6}
TABLES = {'command_gate': command_gate.TABLE, 'planner_node': planner_params.TABLE}
# a live graph for each of these; the chain with Nav2 has a test of its own
PLANNERS = [each for each in launches() if each.file == 'planner.launch.py']


def test_the_page_shows_each_robot_and_every_command_is_one_that_is_tried_here():
    """A command of another kind needs a test of its own first."""
    kinds = {tuple(words[:2]) for words in commands()}
    assert kinds == {('ros2', 'launch'), ('ros2', 'topic'), ('ros2', 'param'),
                     ('ros2', 'service')}
    assert {output_of(each)[3] for each in launches()} == {
        'geometry_msgs/msg/TwistStamped', 'trajectory_msgs/msg/JointTrajectory',
        'std_msgs/msg/Float64MultiArray'}
    assert {each.file for each in launches()} == {'planner.launch.py', 'nav2_chain.launch.py'}


@pytest.mark.parametrize('each', launches(), ids=lambda each: output_of(each)[1])
def test_every_argument_is_declared_and_every_file_is_on_the_page(each):
    """And what is launched is one of ours."""
    assert set(each.arguments) <= declared(each.file)
    given = {value for name, value in each.arguments.items() if name.endswith('params_file')}
    assert given <= set(files())


@pytest.mark.parametrize('name', sorted(files()))
def test_every_parameter_exists(name):
    """Of our nodes by their tables, of ros2_control's by its documentation; a wrong one is not."""
    for node, body in yaml.safe_load(files()[name]).items():
        node = node.rpartition('/')[2]
        given = body['ros__parameters']
        known = CONTROLLERS.get(node) or {e.name: type(e.default) for e in TABLES[node]}
        assert set(given) <= set(known), name
        if isinstance(known, dict):
            assert {key: type(value) for key, value in given.items()} == {
                key: known[key] for key in given}


def arguments(each: Launch, folder: Path) -> tuple[list[str], list[str]]:
    """Return the arguments of planner and gate as planner.launch.py would make them."""
    def settings(file: str, *names: str) -> list[str]:
        given = each.arguments
        said = ['--params-file', str(folder / given[file])] if file in given else []
        for name in names:
            said += ['-p', f'{name}:={given[name]}'] if name in given else []
        joints = given.get('joint_states_topic', 'joint_states')
        return [*said, '-r', f'joint_states:={joints}']

    topic, remapped, _, _ = output_of(each)
    return (settings('params_file', 'stamped', 'controller'),
            [*settings('gate_params_file', 'stamped'), '-r', f'{topic}:={remapped}'])


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Hold a folder with the page's files."""
    write(tmp_path)
    return tmp_path


def run(each: Launch, page: Path, bundle: str, running: ExitStack, monkeypatch: Any
        ) -> tuple[Process, Process]:
    """Start planner and gate as a launch command would, around a model that fits."""
    actions = {'trajectory': 'speeds', 'array': 'positions'}.get(
        each.arguments.get('controller', ''))
    module = 'fake_planner'
    if actions:
        monkeypatch.setenv('FAKE_ARM', actions)
        module = 'fake_arm'
    of_planner, of_gate = arguments(each, page)
    return (running.enter_context(process(module, *of_planner, '-p', bundle)),
            running.enter_context(process('jepa_ros.ros.command_gate', *of_gate)))


@pytest.mark.parametrize('each', PLANNERS, ids=lambda each: output_of(each)[1])
def test_what_a_launch_command_starts_says_the_right_type_to_the_right_topic(
        probe: Probe, bundle, page, monkeypatch, each):
    """Both nodes become active with the page's files; one speaks to the other, it to the robot."""
    _, remapped, nav, kind = output_of(each)
    with ExitStack() as running:
        for node in run(each, page, bundle, running, monkeypatch):
            assert node.child.poll() is None

        def topic(name: str) -> bool:
            return dict(probe.node.get_topic_names_and_types()).get(name) == [kind]

        wait_for(lambda: topic(remapped) and topic(f'/{nav}'), f'{kind} on {remapped} and {nav}')
        for node in ('planner_node', 'command_gate'):
            wait_for(lambda node=node: probe.call(
                GetState, f'{node}/get_state', GetState.Request()).current_state.label == 'active',
                f'{node} active')
        # the name of an end's node may come after the end
        for ends, name in ((probe.node.get_publishers_info_by_topic, remapped),
                           (probe.node.get_subscriptions_info_by_topic, f'/{nav}')):
            wait_for(lambda ends=ends, name=name: [i.node_name for i in ends(name)] == [
                'command_gate'], f'the gate, alone, on {name}')


def test_the_questions_to_a_running_robot_are_answered(probe: Probe, bundle, page, monkeypatch):
    """The commands of the top of the page, asked of the arm as it is on the page."""
    (arm,) = [each for each in PLANNERS if each.arguments.get('controller') == 'trajectory']
    assert yaml.safe_load(files()['arm_gate.yaml'])['/**/command_gate'][
        'ros__parameters']['joints'] == list(JOINTS)
    with ExitStack() as running:
        run(arm, page, bundle, running, monkeypatch)
        wait_for(lambda: probe.node.count_publishers('/command_gate/state'), 'the gate')
        wait_for(lambda: probe.call(GetState, 'command_gate/get_state', GetState.Request()
                                    ).current_state.label == 'active', 'an active gate')
        asked = [words[1:] for words in commands() if words[1] != 'launch']
        assert len(asked) == 6
        for kind, *words in asked:
            if kind == 'topic':
                assert words[:2] == ['echo', '--once']
                ((found, types),) = [t for t in probe.node.get_topic_names_and_types()
                                     if t[0] == words[2]]
                assert types == ['diagnostic_msgs/msg/DiagnosticStatus'], found
            elif kind == 'param':
                assert words[0] == 'get'
                answer = probe.call(GetParameters, f'{words[1]}/get_parameters',
                                    GetParameters.Request(names=[words[2]]))
                assert parameter_value_to_python(answer.values[0]) == LIMITS[words[2]]
            else:
                _, name, type_name, fields = words
                package, _, service = type_name.split('/')
                service = getattr(import_module(f'{package}.srv'), service)
                answer = probe.call(service, name,
                                    service.Request(**(yaml.safe_load(fields) or {})))
                assert answer.success, words
