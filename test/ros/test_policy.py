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

"""The security policy is what the nodes do: nothing missing, nothing too much."""

from contextlib import ExitStack, suppress
import re
from xml.etree import ElementTree

from graph import Probe, Process, process, ROOT, wait_for
import numpy as np
from policy import Allowed, FILE, full_name, read_policy
import pytest

# what there is only with an option, only for some models, or only where a package is installed
NONE = frozenset()
OPTIONAL = {'simulator_node': Allowed('simulator_node', frozenset({'/tf'}), NONE, NONE, NONE),
            'planner_node': Allowed('planner_node', NONE, frozenset({'/odom'}), NONE, NONE)}
# with simulated time, as simulation.launch.py has them, so that every option shows
SIMULATED = ('-p', 'use_sim_time:=true')
CAMERA = ('-r', 'image:=camera/image_raw', '-r',
          'image/compressed:=camera/image_raw/compressed')
NODES = ('planner_node', 'command_gate', 'simulator_node', 'goal_sender')


def seen(probe: Probe, name: str) -> Allowed:
    """Return what a node of the graph does."""
    node = probe.node

    def names(kind: str) -> frozenset[str]:
        ask = getattr(node, f'get_{kind}_names_and_types_by_node')
        return frozenset(topic for topic, _ in ask(name, '/'))

    try:
        return Allowed(name, names('publisher'), names('subscriber'), names('service'),
                       names('client'))
    except RuntimeError:        # not yet known to the graph
        return Allowed(name, *[frozenset()] * 4)


def difference(found: Allowed, allowed: Allowed) -> list[str]:
    """Return in words what a node does and may not, and what it may and does not."""
    option = OPTIONAL.get(found.node, Allowed(found.node, *[frozenset()] * 4))
    said = []
    for right in ('publish', 'subscribe', 'reply', 'request'):
        does, may = getattr(found, right), getattr(allowed, right)
        said += [f'{right} {name} is not in the policy' for name in sorted(does - may)]
        said += [f'{right} {name} is in the policy for nothing'
                 for name in sorted(may - does - getattr(option, right))]
    return said


