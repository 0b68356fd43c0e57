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

"""What ROS is told about its security: words that ROS would overlook are refused."""

from graph import process
import pytest

from jepa_ros.ros.security import check_security

ON = {'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Enforce',
      'ROS_SECURITY_KEYSTORE': '/a'}


@pytest.mark.parametrize('environment', [
    {}, ON, {'ROS_SECURITY_ENABLE': 'false'}, ON | {'ROS_SECURITY_ENABLE': 'false'},
    {'ROS_SECURITY_ENABLE': '', 'ROS_SECURITY_STRATEGY': ''},
])
def test_what_is_clear_passes(environment):
    assert check_security(environment) == ''


@pytest.mark.parametrize('environment', [
    {'ROS_SECURITY_ENABLE': 'true'},
    {'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Permissive'},
])
def test_security_that_gives_way_is_remarked_on(environment):
    assert 'ROS_SECURITY_STRATEGY is not Enforce' in check_security(environment)


@pytest.mark.parametrize('change, said', [
    ({'ROS_SECURITY_ENABLE': 'True'}, "ROS_SECURITY_ENABLE is 'True', must be true or false: "),
    ({'ROS_SECURITY_ENABLE': '1'}, "ROS_SECURITY_ENABLE is '1'"),
    ({'ROS_SECURITY_STRATEGY': 'enforce'},
     "ROS_SECURITY_STRATEGY is 'enforce', must be Enforce or Permissive: "),
    ({'ROS_SECURITY_ENABLE': ''}, 'Enforce and ROS_SECURITY_ENABLE is not set, must be true'),
    ({'ROS_SECURITY_KEYSTORE': ''}, 'Enforce and ROS_SECURITY_KEYSTORE is not set'),
])
def test_what_would_leave_a_node_open_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        check_security(ON | change)


def test_a_node_does_not_start_open(monkeypatch):
    monkeypatch.setenv('ROS_SECURITY_ENABLE', 'true')
    monkeypatch.setenv('ROS_SECURITY_STRATEGY', 'enforce')
    with process('jepa_ros.ros.command_gate') as gate:
        assert gate.wait() == 1
    assert "cannot start: ROS_SECURITY_STRATEGY is 'enforce', must be Enforce" in gate.output
    assert 'Traceback' not in gate.output


def test_a_node_that_may_run_open_says_so(monkeypatch):
    monkeypatch.setenv('ROS_SECURITY_ENABLE', 'true')
    monkeypatch.setenv('ROS_SECURITY_STRATEGY', 'Permissive')
    with process('jepa_ros.ros.command_gate') as gate:
        gate.wait_said('waiting')
        assert gate.end() == 0
    assert 'ROS_SECURITY_STRATEGY is not Enforce' in gate.output
