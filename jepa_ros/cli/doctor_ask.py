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
Questions that another process answers, within a time limit.

A driver that hangs, a runtime that crashes and a middleware that waits take only their own answer
with them.
"""

import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import signal
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Any, IO

# what marks the answer among all that a runtime may print
ANSWER = 'ANSWER '
_KILL_PATIENCE_S = 1.0


class NoAnswerError(RuntimeError):
    """The process ended without an answer, or not in time; the message has its last words."""


@dataclass
class _Asked:
    child: subprocess.Popen
    output: IO[bytes]
    deadline_s: float
    limit_s: float


def say_answer(value: Any) -> None:
    """Print an answer; for the process that was asked."""
    print(ANSWER + json.dumps(value), flush=True)


class Questions:
    """Ask many at once, take the answers one by one; what still runs on leaving is killed."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}
        self._refused: dict[str, str] = {}

    def __enter__(self) -> 'Questions':
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for asked in self._asked.values():
            _end(asked)
        self._asked.clear()

    def ask(self, name: str, command: list[str], limit_s: float, nice: int = 0,
            **environment: str) -> None:
        """
        Start a process that has so long to answer.

        ``nice`` is how much it steps back behind others.  Where it cannot be started, its answer
        is the reason.
        """
        output = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        if nice:
            command = ['nice', '-n', str(nice), *command]
        try:
            # a session of its own, so that all of its family can be killed; a file for what it
            # says, since a pipe would wait for whoever inherited it
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, 'PYTHONPATH': _path(), **environment}, start_new_session=True)
        except OSError as error:
            output.close()
            self._refused[name] = f'{command[0]} cannot be started: {error.strerror}'
            return
        self._asked[name] = _Asked(child, output, time.monotonic() + limit_s, limit_s)

    def text(self, name: str) -> str:
        """Return all that a process said; NoAnswerError where it failed or took too long."""
        if name not in self._asked:
            raise NoAnswerError(self._refused.get(name, 'nobody was asked'))
        asked, code = self._asked[name], None
        # who is interrupted here leaves it to be killed
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = asked.child.wait(max(0.0, asked.deadline_s - time.monotonic()))
        said = _end(self._asked.pop(name))
        if code is None:
            raise NoAnswerError(f'no answer within {asked.limit_s:g} s; the last that it said: '
                                f'{_last(said)}')
        if code != 0:
            how = f'exit code {code}' if code > 0 else f'signal {signal.Signals(-code).name}'
            raise NoAnswerError(f'{how}: {_last(said)}')
        return said

    def answer(self, name: str) -> Any:
        """Return what a process answered with ``say_answer``; NoAnswerError as above."""
        said = self.text(name)
        for line in reversed(said.splitlines()):
            if line.startswith(ANSWER):
                return json.loads(line[len(ANSWER):])
        raise NoAnswerError(f'it ended without an answer: {_last(said)}')


def _path() -> str:
    """Return where another process finds this package, installed or not."""
    said = os.environ.get('PYTHONPATH', '')
    return os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, [said])])


def _last(said: str) -> str:
    """Return the last line that says something."""
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()),
                'nothing')


def _end(asked: _Asked) -> str:
    """End a process and its family, if it still runs; return what it said."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if asked.child.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(asked.child.pid, number)
        # what a driver holds in the kernel does not even die: it is left alone then
        with contextlib.suppress(subprocess.TimeoutExpired):
            asked.child.wait(_KILL_PATIENCE_S)
    with asked.output as output:
        output.seek(0)
        return output.read().decode(errors='replace')
