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

"""Numbers of the messages that command a robot: their names, their units, how long they hold."""

from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.bags.settings import BagSettings, check_names, LONGEST_WORD
from jepa_ros.types import is_speed

TWIST, TWIST_STAMPED = 'geometry_msgs/msg/Twist', 'geometry_msgs/msg/TwistStamped'
TRAJECTORY = 'trajectory_msgs/msg/JointTrajectory'
ARRAY = 'std_msgs/msg/Float64MultiArray'
JOINTS = 'sensor_msgs/msg/JointState'
COMMANDS = (TWIST, TWIST_STAMPED, TRAJECTORY, ARRAY)
STATES = (JOINTS,)
# robots stop when no command comes
VELOCITY_HOLD_S = 0.5
# no robot goes there, and sums of such numbers stay finite
LARGEST = 1e9
_UNITS = {'velocity': 'rad/s', 'position': 'rad'}
_PLURAL = {'velocity': 'velocities', 'position': 'positions'}
_TWIST_NAMES = tuple(f'{part}_{axis}' for part in ('linear', 'angular') for axis in 'xyz')


@dataclass(frozen=True)
class Components:
    """
    What the numbers of a command are: names, units, and how long one counts, in seconds.

    ``hold_s`` is infinite for positions, which a joint keeps; ``settled`` where the names are
    those that were asked for, and none may be left out.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    hold_s: float
    settled: bool


class CommandReader:
    """Reads the messages of one type; what they hold is settled by the first that has numbers."""

    def __init__(self, kind: str, settings: BagSettings) -> None:
        if settings.units and kind != ARRAY:
            raise ValueError(f'--action-units are of {ARRAY}, and the action is of {kind}, which '
                             'says its own')
        self._kind, self._settings = kind, settings
        self._field = settings.field
        self.components: Components | None = None
        self.ahead_s = 0.0      # that the last point of a trajectory lies after its first
        self.lacked = ''        # the first message without what was asked for: it is passed over

    def __call__(self, message) -> np.ndarray | None:
        """
        Return the numbers (A,) float64 of a message, None where it has none.

        ValueError names what is not finite, or not there.
        """
        values = self._values(message)
        if values is None or self.components is None:
            return None
        for name, value in zip(self.components.names, values, strict=True):
            if not abs(value) <= LARGEST:
                raise ValueError(f'{name} is {value}, must be finite, limit {LARGEST:g}')
        return np.array(values, np.float64)

    def _values(self, message) -> list[float] | None:
        if self._kind in (TWIST, TWIST_STAMPED):
            twist = message.twist if self._kind == TWIST_STAMPED else message
            numbers = [float(getattr(part, axis)) for part in (twist.linear, twist.angular)
                       for axis in 'xyz']
            return self._picked(_TWIST_NAMES, numbers, ('m/s',) * 3 + ('rad/s',) * 3)
        if self._kind == ARRAY:
            return self._array([float(value) for value in message.data])
        names = tuple(message.name if self._kind == JOINTS else message.joint_names)
        if not names or (self._kind == TRAJECTORY and not len(message.points)):
            return None
        if self._kind == JOINTS:
            return self._joints(names, message)
        # where it leads, as the gate and a controller take it
        last = message.points[-1]
        self.ahead_s = max(self.ahead_s, _seconds(last) - _seconds(message.points[0]))
        return self._joints(names, last)

    def _joints(self, names: tuple[str, ...], joints) -> list[float] | None:
        """Return the first that is filled of what is asked for; of states velocity, then place."""
        asked = self._settings.names
        if not set(asked) <= set(names):
            # others publish joints on the same topic
            self.lacked = self.lacked or _lack(asked, names)
            return None
        attribute = {field: field if self._kind == JOINTS else _PLURAL[field] for field in _PLURAL}
        order = list(attribute) if self._kind == JOINTS else list(attribute)[::-1]
        if self._field is None:
            self._field = next((f for f in order if len(getattr(joints, attribute[f]))), None)
        if self._field is None:
            return None
        numbers = [float(value) for value in getattr(joints, attribute[self._field])]
        if len(numbers) != len(names):
            raise ValueError(f'it has {len(names)} joints and {len(numbers)} numbers of '
                             f'{self._field}; choose with --action-field')
        return self._picked(names, numbers, (_UNITS[self._field],) * len(names))

    def _array(self, numbers: list[float]) -> list[float] | None:
        if not numbers:
            return None
        found = tuple(f'action_{i}' for i in range(len(numbers)))
        names, units = self._settings.names, self._settings.units
        if names and not set(names) <= set(found):
            if len(names) != len(numbers):
                raise ValueError(f'it has {len(numbers)} numbers, --action-names gives '
                                 f'{len(names)}')
            found = names
        wanted = names or found
        if not units:
            raise ValueError('it does not say whether its numbers are speeds, which end, or '
                             'positions, which stay: give --action-units, one for each or one '
                             'for all, as rad/s or rad')
        if len(units) not in (1, len(wanted)):
            raise ValueError(f'it has {len(wanted)} numbers to use, --action-units gives '
                             f'{len(units)}')
        of = dict(zip(wanted, units * len(wanted), strict=False))
        return self._picked(found, numbers, tuple(of.get(name, '') for name in found))

    def _picked(self, names: tuple[str, ...], numbers: list[float],
                units: tuple[str, ...]) -> list[float]:
        """Return the numbers that are wanted, in the order of the first message."""
        if self.components is None:
            wanted = self._settings.names or names
            self._check(wanted, names)
            taken = tuple(units[names.index(name)] for name in wanted)
            self.components = Components(wanted, taken, self._hold_s(taken),
                                         bool(self._settings.names))
        self._check(self.components.names, names)
        return [numbers[names.index(name)] for name in self.components.names]

    def _check(self, wanted: tuple[str, ...], names: tuple[str, ...]) -> None:
        if not set(wanted) <= set(names):
            raise ValueError(_lack(wanted, names))
        check_names(wanted)

    def _hold_s(self, units: tuple[str, ...]) -> float:
        if self._settings.hold_s is not None:
            return self._settings.hold_s
        return VELOCITY_HOLD_S if all(map(is_speed, units)) else math.inf


def _lack(wanted: tuple[str, ...], names: tuple[str, ...]) -> str:
    missing = next(name for name in wanted if name not in names)
    return (f'it has no {missing[:LONGEST_WORD]!r} but {", ".join(names)[:200]}; choose with '
            '--action-names')


def _seconds(point) -> float:
    return float(point.time_from_start.sec) + 1e-9 * float(point.time_from_start.nanosec)
