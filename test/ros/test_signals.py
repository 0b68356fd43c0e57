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

"""A process that was asked to end does so, and one that cannot is ended."""

import signal
import subprocess
import sys
import time

# asleep with the interpreter's lock in hand, as a middleware's deadlock may leave it
HANGS = 'import ctypes; ctypes.PyDLL(None).sleep(120)'
ENDS = 'assert signals.ASKED_TO_STOP.wait(60); signals.ignore()'


def process(then: str) -> subprocess.Popen[str]:
    """Start a process that hears the signals, is asked to end, and does something else then."""
    return subprocess.Popen(
        [sys.executable, '-c', 'import os, signal; from jepa_ros.ros import signals; '
         'signals.ENDS_WITHIN_S = 3; signals.hear(); '
         f'os.kill(os.getpid(), signal.SIGTERM); {then}'], stderr=subprocess.PIPE, text=True)


def test_one_that_hangs_says_where_and_is_ended():
    running = process(HANGS)
    _, said = running.communicate(timeout=60)
    assert running.returncode == -signal.SIGALRM
    assert 'Timeout' in said
    assert 'line 1 in <module>' in said


def test_one_that_ends_in_order_says_nothing():
    running = process(ENDS)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (0, '')


def test_one_that_has_much_to_write_yet_may_take_its_time():
    running = process('import time; hurry = signals.unhurried(); hurry.__enter__(); '
                      f'time.sleep(4); hurry.__exit__(None, None, None); {HANGS}')
    began = time.monotonic()
    _, said = running.communicate(timeout=60)
    assert time.monotonic() - began > 4
    assert running.returncode == -signal.SIGALRM
    assert said.count('Timeout') == 1