@pytest.fixture(scope='module')
def goal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hold the path of a picture."""
    cv2 = pytest.importorskip('cv2')
    path = tmp_path_factory.mktemp('goal') / 'goal.png'
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    return str(path)


def check(probe: Probe, name: str, node: Process) -> None:
    """Wait until a node does what its enclave allows; AssertionError has the differences."""
    allowed = {a.node: a for a in read_policy().values()}[name]
    found: list[str] = []

    def agrees() -> bool:
        found[:] = difference(seen(probe, name), allowed)
        return not found or node.child.poll() is not None

    with suppress(AssertionError):      # the next line knows more
        wait_for(agrees, name)
    assert not found, f'{name}: {found}\n{node.output}'


def test_the_policy_is_what_the_nodes_do(probe, bundle, goal):
    """All the nodes that the launch files start, live."""
    pytest.importorskip('mujoco')
    with ExitStack() as running:
        def start(module: str, *arguments: str) -> Process:
            return running.enter_context(process(module, *arguments))

        # while nobody listens to it: as soon as there is a planner it is gone
        check(probe, 'goal_sender', start('jepa_ros.ros.goal_sender', '-p', f'image:={goal}'))
        for name, node in {
                'command_gate': start('jepa_ros.ros.command_gate', *SIMULATED),
                'simulator_node': start('jepa_ros.ros.simulator_node'),
                'planner_node': start('fake_planner', '-p', bundle, *SIMULATED, *CAMERA)}.items():
            check(probe, name, node)
        # when there is a camera and a gate: it listens to what somebody publishes
        check(probe, 'watch_node', start('watcher', *SIMULATED))


def test_a_difference_is_found_both_ways():
    """The comparison itself: too much and too little are told apart."""
    none = frozenset()
    does = Allowed('simulator_node', frozenset({'/a', '/b'}), none, none, frozenset({'/s'}))
    may = Allowed('simulator_node', frozenset({'/b', '/c', '/tf'}), none, none, none)
    assert difference(does, may) == [
        'publish /a is not in the policy', 'publish /c is in the policy for nothing',
        'request /s is not in the policy']


def test_one_enclave_for_each_executable_and_one_for_the_operator():
    assert set(read_policy()) == {
        f'/jepa_ros/{name}' for name in (*NODES, 'watch_node', 'operator')}
    for path, allowed in read_policy().items():
        assert path == f'/jepa_ros/{allowed.node}'


@pytest.mark.parametrize('topic, speaker', [
    ('/cmd_vel', 'command_gate'),
    ('/cmd_vel_nav', 'planner_node'),
    ('/command_gate/state', 'command_gate'),
    ('/planner_node/status', 'planner_node'),
    ('/camera/image_raw', 'simulator_node'),
    ('/clock', 'simulator_node'),
])
def test_who_alone_may_speak(topic, speaker):
    """The wheels hear the gate only, and what the gate judges by has one source."""
    assert [a.node for a in read_policy().values() if topic in a.publish] == [speaker]


def test_the_operator_and_the_page_alone_may_ask():
    """They stop and reset, the operator starts and cancels; nobody sets a parameter or a state."""
    policy = read_policy()
    stops = {'/command_gate/stop', '/command_gate/reset'}
    asks = {'operator': stops | {'/planner_node/start', '/planner_node/cancel'},
            'watch_node': stops}
    for allowed in policy.values():
        wanted = asks.get(allowed.node, set())
        assert allowed.request == wanted
        assert allowed.request <= set().union(*(a.reply for a in policy.values()))
    operator = policy['/jepa_ros/operator']
    assert operator.publish == {'/goal_image', '/parameter_events', '/rosout'}
    assert policy['/jepa_ros/watch_node'].publish == {'/parameter_events', '/rosout'}


def test_no_right_is_a_pattern():
    """A wildcard gives what nobody has read; the one there is holds nothing of ours."""
    patterns = set()
    for allowed in read_policy().values():
        for right in ('publish', 'subscribe', 'reply', 'request'):
            patterns |= {(allowed.node, right, name) for name in getattr(allowed, right)
                         if not re.fullmatch(r'(/[a-z][a-z0-9_]*)+', name)}
    assert patterns == {('operator', 'reply', '/_ros2cli*')}


def test_no_comment_stands_among_the_enclaves():
    """Jazzy's `ros2 security generate_artifacts` takes each child for one, comments too."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    (enclaves,) = ElementTree.parse(FILE, parser).getroot()
    assert {child.tag for child in enclaves} == {'enclave'}
    assert any(child.tag is ElementTree.Comment for child in enclaves[0])


def test_the_names_are_those_of_the_launch_files():
    """The topics that this test remaps as the launch files do, and the enclaves."""
    text = (ROOT / 'launch' / 'planner.launch.py').read_text()
    for line in ("'image_topic': ('camera/image_raw',", "'goal_topic': ('goal_image',",
                 "'cmd_vel_topic': ('cmd_vel',", "'namespace': ('',"):
        assert line in text
    text += (ROOT / 'launch' / 'simulation.launch.py').read_text()
    for name in NODES:
        assert text.count(f"'--enclave', [argument('enclaves'), '/{name}']") == 1
    assert text.count("'enclaves': ('/jepa_ros',") == 2


@pytest.mark.parametrize('before, after', [
    ('publish="ALLOW"', 'publish="DENY"'),
    ('publish="ALLOW"', 'publish="ALLOW" subscribe="ALLOW"'),
    ('<topic>cmd_vel</topic>', '<topic>cmd_vel</topic><topic>/cmd_vel</topic>'),
    ('services', 'actions'),
    ('ns="/"', 'ns="/robot"'),
    ('/jepa_ros/operator', '/jepa_ros/planner_node'),
])
def test_what_is_not_understood_is_refused(tmp_path, before, after):
    """Else the tests above could pass for a policy that gives more."""
    text = FILE.read_text()
    assert before in text
    path = tmp_path / 'policy.xml'
    path.write_text(text.replace(before, after))
    with pytest.raises(ValueError):
        read_policy(path)


def test_names_are_made_full():
    assert full_name('~/stop', 'command_gate') == '/command_gate/stop'
    assert full_name('/tf', 'x') == '/tf'
    assert full_name('cmd_vel', 'x') == '/cmd_vel'
