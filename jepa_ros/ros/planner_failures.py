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

"""What becomes of failures: the robot stops, the cause is said, and retries are bounded."""

from collections.abc import Callable
import traceback

from rclpy.node import Node

from jepa_ros.ros.planner_drive import Drive
from jepa_ros.types import Status

# Letters of an exception that are said; the log has all.
_MOST_SAID = 200


class Failures:
    """
    Count the failures of each stage in a row; a success of the same stage begins anew.

    ``give_up`` is called with the reason, in the thread that fails, when there were
    ``max_failures``.  A stage is counted by one thread, and forgotten by any.
    """

    def __init__(self, node: Node, drive: Drive, give_up: Callable[[str], None]) -> None:
        self._node, self._drive, self._give_up = node, drive, give_up
        self._in_row: dict[str, int] = {}
        self.max_failures = 1

    def fail(self, stage: str, what: str, error: Exception) -> None:
        """Say what nobody has foreseen, stop, and count it."""
        trace = ''.join(traceback.format_exception(error))
        self._node.get_logger().error(f'{what}:\n{trace}', throttle_duration_sec=1.0)
        first_line = (str(error).splitlines() or [''])[0][:_MOST_SAID]
        reason = f'{what}: {type(error).__name__}: {first_line}'
        self._drive.halt(Status.FAULT, reason)
        self.count(stage, reason)

    def count(self, stage: str, reason: str) -> None:
        """Count a failure, for which the robot has been stopped."""
        in_row = self._in_row[stage] = self._in_row.get(stage, 0) + 1
        if in_row >= self.max_failures:
            self._give_up(f'{in_row} failures in a row, limit {self.max_failures}: {reason}')

    def succeeded(self, stage: str) -> None:
        """Note that a stage has done its work."""
        self._in_row.pop(stage, None)

    def clear(self) -> None:
        """Forget every failure."""
        self._in_row.clear()
