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

"""A steady pace: something is done again and again in a thread that waits for nothing else."""

from collections.abc import Callable
import contextlib
import threading

from jepa_ros.ros.process import steady_s


class Pace:
    """
    Do something every ``period_s`` on a steady clock, until ``close``.

    A timer of the executor would wait for its other callbacks: a large frame takes milliseconds
    to come out of the middleware, a service as long as it likes.  What was missed is not made up.
    """

    def __init__(self, period_s: float, act: Callable[[], None],
                 on_error: Callable[[Exception], None]) -> None:
        self._period_s, self._act, self._on_error = period_s, act, on_error
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name='control', daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """Do it no more; an act that has begun is waited for."""
        self._closing.set()
        self._thread.join(timeout_s)

    def _go_on(self) -> None:
        due_s = steady_s() + self._period_s
        while not self._closing.wait(max(due_s - steady_s(), 0.0)):
            try:
                self._act()
            except Exception as error:
                with contextlib.suppress(Exception):    # the thread goes on, whatever happens
                    self._on_error(error)
            due_s = max(due_s + self._period_s, steady_s())
