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

"""What the doctor asks other processes: one that hangs or dies takes its answer alone along."""

import os
import time

import pytest

from jepa_ros.cli.doctor_ask import NoAnswerError, Questions


def living(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f'/proc/{process}/stat') as file:
        return file.read().rpartition(')')[2].split()[0] != 'Z'


def test_what_hangs_is_ended_with_its_family():
    """A driver that neither answers nor listens to SIGTERM, and its child."""
    with Questions() as questions:
        questions.ask('driver', ['bash', '-c', 'trap "" TERM; sleep 1000 & echo $!; wait'], 2.0)
        with pytest.raises(NoAnswerError, match=r'no answer within 2 s; the last .*: \d+') as end:
            questions.answer('driver')
    child = int(str(end.value).rpartition(' ')[2])
    deadline_s = time.monotonic() + 10.0
    while living(child) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not living(child)


@pytest.mark.parametrize('command, said', [
    (['bash', '-c', 'echo words; kill -SEGV $$'], 'signal SIGSEGV: words'),
    (['bash', '-c', 'echo a reason >&2; exit 3'], 'exit code 3: a reason'),
    (['true'], 'it ended without an answer: nothing'),
    (['/no/such/tool'], '/no/such/tool cannot be started: No such file or directory'),
])
def test_what_ends_without_an_answer(command, said):
    with Questions() as questions:
        questions.ask('it', command, 20.0)
        with pytest.raises(NoAnswerError, match=said):
            questions.answer('it')
        with pytest.raises(NoAnswerError, match=r'nobody was asked|cannot be started'):
            questions.answer('it')


def test_who_is_interrupted_leaves_nobody_behind(monkeypatch):
    """Ctrl-C while it waits for an answer."""
    started = []

    def interrupted(limit_s):
        raise KeyboardInterrupt     # and no signal: rclpy, where it has run, has a handler for it

    def ask():
        with Questions() as questions:
            questions.ask('it', ['sleep', '1000'], 100.0)
            started.append(questions._asked['it'].child)
            with monkeypatch.context() as patch:
                patch.setattr(started[0], 'wait', interrupted)
                questions.answer('it')

    with pytest.raises(KeyboardInterrupt):
        ask()
    assert not living(started[0].pid)
