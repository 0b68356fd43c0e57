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

"""``jepa watch``: what it refuses, and that it records without a page."""

import argparse
import os
from pathlib import Path
import re
import shlex
import signal
import socket
import subprocess
import sys

import pytest

from jepa_ros.cli import watch
from jepa_ros.cli.main import main

pytest.importorskip('tornado', reason='the page needs Tornado: requirements/watch.txt')
pytest.importorskip('rclpy')

PATIENCE_S = 60.0


def test_a_port_in_use_is_said_with_what_to_do(capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert main(['watch', '--no-open', '--port', str(port)]) == 2
    said = capsys.readouterr().err
    assert f'port {port} of 127.0.0.1 is in use' in said
    assert '--port' in said


@pytest.mark.parametrize('options, word', [
    (['--host', '0.0.0.0'], '--expose'),
    (['--port', '70000'], 'must be in [0, 65535]'),
    (['--no-page'], '--rerun'),
])
def test_what_makes_no_sense_is_refused(options, word, capsys):
    assert main(['watch', '--no-open', *options]) == 2
    assert word in capsys.readouterr().err


def test_every_command_of_the_page_s_document_is_one():
    """The options in docs/watch.md are those of the verb."""
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    text = (Path(__file__).parents[2] / 'docs' / 'watch.md').read_text()
    commands = [shlex.split(line, comments=True)
                for block in re.findall(r'^```\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
                for line in block.splitlines() if 'jepa watch' in line]
    assert len(commands) > 4
    for words in commands:
        parser.parse_args(words[words.index('watch') + 1:])


def test_it_records_without_a_page_until_it_is_asked_to_end(tmp_path: Path):
    pytest.importorskip('rerun', reason='it wants the Rerun SDK: requirements/rerun.txt')
    path = tmp_path / 'drive.rrd'
    environment = dict(os.environ, ROS_DOMAIN_ID=str(1 + os.getpid() % 100),
                       PYTHONPATH=str(Path(__file__).parents[2]))
    child = subprocess.Popen(
        [sys.executable, '-m', 'jepa_ros.cli.main', 'watch', '--no-page', '--rerun', str(path)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        # it hears signals by then
        assert any(f'recorded in {path}' in line for line in child.stdout), child.poll()
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == 0, said
    finally:
        child.kill()
        child.communicate()
    from rrd import read_rrd
    assert read_rrd(path) == {}
    assert main(['watch', '--no-page', '--rerun', str(path)]) == 2
