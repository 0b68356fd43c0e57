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

"""The worker beside the executor: order, the newest frame only, errors, the end."""

import threading

import pytest

from jepa_ros.ros.worker import Worker

PATIENCE_S = 10.0


class Log:
    """A worker whose first frame or job can be held up, and what it did."""

    def __init__(self):
        self.done, self.errors = [], []
        self.go, self.held = threading.Event(), threading.Event()
        self.worker = Worker(self.frame, self.errors.append)

    def frame(self, frame):
        """Note a frame; the frame 'hold' waits until it is let go."""
        if frame == 'hold':
            self.held.set()
            assert self.go.wait(PATIENCE_S)
        self.done.append(frame)

    def hold(self):
        """Keep the worker busy until ``go``."""
        self.worker.offer('hold')
        assert self.held.wait(PATIENCE_S)


@pytest.fixture
def log():
    log = Log()
    yield log
    log.go.set()
    log.worker.close()


def test_jobs_come_in_order_and_take_turns_with_the_newest_frame(log):
    log.hold()
    last = threading.Event()
    for i in range(3):
        log.worker.offer(i)
        log.worker.post(f'kind {i}', lambda i=i: log.done.append(f'job {i}'))
    log.worker.post('last', last.set)
    log.go.set()
    assert last.wait(PATIENCE_S)
    assert log.done == ['hold', 'job 0', 2, 'job 1', 'job 2']
    assert log.worker.dropped == 2


def test_a_job_gives_way_to_the_next_of_its_kind(log):
    """However many come, one of each kind waits: the newest, where the newest belongs."""
    log.hold()
    last = threading.Event()
    for i in range(1000):
        log.worker.post('goal', lambda i=i: log.done.append(f'goal {i}'))
        if i == 500:
            log.worker.post('cancel', lambda: log.done.append('cancel'))
    assert len(log.worker._jobs) == 2
    log.worker.post('last', last.set)
    log.go.set()
    assert last.wait(PATIENCE_S)
    assert log.done == ['hold', 'cancel', 'goal 999']


def test_many_jobs_do_not_keep_a_frame_waiting(log):
    """Each job posts the next, for ever; the frame comes all the same."""
    seen = threading.Event()

    def go_on():
        if not seen.is_set():
            log.worker.post('goal', go_on)

    worker = log.worker
    worker._on_frame = lambda frame: seen.set()
    worker.post('goal', go_on)
    worker.offer('frame')
    assert seen.wait(PATIENCE_S)


def test_a_frame_that_gives_way_is_counted(log):
    log.hold()
    assert log.worker.dropped == 0
    for i in range(4):
        log.worker.offer(i)
    assert log.worker.dropped == 3


def test_an_error_is_told_and_does_not_end_it(log):
    def fail():
        raise ValueError('no good')

    after = threading.Event()
    log.worker.post('fail', fail)
    log.worker.post('after', after.set)
    assert after.wait(PATIENCE_S)
    assert [str(error) for error in log.errors] == ['no good']


def test_closing_finishes_the_jobs_and_drops_the_frame(log):
    log.hold()
    log.worker.offer('late')
    log.worker.post('job', lambda: log.done.append('job'))
    closing = threading.Thread(target=log.worker.close, args=(PATIENCE_S,))
    closing.start()
    while not log.worker._closing:
        pass
    log.go.set()
    closing.join(PATIENCE_S)
    assert not closing.is_alive()
    assert log.done == ['hold', 'job']
