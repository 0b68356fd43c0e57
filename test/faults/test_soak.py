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


"""What the soak says of growth, of runs made by hand; and a soak of seconds, interrupted."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest
from soak_watch import growth, longest, look, problems, Sample


def life(node: str, pid: int, memory_mib: list[float], fds: list[int] | None = None,
         begin_s: float = 0.0) -> list[Sample]:
    """Return samples of a process, one in 5 s."""
    fds = fds or [20] * len(memory_mib)
    return [Sample(begin_s + 5.0 * i, node, pid, m, m / 2, f)
            for i, (m, f) in enumerate(zip(memory_mib, fds, strict=True))]


def test_what_grows_while_it_settles_is_no_growth():
    """Five minutes are for settling."""
    samples = life('gate', 1, [50.0 + min(i, 60) for i in range(720)])
    grown = growth(samples)
    assert grown.since_s == 300.0
    assert grown.share == pytest.approx(0.0)
    assert problems([grown]) == []


def test_a_leak_is_named_with_its_numbers():
    """Of memory, and of open files."""
    leaks = growth(life('planner', 1, [200.0 + 0.1 * i for i in range(720)]))
    assert leaks.share > 0.15
    assert 'planner grew by' in problems([leaks])[0]
    assert 'limit 5%' in problems([leaks])[0]
    files = growth(life('gate', 1, [90.0] * 720, [20 + i // 20 for i in range(720)]))
    assert 'open files' in problems([files])[0]


def test_the_process_that_lived_longest_is_judged():
    """One that was killed young says little of growth."""
    young = life('planner', 1, [100.0, 200.0, 300.0, 400.0, 500.0])
    old = life('planner', 2, [100.0] * 100, begin_s=60.0)
    assert [g.pid for g in longest([*young, *old])] == [2]
    assert longest(young[:2]) == []


def test_a_look_at_this_process():
    """It has memory and files; one that has ended gives nothing."""
    sample = look(1.0, 'test', os.getpid())
    assert sample.rss_mib > sample.anonymous_mib > 1.0
    assert sample.fds > 2
    ended = subprocess.Popen([sys.executable, '-c', ''])
    ended.wait()
    assert look(1.0, 'test', ended.pid) is None


def test_an_interrupted_soak_ends_in_order_and_writes_its_files(tmp_path):
    """SIGINT once it drives: both files are there, nothing is left behind."""
    running = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / 'soak.py'), '--minutes', '5',
         '--out', str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = ''
    try:
        for line in iter(lambda: running.stdout.read(1), ''):
            said += line
            if ' 1 dropouts' in said:
                running.send_signal(signal.SIGINT)
                break
        said += running.communicate(timeout=60)[0]
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()
    assert running.returncode == 130, said
    assert 'was left behind' not in said
    result = json.loads((tmp_path / 'soak.json').read_text())
    assert result['interrupted']
    assert not result['passed']
    assert result['stops']['dropout']['count'] >= 1
    assert (tmp_path / 'soak.png').stat().st_size > 10_000
