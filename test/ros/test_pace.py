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

"""The pace of commands: steady, whatever one of them does, and over when it is closed."""

import threading

from jepa_ros.ros.pace import Pace

PATIENCE_S = 10.0


class Acts:
    """What counts how often it was asked to act, and tells when that is often enough."""

    def __init__(self, enough, fails_at=()):
        self.enough, self.fails_at = enough, fails_at
        self.count = 0
        self.reached = threading.Event()
        self.errors = []

    def __call__(self):
        self.count += 1
        if self.count >= self.enough:
            self.reached.set()
        if self.count in self.fails_at:
            raise ValueError(f'act {self.count}')


def test_it_acts_again_and_again_and_no_more_when_closed():
    acts = Acts(enough=5)
    pace = Pace(0.01, acts, acts.errors.append)
    assert acts.reached.wait(PATIENCE_S)
    pace.close()
    count = acts.count
    assert not threading.Event().wait(0.1)
    assert acts.count == count
    assert not acts.errors


def test_an_error_is_told_and_it_goes_on():
    acts = Acts(enough=6, fails_at=(2, 4))
    pace = Pace(0.005, acts, acts.errors.append)
    assert acts.reached.wait(PATIENCE_S)
    pace.close()
    assert [str(error) for error in acts.errors] == ['act 2', 'act 4']


def test_what_was_missed_is_not_made_up():
    held, go, after = threading.Event(), threading.Event(), []

    def act():
        if not held.is_set():
            held.set()
            assert go.wait(PATIENCE_S)
        else:
            after.append(1)

    pace = Pace(0.2, act, lambda error: None)
    assert held.wait(PATIENCE_S)
    threading.Event().wait(1.0)     # five periods pass while it is held up
    go.set()
    threading.Event().wait(0.05)
    pace.close()
    # one is due at once, not all of them
    assert len(after) < 5
