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

"""SIGINT and SIGTERM ask a process to end, and nothing else: it ends in order, where it can."""

from collections.abc import Iterator
from contextlib import contextmanager
import faulthandler
import signal
import threading

NUMBERS = (signal.SIGINT, signal.SIGTERM)
ASKED_TO_STOP = threading.Event()
# Longer than launch waits before it kills.  Whose parent was killed has nobody who would.
ENDS_WITHIN_S = 30
_TELL_S = 5


def hear() -> threading.Event:
    """
    Take the signals from here on; return the event that they set.

    A process that hangs all the same, in a middleware or in a driver, says on stderr where, and
    ends by SIGALRM ``ENDS_WITHIN_S`` after it was asked.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for number in NUMBERS:
        signal.signal(number, _ask)
    return ASKED_TO_STOP


def _ask(*_: object) -> None:
    if not ASKED_TO_STOP.is_set():
        _set_end()
        ASKED_TO_STOP.set()


@contextmanager
def unhurried() -> Iterator[None]:
    """Take the time that it takes: what is done in here has no end set, what follows has."""
    signal.alarm(0)
    faulthandler.cancel_dump_traceback_later()
    try:
        yield
    finally:
        if ASKED_TO_STOP.is_set():
            _set_end()


def _set_end() -> None:
    signal.alarm(ENDS_WITHIN_S)
    faulthandler.dump_traceback_later(max(ENDS_WITHIN_S - _TELL_S, 1))


def ignore() -> None:
    """Hear no more of them: launch and the terminal may each send one, and all is done."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)
