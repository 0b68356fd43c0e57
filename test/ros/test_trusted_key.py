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

"""A planner with a trusted key takes a bundle that was signed with it, and no other."""

import os
from pathlib import Path

from graph import Probe, process
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from jepa_ros.engines.signature import make_keys, sign, SIGNATURE

pytest.importorskip('cryptography')


@pytest.fixture
def folder(bundle: str) -> Path:
    """Hold the folder of a bundle that nobody else may write."""
    path = Path(bundle.partition(':=')[2])
    path.chmod(0o755)
    (path / 'manifest.json').chmod(0o644)
    return path


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """Hold a pair of keys: the private one and the public one."""
    return make_keys(tmp_path / 'keys')


def state(probe: Probe) -> str:
    """Return the planner's lifecycle state."""
    return probe.call(GetState, 'planner_node/get_state',
                      GetState.Request()).current_state.label


def planner(bundle: str, key: Path):
    """Run a planner that trusts a key."""
    return process('fake_planner', '-p', bundle, '-p', f'trusted_key:={key}')


def test_a_signed_bundle_is_taken(bundle, folder, keys, probe, robot):
    """And the key cannot be exchanged while it is in force."""
    fingerprint = sign(folder, keys[0])
    with planner(bundle, keys[1]) as node:
        robot.wait_word('idle')
        node.wait_said(f'spot is signed, key {fingerprint}')
        answer = probe.call(SetParameters, 'planner_node/set_parameters', SetParameters.Request(
            parameters=[Parameter('trusted_key', value='').to_parameter_msg()]))
        assert not answer.results[0].successful
        assert 'trusted_key cannot change once the node is configured' in answer.results[0].reason
        assert node.end() == 0, node.output


def unsigned(folder: Path, keys: tuple[Path, Path], tmp_path: Path) -> str:
    """Leave the bundle as it is."""
    return f'{folder} is not signed: it has no {SIGNATURE}'


def changed(folder: Path, keys: tuple[Path, Path], tmp_path: Path) -> str:
    """Change the manifest after it was signed."""
    sign(folder, keys[0])
    (folder / 'manifest.json').write_text('{ }')
    return 'the manifest was changed, or another key signed it'


def by_another(folder: Path, keys: tuple[Path, Path], tmp_path: Path) -> str:
    """Sign with a key that the planner does not trust."""
    sign(folder, make_keys(tmp_path / 'other')[0])
    return 'the manifest was changed, or another key signed it'


def keyless(folder: Path, keys: tuple[Path, Path], tmp_path: Path) -> str:
    """Take the trusted key away."""
    sign(folder, keys[0])
    os.unlink(keys[1])
    return 'trusted_key.pem is a link or cannot be read: No such file'


@pytest.mark.parametrize('spoil', [unsigned, changed, by_another, keyless])
def test_every_other_bundle_is_refused(bundle, folder, keys, probe, tmp_path, spoil):
    """The reason is logged, and the node stays as it was: unconfigured, alive."""
    said = spoil(folder, keys, tmp_path)
    with planner(bundle, keys[1]) as node:
        node.wait_said('cannot configure')
        node.wait_said(said)
        assert state(probe) == 'unconfigured'
        assert node.end() == 0, node.output
    assert 'Traceback' not in node.output


def test_once_it_is_signed_it_can_be_configured(bundle, folder, keys, probe):
    """No restart is needed."""
    with planner(bundle, keys[1]) as node:
        node.wait_said('is not signed')
        sign(folder, keys[0])
        assert probe.call(ChangeState, 'planner_node/change_state', ChangeState.Request(
            transition=Transition(id=Transition.TRANSITION_CONFIGURE))).success
        assert state(probe) == 'inactive'
        assert node.end() == 0, node.output


def test_without_a_trusted_key_nothing_is_asked(bundle, folder, robot):
    with process('fake_planner', '-p', bundle) as node:
        robot.wait_word('idle')
        assert 'signed' not in node.output
        assert node.end() == 0, node.output
