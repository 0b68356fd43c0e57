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


"""A signal at any moment ends a node without a traceback, from its executable's first line on."""

import signal
import subprocess
import sys

import pytest

from jepa_ros.ros import executables

PATIENCE_S = 60.0
# the process sends itself a signal when it comes to import a module
PROGRAM = """
import os, sys
_, module, number, executable = sys.argv
sys.argv[1:] = []

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            print('importing', name, flush=True)
            os.kill(os.getpid(), int(number))

sys.meta_path.insert(0, Sender())
from jepa_ros.ros import executables
sys.exit(getattr(executables, executable)())
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('name, module', [
    ('planner_node', 'jepa_ros.ros.planner_node'),
    ('planner_node', 'rclpy'),
    ('planner_node', 'sensor_msgs.msg'),
    ('planner_node', 'jepa_ros.ros.process'),
    ('command_gate', 'numpy'),
    ('goal_sender', 'rclpy.executors'),
])
def test_a_signal_while_it_imports_ends_it_in_order(name, module, number):
    done = subprocess.run([sys.executable, '-c', PROGRAM, module, str(int(number)), name],
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stdout == f'importing {module}\n'
    assert (done.returncode, done.stderr) == (0, '')


def test_it_runs_as_a_module_and_says_what_it_is_called():
    done = subprocess.run([sys.executable, '-m', executables.__name__, 'planer_node'],
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert 'planner_node, command_gate, simulator_node, goal_sender' in done.stderr


@pytest.mark.parametrize('name', executables.NAMES)
def test_each_name_is_a_module_with_a_main(name):
    program = f'import jepa_ros.ros.{name} as module; assert callable(module.main)'
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
