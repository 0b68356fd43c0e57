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


"""A node in a process of its own, which can be hurt and started again, and leaves nothing."""

import contextlib
import fcntl
import os
from pathlib import Path
import re
import signal
import time

from jepa_ros.cli.children import Children

_SEGMENT_LOCK = re.compile(r'fast(rtps|dds)_[0-9a-f]{16}_el')


def segments_of(pid: int) -> set[Path]:
    """Return the locks of the shared memory that a process owns: what a kill would leave."""
    owned = set()
    with contextlib.suppress(OSError):
        for link in Path(f'/proc/{pid}/fd').iterdir():
            with contextlib.suppress(OSError):
                path = link.readlink()
                if _SEGMENT_LOCK.fullmatch(path.name):
                    owned.add(path)
    return owned


def free(lock: Path) -> None:
    """
    Remove a segment of shared memory, unless the lock beside it says that its owner lives.

    Ports, which are small, stay: the living write to one, and the next process takes it over.
    """
    with contextlib.suppress(OSError), lock.open('r+b') as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in (lock.with_name(lock.name.removesuffix('_el')), lock):
            path.unlink(missing_ok=True)


class NodeProcess:
    """One node; ``start`` again after it has died."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str],
                 folder: Path) -> None:
        self.name = name
        self.began_s = 0.0          # system time
        self._command, self._environment = command, environment
        self._folder = folder
        self._count = 0
        self._children: Children | None = None
        self._shared: set[Path] = set()

    def start(self) -> None:
        """Start it; its output goes to a log of its own."""
        self._count += 1
        self._children = Children(self._folder, self._environment)
        self.began_s = time.time()
        self._children.start(self._log_name, self._command)

    @property
    def _log_name(self) -> str:
        return f'{self.name}_{self._count}'

    @property
    def log(self) -> str:
        """Return what the present process has said."""
        return (self._folder / f'{self._log_name}.log').read_text(errors='replace')

    @property
    def tail(self) -> str:
        """Return the end of that."""
        return '\n'.join(self.log.splitlines()[-12:])

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._children.pids()[self._log_name]

    @property
    def alive(self) -> bool:
        """Tell whether it runs; a stopped one does."""
        if self._children is None or not self._children.pids():
            return False
        try:
            self._children.check()
        except RuntimeError:
            return False
        return True

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._shared |= segments_of(self.pid)
        os.kill(self.pid, number)

    def end(self) -> int | None:
        """
        End it in order, or find it ended, and free its shared memory.

        Returns the exit code, None where it never ran.
        """
        if self._children is None or not self._children.pids():
            return None
        if self.alive:
            self.send(signal.SIGCONT)
        code = self._children.stop()[self._log_name]
        for lock in self._shared:
            free(lock)
        self._shared.clear()
        return code
