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

"""The graph in enclaves: who has no right is refused, and without security nothing starts."""

import os
from pathlib import Path
import re
import shutil

from graph import process, wait_for
from keystore import GRAPH, make_keystore, openssl, topics_of
from policy import read_policy
import pytest

pytestmark = pytest.mark.skipif(shutil.which('openssl') is None,
                                reason='openssl is not installed, it makes the keystore')
# what rmw says that was built without; any other failure is one
WITHOUT = re.compile(r'security (libraries|support)')


@pytest.fixture(scope='module')
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold a keystore of our policy."""
    folder = tmp_path_factory.mktemp('keystore')
    make_keystore(folder, read_policy(), int(os.environ['ROS_DOMAIN_ID']))
    return folder


@pytest.fixture
def enforced(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of a test run in enclaves, or not at all."""
    monkeypatch.setenv('ROS_SECURITY_ENABLE', 'true')
    monkeypatch.setenv('ROS_SECURITY_STRATEGY', 'Enforce')
    monkeypatch.setenv('ROS_SECURITY_KEYSTORE', str(keystore))


def talk(enclave: str, *parameters: str):
    """Run a node that talks in an enclave, under the name that the policy knows."""
    options = [word for p in parameters for word in ('-p', p)]
    return process('enclave_talk', '--enclave', f'/jepa_ros/{enclave}', '-r',
                   f'__node:={enclave}', *options)


def missing(enclave: str) -> str:
    """Return what a node says where this machine's DDS has no security, '' where it has."""
    with talk(enclave, 'topic:=cmd_vel') as node:
        wait_for(lambda: 'ready' in node.output or node.child.poll() is not None, 'a node')
        code = node.child.poll()
        if code is not None:
            node.wait()
    if code is None:
        return ''
    assert WITHOUT.search(node.output), node.output
    said = next(line for line in node.output.splitlines() if WITHOUT.search(line))
    return said.partition('cannot start: ')[2] or said


@pytest.fixture
def secured(enforced: None) -> None:
    """Go on where security is compiled in."""
    reason = missing('simulator_node')
    if reason:
        pytest.skip(reason)


def test_the_keystore_is_whole(keystore):
    """Every certificate and every signature holds, and says what the policy says."""
    authority = keystore / 'ca.cert.pem'
    for enclave, allowed in read_policy().items():
        place = keystore / 'enclaves' / enclave.lstrip('/')
        assert b': OK' in openssl('verify', '-CAfile', authority, place / 'cert.pem')
        assert enclave in openssl('x509', '-in', place / 'cert.pem', '-noout', '-subject',
                                  '-nameopt', 'RFC2253').decode()
        said = openssl('smime', '-verify', '-text', '-CAfile', authority, '-in',
                       place / 'permissions.p7s').decode()
        assert f'<subject_name>CN={enclave}</subject_name>' in said
        write, read = topics_of(allowed)
        for topic in (*write, *read):
            assert f'<topic>{topic}</topic>' in said
        assert said.count('<topic>') == len(write) + len(read)
        assert '<default>DENY</default>' in said


def test_dds_names_of_topics_and_services():
    policy = read_policy()
    write, read = topics_of(policy['/jepa_ros/operator'])
    assert {GRAPH, 'rt/goal_image', 'rq/command_gate/stopRequest'} <= set(write)
    assert {GRAPH, 'rt/command_gate/state', 'rr/command_gate/stopReply'} <= set(read)
    write, read = topics_of(policy['/jepa_ros/command_gate'])
    assert 'rr/command_gate/stopReply' in write
    assert 'rq/command_gate/stopRequest' in read


@pytest.mark.parametrize('module', ['planner_node', 'command_gate', 'goal_sender'])
def test_without_security_in_dds_no_node_starts(enforced, module):
    """Enforce means enforce: a node that cannot be secured ends and says why."""
    if not missing('simulator_node'):
        pytest.skip('security is compiled in: test_a_rogue_is_refused looks at it')
    with process(f'jepa_ros.ros.{module}', '--enclave', f'/jepa_ros/{module}',
                 '-p', 'random:=true') as node:
        assert node.wait() == 1
    assert 'cannot start: ' in node.output
    assert WITHOUT.search(node.output)
    assert 'Traceback' not in node.output


def test_an_enclave_that_is_not_there_ends_the_node(enforced):
    with process('jepa_ros.ros.command_gate', '--enclave', '/jepa_ros/nobody') as node:
        assert node.wait() == 1
    assert re.search(r"cannot start: .*/jepa_ros/nobody' does not exist", node.output)
    assert 'Traceback' not in node.output


def test_a_rogue_is_refused(secured, monkeypatch):
    """The wheels hear the gate's enclave; another's, or a node without one, they do not."""
    with talk('simulator_node', 'topic:=cmd_vel') as wheels:
        wheels.wait_said('ready')
        with talk('goal_sender', 'topic:=cmd_vel', 'speak:=true') as rogue:
            wait_for(lambda: 'refused' in rogue.output or rogue.output.count('said') > 30,
                     'what comes of a rogue with an enclave')
        with monkeypatch.context() as bare:
            bare.setenv('ROS_SECURITY_ENABLE', 'false')
            with talk('command_gate', 'topic:=cmd_vel', 'speak:=true') as stranger:
                wait_for(lambda: stranger.output.count('said') > 30, 'a stranger speaks')
        assert 'heard' not in wheels.output
        with talk('command_gate', 'topic:=cmd_vel', 'speak:=true'):
            wheels.wait_said('heard 0.25')


def test_the_operator_may_stop_and_others_may_not(secured):
    """The gate itself, in its enclave."""
    with process('jepa_ros.ros.command_gate', '--enclave', '/jepa_ros/command_gate') as gate:
        gate.wait_said('waiting')
        with talk('goal_sender', 'call:=command_gate/stop') as rogue:
            rogue.wait_said('ready')
            with talk('operator', 'call:=command_gate/stop') as operator:
                operator.wait_said('answered True')
            assert 'answered' not in rogue.output
        assert gate.end() == 0, gate.output
