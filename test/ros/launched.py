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

"""Start a launch file for real: packages made of scripts, and the process that launches them."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import sys

from graph import Child, ROOT

LAUNCH = ROOT / 'launch'
# what each executable of a package runs instead
NAV2 = {f'nav2_{name}/{name}': ('nav2_standins', name)
        for name in ('velocity_smoother', 'collision_monitor', 'lifecycle_manager')}
OURS = {'jepa_ros/planner_node': ('fake_planner',),
        'jepa_ros/command_gate': ('jepa_ros.ros.command_gate',)}


def install(prefix: Path, executables: dict[str, tuple[str, ...]]) -> None:
    """Put packages under a prefix, whose executables run modules: {'package/name': (module,)}."""
    index = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages'
    index.mkdir(parents=True, exist_ok=True)
    for path, (module, *words) in executables.items():
        package, _, name = path.partition('/')
        (index / package).touch()
        script = prefix / 'lib' / package / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@" '
                          + ' '.join(['--', *words] if words else []) + '\n')
        script.chmod(0o755)


class Launched(Child):
    """A launch file that runs."""

    def __init__(self, prefix: Path, name: str, *arguments: str) -> None:
        known = os.environ.get('AMENT_PREFIX_PATH', '')
        super().__init__(
            [str(Path(__file__).with_name('launch_it.py')), str(LAUNCH / name), *arguments],
            {'AMENT_PREFIX_PATH': os.pathsep.join(filter(None, [str(prefix), known]))},
            own_group=True)

    def end(self) -> int:
        """Interrupt it, as Ctrl-C does, and return the exit code."""
        # a terminal sends it to all of them
        os.killpg(self.child.pid, signal.SIGINT)
        return self.wait()


@contextmanager
def launched(prefix: Path, name: str, *arguments: str) -> Iterator[Launched]:
    """Run a launch file; whatever happens, it and what it started are gone afterwards."""
    running = Launched(prefix, name, *arguments)
    try:
        yield running
    finally:
        if running.child.poll() is None:
            os.killpg(running.child.pid, signal.SIGKILL)
            running.child.wait()
        running.child.stdout.close()
