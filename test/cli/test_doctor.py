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

"""``jepa doctor``: what it finds is there, what is broken is named, and it never hangs."""

import json
import os
import shutil
import sys

import pytest

from jepa_ros.cli import doctor, doctor_machine
from jepa_ros.cli.doctor_ask import Questions
from jepa_ros.cli.doctor_engines import bundle_rows, Models
from jepa_ros.cli.doctor_row import FAIL, guarded, OK, Row, SKIP, STATUSES, WARN
from jepa_ros.cli.main import main

# each is there, whatever the machine
CHECKS = {'python', 'ros', 'messages', 'packages', 'domain', 'security', 'dds profile',
          'shared memory', 'cpu', 'room for bags', 'engine cache', 'gpu', 'rmw', 'image',
          'rendering', 'openvino', 'onnxruntime', 'torch'}
# what a Python with this in its path has none of
FORBIDDEN = ('rclpy', 'torch', 'openvino', 'onnxruntime', 'mujoco', 'tensorrt_rtx')


def told(capsys, *arguments) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the doctor; return its exit code and its rows by check."""
    code = main(['doctor', '--json', '--seconds', '1', *map(str, arguments)])
    rows = json.loads(capsys.readouterr().out)
    assert all(set(row) == {'check', 'status', 'found', 'mend'} for row in rows)
    assert {row['status'] for row in rows} <= set(STATUSES)
    assert code == any(row['status'] == FAIL for row in rows)
    found = {row['check']: row for row in rows}
    assert len(found) == len(rows)
    return code, found


def test_a_check_that_breaks_leaves_the_others(committed, capsys, monkeypatch, tmp_path):
    """The whole doctor, on whatever this machine is."""
    pytest.importorskip('rclpy')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))

    def broken():
        raise OSError(5, 'Input/output error')

    monkeypatch.setattr(doctor_machine, 'cpu_row', broken)
    code, found = told(capsys, '--model', committed)
    assert code == 1
    assert found['cpu'] == {'check': 'cpu', 'status': FAIL, 'mend': '', 'found':
                            'the check itself broke: OSError: [Errno 5] Input/output error'}
    assert set(found) >= CHECKS | {f'model {committed.name}', f'engine {committed.name}'}
    assert found['rmw']['status'] == OK
    assert found['ros']['status'] == OK
    assert found[f'model {committed.name}']['status'] == OK
    # on a busy machine it may be slow, but it runs
    assert found[f'engine {committed.name}']['status'] in (OK, WARN)
    assert 'candidates' in found[f'engine {committed.name}']['found']


def test_without_ros_and_without_runtimes(committed, capsys, monkeypatch, tmp_path):
    (tmp_path / 'sitecustomize.py').write_text(
        f'import sys\nsys.modules.update(dict.fromkeys({FORBIDDEN!r}))\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    for name in FORBIDDEN:
        monkeypatch.setitem(sys.modules, name, None)
    code, found = told(capsys, '--model', committed)
    assert code == 1
    assert found['ros']['status'] == FAIL
    assert 'requirements/ros.txt' in found['ros']['mend'] or 'setup.bash' in found['ros']['mend']
    for check in ('messages', 'rmw', 'image', 'commands', 'goal', 'clock'):
        assert found[check]['status'] == SKIP, check
        assert found[check]['found'] == 'there is no rclpy'
    for module in ('openvino', 'onnxruntime'):
        assert found[module] == {'check': module, 'status': FAIL, 'found': 'not installed',
                                 'mend': 'pip install -r requirements/robot.txt'}
    assert found['torch']['status'] == found['rendering']['status'] == SKIP
    engine = found[f'engine {committed.name}']
    assert engine['status'] == FAIL
    assert 'is not installed' in engine['found']
    assert engine['mend'] == 'pip install -r requirements/robot.txt'


def test_a_changed_byte_in_a_bundle(committed, tmp_path):
    model = shutil.copytree(committed, tmp_path / 'small')
    content = bytearray((model / 'rollout.onnx').read_bytes())
    content[len(content) // 2] ^= 1
    (model / 'rollout.onnx').write_bytes(content)
    with Questions() as questions:
        row, = bundle_rows(questions, Models((model,), 'auto', None))
    assert row.status == FAIL
    assert 'rollout.onnx: SHA-256 is' in row.found
    assert row.mend.startswith(f'rm -r {model}, and ')


def test_a_missing_signature(committed, tmp_path):
    pytest.importorskip('cryptography')
    assert main(['sign', '--new-key', str(tmp_path / 'keys')]) == 0
    model = shutil.copytree(committed, tmp_path / 'small')
    model.chmod(0o755)
    with Questions() as questions:
        row, = bundle_rows(questions, Models((model,), 'auto', tmp_path / 'keys/trusted_key.pem'))
    assert row.status == FAIL
    assert 'is not signed' in row.found


@pytest.mark.parametrize('rows, code, said', [
    ([Row('a', OK, 'x'), Row('b', WARN, 'y', 'do'), Row('c', SKIP, 'z')], 0,
     ['ok    a  x', 'warn  b  y', '         mend: do', 'skip  c  z',
      '1 ok, 1 warn, 0 fail, 1 skip; nothing stops a drive']),
    ([Row('a', FAIL, 'x')], 1, ['fail  a  x', '0 ok, 0 warn, 1 fail, 0 skip; this stops a drive']),
])
def test_what_a_person_reads_and_what_a_shell(rows, code, said, capsys, monkeypatch):
    monkeypatch.setattr(doctor, 'examine', lambda args: rows)
    assert main(['doctor']) == code
    assert capsys.readouterr().out.splitlines() == said


def test_wrong_calls_are_answered_with_one_line(capsys):
    for arguments, message in (
            (['--seconds', '0'], 'jepa doctor: seconds is 0, must be in [1, 60]'),
            (['--engine', 'warp'], "jepa doctor: engine is 'warp', must be one of auto, ")):
        assert main(['doctor', *arguments]) == 2
        assert capsys.readouterr().err.startswith(message)


def test_a_status_that_is_none_is_refused():
    with pytest.raises(ValueError, match="status of a is 'good', must be one of ok, warn"):
        Row('a', 'good', '')
    assert guarded('b', lambda: [Row('a', 'good', '')])[0].status == FAIL
