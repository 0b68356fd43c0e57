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

"""What the command gate measures of itself."""

from collections import deque
import math

from jepa_ros.ros.process import steady_s

# Rates are means over this long.
_WINDOW_S = 2.0
# A planner says something with every frame; after this long it is not there.
_SILENT_S = 2.0


class GateFigures:
    """Rates of commands in and out, the number of stops, and when the planner was last heard."""

    def __init__(self) -> None:
        self._came_s: deque[float] = deque(maxlen=1000)
        self._left_s: deque[float] = deque(maxlen=1000)
        self._stops = 0
        self._spoke_s = -math.inf

    def command_came(self) -> None:
        """Count a command that came."""
        self._came_s.append(steady_s())

    def command_left(self) -> None:
        """Count a command that was published."""
        self._left_s.append(steady_s())

    def stopped(self) -> None:
        """Count a stop."""
        self._stops += 1

    def planner_spoke(self) -> None:
        """Note that the planner was heard."""
        self._spoke_s = steady_s()

    def planner_is_silent(self) -> bool:
        """Tell whether the planner has not been heard for long."""
        return steady_s() - self._spoke_s > _SILENT_S

    def values(self) -> dict[str, float | str]:
        """Return the figures by name."""
        since_s = steady_s() - _WINDOW_S
        rates = [sum(at_s > since_s for at_s in kept) / _WINDOW_S
                 for kept in (self._came_s, self._left_s)]
        return {'commands_in_hz': rates[0], 'commands_out_hz': rates[1],
                'stops': str(self._stops), 'planner_silent_s': steady_s() - self._spoke_s}
