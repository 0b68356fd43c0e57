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

"""What every test shares: no screen, no network beyond this machine, no process left behind."""

import atexit
from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import shutil
import tempfile

from hypothesis import settings
import numpy as np
import pytest
from shared_memory import sweep

# before anything imports ROS, NumPy's threads or MuJoCo
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
if 'ROS_LOG_DIR' not in os.environ:
    os.environ['ROS_LOG_DIR'] = tempfile.mkdtemp(prefix='jepa_ros_log_')
    atexit.register(shutil.rmtree, os.environ['ROS_LOG_DIR'], ignore_errors=True)

# where there is no way to render, the tests that do say so
with contextlib.suppress(RuntimeError):
    import jepa_ros.sim  # noqa: F401

# the same examples at every run, and no clock: a busy machine must not fail a test
settings.register_profile('repeatable', derandomize=True, deadline=None, database=None)
settings.load_profile('repeatable')


def pytest_sessionfinish() -> None:
    """Leave no shared memory of the nodes that the tests killed."""
    sweep()


@pytest.fixture(scope='session')
def root() -> Path:
    """Return the root of the source tree."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that is the same for every test."""
    return np.random.default_rng(0)


def living_children() -> dict[int, str]:
    """Return this process's children that still run: command line by process id (Linux)."""
    found = {}
    for task in Path('/proc/self/task').glob('*/children'):
        for child in task.read_text().split():
            try:
                command = Path(f'/proc/{child}/cmdline').read_bytes()
            except OSError:
                continue
            if command:     # a zombie has none
                found[int(child)] = command.replace(b'\0', b' ').decode(errors='replace').strip()
    return found


@pytest.fixture(autouse=True, scope='session')
def no_child_left() -> Iterator[None]:
    """Fail the run where a test left a process of its own behind."""
    before = set(living_children())
    yield
    left = {
        child: command for child, command in living_children().items()
        # multiprocessing keeps one helper until the interpreter ends
        if child not in before and 'multiprocessing.resource_tracker' not in command}
    assert not left, f'{len(left)} processes were left behind, limit 0: {left}'
