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

"""No child outlives its parent, however either of them ends."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

from jepa_ros.cli.children import Children, node_command

PATIENCE_S = 20.0
READY = 'print("ready", flush=True)\n'
POLITE = 'import time\n' + READY + """
try:
    time.sleep(120)
except KeyboardInterrupt:
    print('bye', flush=True)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
""" + READY + 'time.sleep(120)'
SHORT = 'import sys\nfor i in range(20): print("line", i)\nsys.exit(3)'
PARENT = """
import os, sys, time
from pathlib import Path
from jepa_ros.cli.children import Children
with Children(Path(sys.argv[1]), dict(os.environ)) as children:
    for name in ('one', 'two'):
        children.start(name, [sys.executable, '-c', sys.argv[2]])
    time.sleep(120)
"""


def wait_for(condition, what):
    """Wait until something is true."""
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit, f'{what}: not within {PATIENCE_S} s'
        time.sleep(0.02)


def wait_for_log(folder: Path, name: str, word: str = 'ready') -> None:
    """Wait until a child has said a word."""
    path = folder / f'{name}.log'
    wait_for(lambda: path.exists() and word in path.read_text(), f'{word!r} of {name}')


def python(code: str) -> list[str]:
    return [sys.executable, '-c', code]


def test_children_end_with_the_block(tmp_path, environment, family):
    with Children(tmp_path, environment) as children:
        children.start('one', python(POLITE))
        children.start('two', python(POLITE))
        wait_for_log(tmp_path, 'one')
        wait_for_log(tmp_path, 'two')
        assert len(family()) == 2
        children.check()
    assert not family()
    # they were asked before they were ended
    assert (tmp_path / 'one.log').read_text() == 'ready\nbye\n'


def test_children_end_with_an_exception(tmp_path, environment, family):
    def fail():
        with Children(tmp_path, environment) as children:
            children.start('one', python(POLITE))
            wait_for_log(tmp_path, 'one')
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not family()
    assert 'bye' in (tmp_path / 'one.log').read_text()


def test_stop_tells_how_each_ended(tmp_path, environment, family):
    children = Children(tmp_path, environment)
    children.start('polite', python(POLITE))
    children.start('stubborn', python(STUBBORN))
    for name in ('polite', 'stubborn'):
        wait_for_log(tmp_path, name)
    assert children.stop(patience_s=0.5) == {'polite': 0, 'stubborn': -signal.SIGKILL}
    assert not family()
    assert children.stop() == {}


def test_a_child_that_ended_is_told_with_the_end_of_its_log(tmp_path, environment):
    with Children(tmp_path, environment) as children:
        children.start('brief', python(SHORT))
        wait_for_log(tmp_path, 'brief', 'line 19')

        def check_raises():
            try:
                children.check()
            except RuntimeError as error:
                said.append(str(error))
            return bool(said)

        said = []
        wait_for(check_raises, 'the end of brief')
    head, *tail = said[0].splitlines()
    assert head == f"brief ended with exit code 3; the end of {tmp_path / 'brief.log'}:"
    assert tail == [f'line {i}' for i in range(12, 20)]


def test_a_command_that_is_not_there_leaves_the_others_to_be_ended(
        tmp_path, environment, family):
    def start():
        with Children(tmp_path, environment) as children:
            children.start('one', python(POLITE))
            children.start('two', [str(tmp_path / 'no-such-node')])

    with pytest.raises(FileNotFoundError, match='no-such-node'):
        start()
    assert not family()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT])
def test_children_die_with_their_parent(tmp_path, environment, family, number):
    parent = subprocess.Popen([*python(PARENT), str(tmp_path), POLITE], env=environment,
                              stderr=subprocess.DEVNULL)
    try:
        wait_for_log(tmp_path, 'one')
        wait_for_log(tmp_path, 'two')
        assert len(family()) == 3
        parent.send_signal(number)
        parent.wait(PATIENCE_S)
        wait_for(lambda: not family(), 'the end of the children')
    finally:
        parent.kill()
        parent.wait()
        for child in family():
            os.kill(child, signal.SIGKILL)


def test_a_node_runs_as_installed_or_else_as_a_module(tmp_path, monkeypatch):
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    module = [sys.executable, '-m', 'jepa_ros.ros.executables', 'test_node']
    assert node_command('test_node') == module
    installed = tmp_path / 'b' / 'lib' / 'jepa_ros' / 'test_node'
    installed.parent.mkdir(parents=True)
    installed.write_text('#!/bin/sh\n')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}")
    # it must be executable
    module = [sys.executable, '-m', 'jepa_ros.ros.executables', 'test_node']
    assert node_command('test_node') == module
    installed.chmod(0o755)
    assert node_command('test_node') == [str(installed)]
