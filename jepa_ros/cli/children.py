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

"""Child processes that never outlive their parent."""

import contextlib
import ctypes
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import TracebackType

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, however the parent dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def node_command(name: str) -> list[str]:
    """
    Return the command line of a node's executable.

    The one that is installed beside this package where there is one, as launch files start it;
    else the same function as a module.
    """
    folders = [Path(sys.executable).parent]
    folders += [Path(prefix) / 'lib' / 'jepa_ros'
                for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if prefix]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return [str(folder / name)]
    return [sys.executable, '-m', 'jepa_ros.ros.executables', name]


class Children:
    """
    Start processes, each with its output in a log file; end all of them on leaving.

    They are asked by SIGINT first, then SIGTERM, then killed.
    """

    def __init__(self, log_folder: Path, environment: dict[str, str]) -> None:
        self._log_folder, self._environment = log_folder, environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: list = []

    def __enter__(self) -> 'Children':
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, command: list[str]) -> None:
        """Start one child, in a process group of its own: Ctrl-C reaches it through us alone."""
        log = (self._log_folder / f'{name}.log').open('wb')
        self._logs.append(log)
        self._running[name] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env=self._environment, start_new_session=True, preexec_fn=_die_with_parent)

    def pids(self) -> dict[str, int]:
        """Return the process id of each child."""
        return {name: child.pid for name, child in self._running.items()}

    def code(self, name: str) -> int | None:
        """Return the exit code of a child that has ended, None as long as it runs."""
        return self._running[name].poll()

    def check(self) -> None:
        """Raise RuntimeError with the end of its log where a child has ended by itself."""
        for name, child in self._running.items():
            code = child.poll()
            if code is not None:
                log = self._log_folder / f'{name}.log'
                tail = '\n'.join(log.read_text(errors='replace').splitlines()[-8:])
                raise RuntimeError(f'{name} ended with exit code {code}; the end of {log}:\n'
                                   f'{tail}')

    def stop(self, patience_s: float = 5.0) -> dict[str, int]:
        """End every child; return their exit codes."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            alive = [c for c in self._running.values() if c.poll() is None]
            for child in alive:
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(number)
            deadline = time.monotonic() + patience_s
            while any(c.poll() is None for c in alive) and time.monotonic() < deadline:
                time.sleep(0.02)
        codes = {name: child.wait() for name, child in self._running.items()}
        self._running.clear()
        for log in self._logs:
            log.close()
        self._logs.clear()
        return codes
