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

"""Single checks of the doctor, each with what is right and what is wrong."""

import os

import pytest

from jepa_ros.cli import doctor_dds, doctor_machine, doctor_ros
from jepa_ros.cli.doctor_ask import Questions
from jepa_ros.cli.doctor_row import FAIL, OK, WARN


@pytest.mark.parametrize('environment, status, said', [
    ({}, OK, '0, range SUBNET'),
    ({'ROS_DOMAIN_ID': '7', 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, OK, '7, range LOCAL'),
    ({'ROS_DOMAIN_ID': '233'}, FAIL, "ROS_DOMAIN_ID is '233', must be 0 to 232"),
    ({'ROS_DOMAIN_ID': 'seven'}, FAIL, "ROS_DOMAIN_ID is 'seven'"),
    ({'ROS_DOMAIN_ID': '150'}, WARN, 'may be taken'),
    ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}, FAIL, 'nodes find nobody'),
    ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'localhost'}, WARN, 'which is none of SUBNET'),
    ({'ROS_DISTRO': 'humble', 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, WARN,
     'humble does not know that variable'),
])
def test_domain(environment, status, said, monkeypatch):
    for name in ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_LOCALHOST_ONLY'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    row, = doctor_ros.domain_row()
    assert row.status == status
    assert said in row.found


def test_security(monkeypatch, tmp_path):
    (tmp_path / 'enclaves').mkdir()
    for name, value, status in (('ROS_SECURITY_ENABLE', 'True', FAIL),
                                ('ROS_SECURITY_ENABLE', 'true', WARN),
                                ('ROS_SECURITY_STRATEGY', 'Enforce', FAIL),
                                ('ROS_SECURITY_KEYSTORE', str(tmp_path / 'none'), FAIL),
                                ('ROS_SECURITY_KEYSTORE', str(tmp_path), OK)):
        monkeypatch.setenv(name, value)
        row, = doctor_ros.security_row()
        assert row.status == status, row


def test_dds_profile(root, monkeypatch, tmp_path):
    variable = doctor_dds.FAST_DDS_VARIABLES[doctor_ros.distro() == 'kilted']
    monkeypatch.delenv('RMW_IMPLEMENTATION', raising=False)
    monkeypatch.delenv(variable, raising=False)
    row, = doctor_dds.profile_row()
    assert row.status == WARN
    assert row.mend == f"export {variable}={root / 'config/fastdds.xml'}"
    broken = tmp_path / 'own.xml'
    broken.write_text('<dds>')
    for path, status in ((root / 'config/fastdds.xml', OK), (broken, FAIL),
                         (tmp_path / 'none.xml', FAIL)):
        monkeypatch.setenv(variable, str(path))
        row, = doctor_dds.profile_row()
        assert row.status == status, row
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_cyclonedds_cpp')
    row, = doctor_dds.profile_row()
    assert row.status == WARN
    assert row.mend == 'export RMW_IMPLEMENTATION=rmw_fastrtps_cpp'


def test_an_engine_cache_that_others_can_write(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    row, = doctor_machine.cache_row()
    assert row.status == OK
    assert row.found.endswith('not made yet')
    folder = tmp_path / 'jepa_ros' / 'engines'
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    folder.chmod(0o777)
    row, = doctor_machine.cache_row()
    assert row.status == WARN
    assert row.mend == f'chmod go-w {folder}'
    folder.chmod(0o700)
    row, = doctor_machine.cache_row()
    assert row.found == f'{folder}: 0 engines'


def test_a_driver_in_trouble(monkeypatch, tmp_path):
    tool = tmp_path / 'nvidia-smi'
    tool.write_text('#!/bin/sh\necho "NVIDIA-SMI has failed"; exit 9\n')
    tool.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
    with Questions() as questions:
        doctor_machine.ask_gpu(questions)
        row, = doctor_machine.gpu_row(questions)
    assert row.status == WARN
    assert 'exit code 9: NVIDIA-SMI has failed' in row.found


def test_the_cpu_of_a_jetson(tmp_path):
    info = tmp_path / 'cpuinfo'
    info.write_text('processor : 0\nFeatures : fp asimd asimddp\n')
    row, = doctor_machine.cpu_row(info)
    assert 'NEON, dot product' in row.found
