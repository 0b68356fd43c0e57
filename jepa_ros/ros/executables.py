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

"""
The executables of the nodes: signals are heard before anything heavy is imported.

A node that is asked to end while it still imports rclpy ends with 0, and without a traceback.
"""

import importlib
import sys

from jepa_ros.ros import signals

# those that are installed, and the one that `jepa bench graph` starts
NAMES = ('planner_node', 'command_gate', 'simulator_node', 'goal_sender', 'recorder_node',
         'driver_node', 'bench_robot')


def _run(name: str) -> int:
    signals.hear()
    return importlib.import_module(f'jepa_ros.ros.{name}').main()


def planner_node() -> int:
    """Run the planner; return the exit code."""
    return _run('planner_node')


def command_gate() -> int:
    """Run the command gate; return the exit code."""
    return _run('command_gate')


def simulator_node() -> int:
    """Run the simulated warehouse; return the exit code."""
    return _run('simulator_node')


def goal_sender() -> int:
    """Send one goal picture; return the exit code."""
    return _run('goal_sender')


def recorder_node() -> int:
    """Record topics into a bag; return the exit code."""
    return _run('recorder_node')


def driver_node() -> int:
    """Drive the simulated robot as a person would; return the exit code."""
    return _run('driver_node')


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f'name one of {", ".join(NAMES)}')
    sys.exit(_run(sys.argv.pop(1)))
