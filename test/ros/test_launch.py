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

"""The launch files: what they start, with which arguments, on a machine that has launch."""

import os
from pathlib import Path

import pytest

launch = pytest.importorskip('launch')
actions = pytest.importorskip('launch.actions')
sources = pytest.importorskip('launch.launch_description_sources')
ros_actions = pytest.importorskip('launch_ros.actions')

LAUNCH = Path(__file__).parents[2] / 'launch'
PROMISED = {'namespace', 'use_sim_time', 'params_file', 'model', 'image_topic', 'cmd_vel_topic',
            'stamped', 'log_level', 'autostart'}


def load(name: str) -> launch.LaunchDescription:
    """Return the description of a launch file."""
    return sources.get_launch_description_from_python_launch_file(
        str(LAUNCH / name))


def of_kind(description: launch.LaunchDescription, kind: type) -> list:
    """Return the entities of a kind."""
    return [entity for entity in description.entities if isinstance(entity, kind)]


@pytest.mark.parametrize('name', ['planner.launch.py', 'simulation.launch.py'])
def test_every_argument_is_described_and_has_a_default(name):
    """`ros2 launch --show-args` tells what each is for."""
    arguments = of_kind(load(name), actions.DeclareLaunchArgument)
    assert arguments
    for argument in arguments:
        assert len(argument.description) > 10, argument.name
        assert argument.default_value is not None, argument.name


def test_the_planner_launch_file_takes_what_was_promised():
    """The arguments that a robot needs."""
    names = {a.name for a in of_kind(load('planner.launch.py'), actions.DeclareLaunchArgument)}
    assert names >= PROMISED


@pytest.mark.parametrize('name, executables', [
    ('planner.launch.py', {'planner_node', 'command_gate'}),
    ('simulation.launch.py', {'simulator_node', 'goal_sender'}),
])
def test_what_is_started(name, executables):
    """The executables of setup.py, each under its own name."""
    nodes = of_kind(load(name), ros_actions.Node)
    assert {node.node_executable for node in nodes} == executables


def test_the_simulation_includes_the_planner():
    """One description of the planner, not two."""
    (include,) = of_kind(load('simulation.launch.py'), actions.IncludeLaunchDescription)
    source = include.launch_description_source
    source.get_launch_description(launch.LaunchContext())
    assert Path(source.location) == LAUNCH / 'planner.launch.py'
    given = {name for name, _ in include.launch_arguments}
    known = {a.name for a in of_kind(load('planner.launch.py'), actions.DeclareLaunchArgument)}
    assert given <= known


@pytest.mark.parametrize('variable', [
    'FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'])
@pytest.mark.parametrize('name', ['planner.launch.py', 'simulation.launch.py'])
def test_the_users_environment_is_kept(name, variable, monkeypatch):
    """A Fast DDS profile of the user's own stays; without one, ours is set and exists."""
    def profile() -> str:
        context = launch.LaunchContext()
        for action in of_kind(load(name), actions.SetEnvironmentVariable):
            action.execute(context)
        return os.environ[variable]

    monkeypatch.setenv(variable, '/my/own.xml')
    monkeypatch.setenv('OMP_NUM_THREADS', '2')
    assert profile() == '/my/own.xml'
    assert os.environ['OMP_NUM_THREADS'] == '2'
    monkeypatch.delenv(variable)
    assert Path(profile()).is_file()
