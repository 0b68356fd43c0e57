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

"""What TensorRT calls back while it works: its log, and its progress."""

from collections.abc import Callable
from dataclasses import dataclass
import threading
from typing import Any


def errors_logger(trt: Any) -> Any:
    """Return a logger that prints nothing and keeps what went wrong: ``last`` says it."""

    class Errors(trt.ILogger):      # type: ignore[misc]
        """Errors and worse, in their order."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            """Keep one line; what is below an error is dropped."""
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(message)

        @property
        def last(self) -> str:
            """Return the newest error."""
            return self.errors[-1] if self.errors else 'it did not say why'

    return Errors()


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class Phases:
    """
    Phases within phases, as one part done that never falls.

    The phases are told from several threads; ``told`` gets (part, name), one at a time.
    """

    def __init__(self, told: Callable[[float, str], None]) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._phases: dict[str, _Phase] = {}
        self._part = 0.0
        self.raised: BaseException | None = None

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """Begin a phase of some steps, inside another or not."""
        with self._lock:
            self._phases[name] = _Phase(parent, max(steps, 1))
            self._tell(name)

    def step(self, name: str, step: int) -> bool:
        """Finish a step, counted from 0; return whether to go on."""
        with self._lock:
            if name in self._phases:
                self._phases[name].done = step + 1
            self._tell(name)
            return self.raised is None

    def finish(self, name: str) -> None:
        """End a phase; the outermost ends all."""
        with self._lock:
            phase = self._phases.pop(name, None)
            if phase is not None and phase.parent is None:
                self._part = 1.0
            self._tell(name)

    def _tell(self, name: str) -> None:
        outermost = [n for n, phase in self._phases.items() if phase.parent is None]
        for n in outermost:
            self._part = max(self._part, self._part_of(n))
        if self.raised is None:
            try:
                self._told(self._part, name)
            except BaseException as error:     # Ctrl-C too: C++ must not see it
                self.raised = error

    def _part_of(self, name: str) -> float:
        phase = self._phases[name]
        inner = sum(self._part_of(n) for n, p in list(self._phases.items()) if p.parent == name)
        return min(1.0, (phase.done + min(inner, 1.0)) / phase.steps)


def progress_monitor(trt: Any, told: Callable[[float, str], None]) -> Any:
    """Return TensorRT's monitor around ``Phases``; ``raised`` is what ``told`` raised, or None."""

    class Monitor(trt.IProgressMonitor):    # type: ignore[misc]
        """Hands everything on."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._phases = Phases(told)

        @property
        def raised(self) -> BaseException | None:
            """Return what the callback raised, which ended the build."""
            return self._phases.raised

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            """Begin a phase."""
            self._phases.start(phase_name, parent_phase, num_steps)

        def phase_finish(self, phase_name: str) -> None:
            """End a phase."""
            self._phases.finish(phase_name)

        def step_complete(self, phase_name: str, step: int) -> bool:
            """Finish a step; return whether to go on."""
            return self._phases.step(phase_name, step)

    return Monitor()
