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

"""Drives are recorded in simulation, a bag each; what is complete is kept."""

import os
from pathlib import Path
import signal
import subprocess
import sys

from graph import wait_for
import pytest
from recordings import read

from jepa_ros.ros.bag_recovery import is_unfinished

pytest.importorskip('mujoco')

ROOT = Path(__file__).parents[2]
SMALL = ('--width', '64', '--height', '48', '--encoding', 'mono8', '--minutes', '0.05',
         '--image-topic', '/eye', '--action-topic', '/go', '--seed', '7')


def command(out: Path, *options: str) -> list[str]:
    """Return the command line of the tool."""
    return [sys.executable, str(ROOT / 'tools' / 'record_drives.py'), '--out', str(out), *SMALL,
            *options]


@pytest.mark.slow
def test_a_bag_for_each_seed_and_none_twice(tmp_path):
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(command(tmp_path, '--bags', '1'), env=environment, capture_output=True,
                          text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert 'frames, 0 lost' in done.stderr
    bag = tmp_path / 'drive_0007'
    assert [path.name for path in tmp_path.iterdir()] == ['drive_0007']
    assert not is_unfinished(bag)
    found = read(bag)
    topics = [topic for topic, _, _ in found]
    # three simulated seconds, ten frames and commands a second, fifty times odometry
    assert 20 <= topics.count('/eye') <= 31
    assert 20 <= topics.count('/go') <= 32
    assert topics.count('/odom') >= 100
    assert 0 < found[0][1] < found[-1][1] < 200 * 10 ** 9
    stamp = (bag / 'metadata.yaml').stat().st_mtime_ns

    # the next is stopped while it records: the first stays, the second counts for nothing
    with subprocess.Popen(command(tmp_path, '--bags', '2', '--minutes', '5'), env=environment,
                          stderr=subprocess.PIPE, text=True) as running:
        partial = tmp_path / 'partial_8' / 'drive_0008'
        wait_for(lambda: list(partial.glob('*.mcap')), 'the second begins', 100.0)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert 'stopped; complete bags stay' in said
    assert (bag / 'metadata.yaml').stat().st_mtime_ns == stamp
    assert not (tmp_path / 'drive_0008').exists()
