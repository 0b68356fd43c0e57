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
"""Fast DDS profiles: which a process takes, and that the two agree."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from jepa_ros.ros.share import (
    fast_dds_profile,
    FAST_DDS_VARIABLES,
    leave_shared_memory,
    own_domain,
)


def test_a_process_can_do_without_shared_memory(monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    for name, path in fast_dds_profile().items():
        monkeypatch.setenv(name, path)
    leave_shared_memory()
    assert [Path(os.environ[name]).name for name in FAST_DDS_VARIABLES] == [
        'fastdds_gate_localhost.xml'] * 2
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SYSTEM_DEFAULT'


def test_what_the_user_has_chosen_stays(monkeypatch, tmp_path):
    own = tmp_path / 'own.xml'
    own.write_text('<dds/>')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv(FAST_DDS_VARIABLES[0], str(own))
    monkeypatch.delenv(FAST_DDS_VARIABLES[1], raising=False)
    leave_shared_memory()
    assert os.environ[FAST_DDS_VARIABLES[0]] == str(own)
    assert FAST_DDS_VARIABLES[1] not in os.environ
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'


def participant(path):
    """Return (tag, text) of every element of a profile's participant, but its transports."""
    found = next(e for e in ElementTree.parse(path).iter() if e.tag.endswith('}participant'))
    return [(element.tag.rpartition('}')[2], (element.text or '').strip())
            for element in found.iter() if not element.tag.endswith('transport_id')]


def test_the_gate_s_profiles_are_the_shipped_one_without_shared_memory(root):
    shipped, *of_the_gate = (root / 'config' / f'fastdds{name}.xml'
                             for name in ('', '_gate', '_gate_localhost'))
    for profile in of_the_gate:
        assert participant(shipped) == participant(profile)
        assert '<type>SHM' not in profile.read_text()
    assert ['127.0.0.1' in profile.read_text() for profile in of_the_gate] == [False, True]


@pytest.mark.parametrize('shell', [None, '42', *map(str, range(1, 101))])
def test_a_domain_of_its_own_is_never_that_of_the_shell(monkeypatch, shell):
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    if shell is not None:
        monkeypatch.setenv('ROS_DOMAIN_ID', shell)
    own = own_domain()
    assert 1 <= int(own['ROS_DOMAIN_ID']) <= 100
    assert own['ROS_DOMAIN_ID'] != shell
    assert own['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
