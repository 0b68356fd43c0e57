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

"""What became of the newest goal picture: known where goals come before it is looked at."""

import threading


class GoalOffers:
    """
    Number the goals as they come, and wait until the newest is judged.

    They come in the executor's thread, and are judged in the thread that encodes: who asks
    between the two is not to be told of the goal before.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._come = self._judged = self._forgotten = 0
        self._refusal = ''

    def come(self) -> int:
        """Return the number of a goal that has come."""
        with self._condition:
            self._come += 1
            return self._come

    def wanted(self, number: int) -> bool:
        """Say whether a goal came since those before were forgotten."""
        return number > self._forgotten

    def judged(self, number: int, refusal: str) -> None:
        """Note that a goal was taken, or why it was refused; older ones do not count."""
        with self._condition:
            if number == self._come > self._forgotten:
                self._judged, self._refusal = number, refusal
                self._condition.notify_all()

    def forget(self) -> None:
        """Forget all that have come."""
        with self._condition:
            self._judged = self._forgotten = self._come
            self._refusal = ''

    def wait(self, timeout_s: float) -> str:
        """Wait for the newest to be judged; return '' where it is good or none has come."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._judged == self._come, timeout_s):
                return 'the newest goal is not looked at yet: try again'
            return f'no goal to drive to: the newest was refused: {self._refusal}' if (
                self._refusal) else ''
