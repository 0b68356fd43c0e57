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

"""ROS tests run in a domain of their own, and do not look beyond this machine."""

from collections.abc import Iterator
import gc
import os
from pathlib import Path

import pytest

os.environ['ROS_DOMAIN_ID'] = str(1 + os.getpid() % 100)
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
for _name in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
    os.environ.setdefault(_name, str(Path(__file__).parents[2] / 'config' / 'fastdds.xml'))
os.environ.setdefault('OMP_NUM_THREADS', '1')

pytest.importorskip('rclpy')


@pytest.fixture(scope='module')
def ros() -> Iterator[None]:
    """Hold a ROS context for the tests of one file."""
    import rclpy
    rclpy.init()
    yield
    rclpy.try_shutdown()
    # a destroyed lifecycle node stays in the graph, with its name, until it is collected
    gc.collect()


@pytest.fixture
def probe(ros: None) -> Iterator[object]:
    """Hold a node that listens and speaks."""
    from graph import Probe
    probe = Probe()
    yield probe
    probe.close()


@pytest.fixture
def robot(probe: object) -> object:
    """Hold the other end of the planner."""
    from robot import Robot
    return Robot(probe)


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """Hold the parameter of a folder that is found as a bundle."""
    folder = tmp_path / 'spot'
    folder.mkdir()
    (folder / 'manifest.json').write_text('{}')
    return f'model:={folder}'


@pytest.fixture
def planner(bundle: str, robot: object) -> Iterator[object]:
    """Hold the planner's process, active."""
    from graph import process
    with process('fake_planner', '-p', bundle) as planner:
        robot.wait_word('idle')
        yield planner
    assert 'Traceback' not in planner.output, planner.output


@pytest.fixture
def gate() -> Iterator[object]:
    """Hold the command gate's process."""
    from gate_probe import GATE
    from graph import process
    with process(GATE, '-p', 'max_speed_m_s:=0.6', '-p', 'max_turn_rad_s:=1.0') as gate:
        yield gate
    assert 'cannot' not in gate.output, gate.output
