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

"""Shared memory that is in use, and what a killed process leaves."""

import os
from pathlib import Path
import signal

from graph import process, wait_for
import pytest

from jepa_ros.cli.doctor_dds import stale_files

SHARED = Path('/dev/shm')


def locks(process_id: int | str) -> set[Path]:
    """Return the locks of the segments that a process has made; ports are shared with others."""
    links = [os.readlink(link) for link in Path(f'/proc/{process_id}/fd').iterdir()
             if os.path.lexists(link)]
    return {Path(link) for link in links
            if link.startswith(f'{SHARED}/fast') and link.endswith('_el') and 'port' not in link}


def test_the_memory_of_the_living_is_not_stale(probe):
    """Nor is that of this process; that of one that was killed is."""
    if not os.access(SHARED, os.W_OK):
        pytest.skip('there is no shared memory')
    mine = locks('self')
    if not mine:
        pytest.skip('this middleware has no shared memory')
    assert not mine & set(stale_files(SHARED).files)
    with process('fake_planner', '-p', 'autostart:=false') as planner:
        wait_for(lambda: probe.node.count_publishers('planner_node/status'), 'the publisher')
        own = locks(planner.child.pid)
        assert own
        assert not own & set(stale_files(SHARED).files)
        assert planner.end(signal.SIGKILL) == -signal.SIGKILL
    stale = stale_files(SHARED)
    assert own <= set(stale.files)
    assert {lock.with_name(lock.name.removesuffix('_el')) for lock in own} <= set(stale.files)
    assert stale.size_bytes > 0
    for lock in own:
        lock.unlink()
        lock.with_name(lock.name.removesuffix('_el')).unlink()
