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


"""How simulator, planner and gate are started for the fault tests."""

from collections.abc import Sequence
from functools import lru_cache
import os
from pathlib import Path
import re
import sys

from node_process import NodeProcess
import numpy as np

from jepa_ros.cli.children import node_command
from jepa_ros.ros.share import FAST_DDS_VARIABLES
from jepa_ros.sim.world import Pose, World

ROOT = Path(__file__).parents[2]
# the longest free straight way of the cell: a drive of some six seconds
START, GOAL = Pose(-1.6, 0.0, 0.0), Pose(1.6, 0.0, 0.0)
# enough for a dozen of the simulator's frames; the shipped 64 MiB would add up, kill by kill
_SEGMENT_BYTES = 16 * 2**20


def small_profile(folder: Path) -> Path:
    """Write the shipped profile of Fast DDS with smaller segments, and return where."""
    text = (ROOT / 'config' / 'fastdds.xml').read_text()
    small, count = re.subn(r'<segment_size>\d+<', f'<segment_size>{_SEGMENT_BYTES}<', text)
    if count != 1:
        raise RuntimeError(f'config/fastdds.xml names {count} segment sizes, expected 1')
    path = folder / 'fastdds.xml'
    path.write_text(small)
    return path


@lru_cache(maxsize=1)
def goal_picture() -> np.ndarray:
    """Return what the ceiling camera sees of the robot at the goal."""
    world = World(seed=0)
    try:
        return world.render_at(GOAL)
    finally:
        world.close()


def numbered(picture: np.ndarray, number: int) -> np.ndarray:
    """Return a picture (H, W, 3) that differs from others of its kind in one corner pixel."""
    picture = picture.copy()
    picture[0, 0] = number % 256
    return picture


def make_nodes(folder: Path, profile: Path, stamped: bool, direct: bool, planner: str,
               gate: Sequence[str]) -> dict[str, NodeProcess]:
    """Return the three nodes, not yet started, in the order in which they start."""
    environment = dict(
        os.environ, ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST', OMP_NUM_THREADS='1',
        OPENBLAS_NUM_THREADS='1', FAULT_FOLDER=str(folder),
        PYTHONPATH=os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
        **dict.fromkeys(FAST_DDS_VARIABLES, str(profile)))
    commands_stamped = ['-p', f'stamped:={str(stamped).lower()}']
    simulated = ['-p', 'use_sim_time:=true', *commands_stamped]
    hear = [] if direct else ['-r', 'cmd_vel_nav:=faulty/cmd_vel_nav',
                              '-r', 'planner_node/status:=faulty/status']
    planner_command = ([sys.executable, '-m', planner] if planner
                       else node_command('planner_node'))
    commands = {
        'simulator': [*node_command('simulator_node'), '--ros-args', *commands_stamped,
                      '-p', 'front_camera:=false', '-p', 'random_start:=false',
                      '-p', f'start_x_m:={START.x}', '-p', f'start_y_m:={START.y}',
                      '-p', f'start_yaw_rad:={START.yaw}', '-r', '/clock:=sim_clock'],
        'planner': [*planner_command, '--ros-args', *simulated, '-r', 'image:=faulty/image',
                    '-p', f'model:={ROOT / "models" / "warehouse_ceiling"}'],
        'gate': [*node_command('command_gate'), '--ros-args', *simulated, *hear, *gate],
    }
    return {name: NodeProcess(name, command, environment, folder)
            for name, command in commands.items()}
