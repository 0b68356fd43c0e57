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

"""The package built and installed as a ROS user does it: colcon build, then its executables."""

from collections.abc import Iterator
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ('jepa_ros', 'launch', 'config', 'models', 'worlds', 'resource')
PATIENCE_S = 60.0
FILES = ('package.xml', 'setup.py', 'setup.cfg', 'pyproject.toml')

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def prefix(tmp_path_factory) -> Path:
    """Build the package with colcon in a folder of its own; return the install prefix."""
    pytest.importorskip('colcon_core')
    workspace = tmp_path_factory.mktemp('workspace')
    source = workspace / 'src' / 'jepa_ros'
    source.mkdir(parents=True)
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name,
                        ignore=shutil.ignore_patterns('__pycache__'))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    built = subprocess.run(
        [sys.executable, '-m', 'colcon', 'build', '--event-handlers', 'console_direct+'],
        cwd=workspace, capture_output=True, text=True, timeout=240)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return workspace / 'install' / 'jepa_ros'


def test_shared_files_are_where_ros_looks(prefix):
    assert (prefix / 'share/ament_index/resource_index/packages/jepa_ros').is_file()
    share = prefix / 'share' / 'jepa_ros'
    for top in ('launch', 'config', 'models', 'worlds'):
        for path in (ROOT / top).rglob('*'):
            if path.is_file() and '__pycache__' not in path.parts:
                installed = share / path.relative_to(ROOT)
                assert installed.read_bytes() == path.read_bytes()


def test_the_page_of_jepa_watch_is_beside_its_server(prefix):
    installed = next(prefix.glob('lib/python*/site-packages')) / 'jepa_ros' / 'web' / 'page'
    pages = sorted((ROOT / 'jepa_ros' / 'web' / 'page').iterdir())
    assert len(pages) > 3
    assert [(installed / page.name).read_bytes() for page in pages] == [
        page.read_bytes() for page in pages]


@pytest.fixture(scope='module')
def environment(prefix) -> dict[str, str]:
    """Return the environment that sourcing the install gives."""
    site = next(prefix.glob('lib/python*/site-packages'))
    domain = os.environ.get('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    return {**os.environ, 'PYTHONPATH': str(site), 'AMENT_PREFIX_PATH': str(prefix),
            'ROS_DOMAIN_ID': domain}


@pytest.fixture(scope='module')
def listener(environment) -> Iterator[Any]:
    """Return a node that sees the graph of the installed executables."""
    rclpy = pytest.importorskip('rclpy')
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=int(environment['ROS_DOMAIN_ID']))
    node = rclpy.create_node('listener', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.mark.parametrize('name', ['planner_node', 'command_gate', 'simulator_node'])
def test_node_starts_and_stops_from_the_install(prefix, environment, listener, name):
    program = prefix / 'lib' / 'jepa_ros' / name
    assert os.access(program, os.X_OK)
    node = f'installed_{name}'
    child = subprocess.Popen(
        [program, '--ros-args', '-r', f'__node:={node}', '-p', 'autostart:=false'],
        cwd=prefix, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + PATIENCE_S
        while node not in listener.get_node_names():
            assert child.poll() is None, child.communicate()[0][-3000:]
            assert time.monotonic() < end, f'{node} not in the graph within {PATIENCE_S} s'
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=PATIENCE_S)
        assert child.returncode == 0, said[-3000:]
    finally:
        child.kill()
        child.communicate()


def test_command_line_runs_from_the_install(prefix, environment):
    done = subprocess.run(
        [prefix / 'lib' / 'jepa_ros' / 'jepa', '--help'], cwd=prefix, env=environment, text=True,
        capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-3000:]
    assert 'demo' in done.stdout


def test_install_is_what_is_imported(prefix, environment):
    done = subprocess.run(
        [sys.executable, '-c', 'import jepa_ros; print(jepa_ros.__file__)'], cwd=prefix,
        env=environment, text=True, capture_output=True, timeout=PATIENCE_S)
    assert Path(done.stdout.strip()).is_relative_to(prefix), done.stdout + done.stderr
