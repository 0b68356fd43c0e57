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

import signal
import threading

NUMBERS = (signal.SIGINT, signal.SIGTERM)
ASKED_TO_STOP = threading.Event()


def hear() -> threading.Event:
    """Take the signals from here on; return the event that they set."""
    for number in NUMBERS:
        signal.signal(number, lambda *_: ASKED_TO_STOP.set())
    return ASKED_TO_STOP


def ignore() -> None:
    """Hear no more of them: launch and the terminal may each send one, and all is done."""
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)
