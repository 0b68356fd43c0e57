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

"""What went wrong on one drive: it is not forgotten when another goal comes on the way."""

import math


class Trouble:
    """
    What one drive has been through, whoever leads it: each follower of it is handed the same.

    ``recoveries`` counts how often the robot was lost or stuck.  Edges (start, end) that are
    ``blocked`` are not taken any more; where it was ``stuck`` once it does not try for ever.
    ``gave_up`` once a follower has stopped for good.  ``at`` is the node where it was last.
    """

    def __init__(self) -> None:
        self.at: int | None = None
        self.recoveries = 0
        self.blocked: set[tuple[int, int]] = set()
        self.stuck: set[tuple[int, int]] = set()
        self.gave_up = False
        self._searched_s = 0.0
        self._looked_s = -math.inf

    def recover(self) -> int:
        """Count a recovery, after which it may search anew; return how many there were."""
        self.recoveries += 1
        self._searched_s, self._looked_s = 0.0, -math.inf
        return self.recoveries

    def searched_s(self, now_s: float, counts: bool, most_s: float) -> float:
        """
        Return how long the robot has looked for itself since the last recovery, in seconds.

        A frame at ``now_s`` adds the time since the one before, ``most_s`` at most, if it
        ``counts``.
        """
        since_s = now_s - self._looked_s
        if counts and 0.0 < since_s < math.inf:
            self._searched_s += min(since_s, most_s)
        self._looked_s = now_s
        return self._searched_s
