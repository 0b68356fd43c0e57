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

"""A thread beside the executor: planning must not keep clocks, services and watchdogs waiting."""

from collections.abc import Callable
import contextlib
from functools import partial
import threading
from typing import Any


class Worker:
    """
    Do jobs in their order and hand over the newest frame, one after another, in one thread.

    Nothing piles up: the newest frame and the newest job of each kind wait, and older ones give
    way to them.  Nor do many jobs keep frames waiting: they take turns.  ``dropped`` counts the
    frames that gave way.

    rclpy's MultiThreadedExecutor would do, but for one thing: while one of its threads works, it
    spins on the others' behalf, and takes the interpreter from the planner.
    """

    def __init__(self, on_frame: Callable[[Any], None], on_error: Callable[[Exception], None],
                 name: str = 'worker') -> None:
        self._on_frame, self._on_error = on_frame, on_error
        self.dropped = 0
        self._wake = threading.Condition()
        self._jobs: dict[str, Callable[[], None]] = {}      # by their kind, the oldest first
        self._frame: Any = None
        self._frame_s_turn = False
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def post(self, kind: str, job: Callable[[], None]) -> None:
        """Do a job after those posted before it; one of its kind that still waits gives way."""
        with self._wake:
            self._jobs.pop(kind, None)
            self._jobs[kind] = job
            self._wake.notify()

    def offer(self, frame: Any) -> None:
        """Hand a frame over; one that still waits gives way to it."""
        with self._wake:
            self.dropped += self._frame is not None
            self._frame = frame
            self._wake.notify()

    def close(self, timeout_s: float = 2.0) -> None:
        """Finish the jobs, drop the frame, end the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _next(self) -> Callable[[], None] | None:
        """Wait for what is to be done next and return it; None at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._closing or self._frame is not None)
            waits = self._frame is not None and not self._closing
            if self._jobs and not (waits and self._frame_s_turn):
                self._frame_s_turn = True
                return self._jobs.pop(next(iter(self._jobs)))
            if not waits:
                return None
            self._frame_s_turn = False
            frame, self._frame = self._frame, None
            return partial(self._on_frame, frame)

    def _work(self) -> None:
        while True:
            task = self._next()
            if task is None:
                return
            try:
                task()
            except Exception as error:
                with contextlib.suppress(Exception):    # the thread goes on, whatever happens
                    self._on_error(error)
