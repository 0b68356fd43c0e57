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

"""The launch file of the chain, on a machine that has launch: what it says, and what it starts."""

from pathlib import Path

from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, wait_for
from launched import install, LAUNCH, launched, NAV2, OURS
from lifecycle_msgs.srv import GetState
import pytest

launch = pytest.importorskip('launch')
actions = pytest.importorskip('launch.actions')
sources = pytest.importorskip('launch.launch_description_sources')
ros_actions = pytest.importorskip('launch_ros.actions')

FILE = LAUNCH / 'nav2_chain.launch.py'
NODES = ('command_gate', 'collision_monitor', 'velocity_smoother', 'planner_node')


def load(monkeypatch, distro: str = 'jazzy') -> list:
    """Return the entities of the launch file on a distribution."""
    monkeypatch.setenv('ROS_DISTRO', distro)
    return sources.get_launch_description_from_python_launch_file(str(FILE)).entities


@pytest.mark.parametrize('distro, stamped', [
    ('humble', 'false'), ('jazzy', 'false'), ('kilted', 'true'), ('rolling', 'true')])
def test_the_type_of_commands_is_that_of_the_distribution(monkeypatch, distro, stamped):
    """And every argument is described, has a default, and names a file that is there."""
    arguments = {a.name: a for a in load(monkeypatch, distro)
                 if isinstance(a, actions.DeclareLaunchArgument)}
    defaults = {name: a.default_value[0].text if a.default_value else ''
                for name, a in arguments.items()}
    assert all(len(a.description) > 10 for a in arguments.values())
    assert defaults['stamped'] == stamped
    assert Path(defaults['nav2_params_file']).is_file()
    assert Path(defaults['nav2_params_file']).stem == (
        'nav2_kilted' if stamped == 'true' else 'nav2_jazzy')


def test_it_starts_nav2s_three_and_includes_ours(monkeypatch):
    """One description of planner and gate, not two, whose arguments are known there."""
    entities = load(monkeypatch)
    nodes = [e for e in entities if isinstance(e, ros_actions.Node)]
    assert {f'{n.node_package}/{n.node_executable}' for n in nodes} == set(NAV2)
    (include,) = [e for e in entities if isinstance(e, actions.IncludeLaunchDescription)]
    source = include.launch_description_source
    known = {a.name for a in source.get_launch_description(launch.LaunchContext()).entities
             if isinstance(a, actions.DeclareLaunchArgument)}
    assert Path(source.location) == LAUNCH / 'planner.launch.py'
    assert {name for name, _ in include.launch_arguments} <= known


@pytest.mark.parametrize('stamped, kind', [('false', Twist), ('true', TwistStamped)])
def test_all_four_become_active_and_end_cleanly(probe: Probe, bundle, tmp_path, stamped, kind):
    """Under launch, with stand-ins of Nav2: one chain of one type, from the planner to wheels."""
    install(tmp_path, {**NAV2, **OURS})
    with launched(tmp_path, FILE.name, bundle, f'stamped:={stamped}') as running:
        wait_for(lambda: 'Managed nodes are active' in running.output
                 or running.child.poll() is not None, 'the lifecycle manager', 60.0)
        assert running.child.poll() is None, running.output
        for name in NODES:
            state = probe.call(GetState, f'{name}/get_state', GetState.Request())
            assert state.current_state.label == 'active', name
        topics = dict(probe.node.get_topic_names_and_types())
        wanted = f'geometry_msgs/msg/{kind.__name__}'
        for topic, who in (('cmd_vel_nav', 'planner_node'),
                           ('cmd_vel_smoothed', 'velocity_smoother'),
                           ('cmd_vel_checked', 'collision_monitor'), ('cmd_vel', 'command_gate')):
            assert topics[f'/{topic}'] == [wanted], topic
            wait_for(lambda topic=f'/{topic}', who=who: [
                i.node_name for i in probe.node.get_publishers_info_by_topic(topic)] == [who],
                f'{who}, alone, on {topic}')
        assert running.end() == 0, running.output
        assert 'Traceback' not in running.output, running.output
