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
The launch file of Gazebo: its arguments, and a drive through it with stand-ins for Gazebo.

`gz` and parameter_bridge are stand-ins; launch, planner node, command gate and DDS are real.
"""

import json
import os
from pathlib import Path
import signal
import sys
import textwrap

from diagnostic_msgs.msg import DiagnosticStatus
from fake_planner import spot_picture
from geometry_msgs.msg import Twist
from graph import PATIENCE_S, ROOT, wait_for
from launched import install, LAUNCH, launched, OURS
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb

launch = pytest.importorskip('launch')
actions = pytest.importorskip('launch.actions')
sources = pytest.importorskip('launch.launch_description_sources')
ros_actions = pytest.importorskip('launch_ros.actions')

FILE = LAUNCH / 'gazebo.launch.py'
GZ = """
    import json
    import os
    import signal
    import sys
    ended = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _: ended.append(n))
    with open(os.environ['STAND_IN_GZ'], 'w') as file:
        json.dump({'process': os.getpid(), 'arguments': sys.argv[1:]}, file)
    while not ended:
        signal.pause()
    print('gz ends on', signal.Signals(ended[0]).name, flush=True)
"""


def load(path: str) -> launch.LaunchDescription:
    """Return the description of a launch file."""
    return sources.get_launch_description_from_python_launch_file(path)


def of_kind(kind: type) -> list:
    """Return the launch file's own entities of a kind."""
    return [entity for entity in load(str(FILE)).entities if isinstance(entity, kind)]


def test_every_argument_is_described_and_has_a_default():
    arguments = of_kind(actions.DeclareLaunchArgument)
    assert {a.name for a in arguments} >= {'world', 'headless', 'bridge_config', 'camera',
                                           'namespace', 'log_level'}
    for argument in arguments:
        assert len(argument.description) > 10, argument.name
        assert argument.default_value is not None, argument.name


def test_it_includes_the_planner_with_what_that_knows():
    (include,) = of_kind(actions.IncludeLaunchDescription)
    include.launch_description_source.get_launch_description(launch.LaunchContext())
    assert Path(include.launch_description_source.location) == FILE.with_name('planner.launch.py')
    given = {name for name, _ in include.launch_arguments}
    known = {a.name for a in load(include.launch_description_source.location).entities
             if isinstance(a, actions.DeclareLaunchArgument)}
    assert {'use_sim_time', 'image_topic'} <= given <= known


def test_gazebo_starts_once_with_a_window_or_without():
    for headless in ('true', 'false'):
        context = launch.LaunchContext()
        context.launch_configurations.update(headless=headless, gz_verbosity='2', world='w.sdf')
        commands = [[''.join(part.perform(context) for part in word) for word in gz.cmd]
                    for gz in of_kind(actions.ExecuteProcess)
                    if not isinstance(gz, ros_actions.Node) and gz.condition.evaluate(context)]
        options = ['-s', '--headless-rendering'] if headless == 'true' else []
        assert commands == [['gz', 'sim', '-r', *options, '-v', '2', 'w.sdf']]


@pytest.fixture
def prefix(tmp_path, monkeypatch) -> Path:
    """Return an installation of ours and of the stand-ins, with `gz` on the PATH."""
    install(tmp_path, {**OURS, 'ros_gz_bridge/parameter_bridge': ('stand_in_bridge',)})
    gz = tmp_path / 'bin' / 'gz'
    gz.parent.mkdir()
    gz.write_text(f'#!{sys.executable}\n{textwrap.dedent(GZ)}')
    gz.chmod(0o755)
    monkeypatch.setenv('PATH', f'{gz.parent}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setenv('STAND_IN_GZ', str(tmp_path / 'gz.json'))
    return tmp_path


@pytest.mark.slow
def test_it_drives_and_ends_cleanly(prefix, bundle, probe):
    status = probe.listen(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
    commands = probe.listen(Twist, 'cmd_vel', qos.COMMAND)
    goals = probe.publisher(Image, 'goal_image', qos.RELIABLE)
    with launched(prefix, FILE.name, 'headless:=true', bundle) as running:

        def said(word: str) -> bool:
            assert running.child.poll() is None, running.output
            return any(message.message == word for message in status)

        wait_for(lambda: said('idle'), 'idle', 2 * PATIENCE_S)
        wait_for(goals.get_subscription_count, 'the planner listens to goals')
        goals.publish(from_rgb(spot_picture(0.45, 0.4), Header()))
        wait_for(lambda: said('arrived'), 'arrived', 2 * PATIENCE_S)
        # as a terminal does: a launch leaves it to that to tell its processes of a Ctrl-C
        os.killpg(running.child.pid, signal.SIGINT)
        assert running.child.wait(PATIENCE_S) == 0, running.output
    assert max(abs(command.linear.x) for command in commands) > 0.05
    told = json.loads((prefix / 'gz.json').read_text())
    assert told['arguments'] == ['sim', '-r', '-s', '--headless-rendering', '-v', '2',
                                 str(ROOT / 'worlds' / 'warehouse.sdf')]
    assert 'gz ends on SIGINT' in running.output
    assert 'Traceback' not in running.output
    assert running.output.count('process has finished cleanly') == 4, running.output


@pytest.mark.slow
def test_when_gazebo_ends_so_does_all_of_it(prefix, bundle, probe):
    status = probe.listen(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
    clock = probe.listen(Clock, '/clock', qos.SENSOR)
    with launched(prefix, FILE.name, 'headless:=true', bundle) as running:
        wait_for(lambda: status and clock, 'planner and bridge are there', 2 * PATIENCE_S)
        os.kill(json.loads((prefix / 'gz.json').read_text())['process'], signal.SIGTERM)
        running.child.wait(PATIENCE_S)
    assert 'gz ends on SIGTERM' in running.output
    assert running.output.count('process has finished cleanly') == 4, running.output
