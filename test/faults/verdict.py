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

"""Did the robot stop in time, stay, and go on as it should?  Pure functions of a record."""

from collections.abc import Sequence
import math

from record import Command, Motion

# The product's promise: zero within 0.3 s of any fault, plus one period of the gate.
FRAME_AGE_S = 0.3
PERIOD_S = 0.05
LIMIT_S = FRAME_AGE_S + PERIOD_S
ZERO_REPEAT_S = 2.0
# as config/gate.yaml has them
MAX_SPEED_M_S = 0.6
MAX_TURN_RAD_S = 1.5


def zero_s(commands: Sequence[Command], injected_s: float, until_s: float) -> float:
    """
    Return when zero came for good: the first after which nothing else came before ``until_s``.

    Infinity where the robot was still commanded to move, or where no zero came at all.
    """
    found_s = math.inf
    for command in commands:
        if not injected_s <= command.came_s < until_s:
            continue
        if command.moves:
            found_s = math.inf
        elif found_s == math.inf:
            found_s = command.came_s
    return found_s


def silent_s(commands: Sequence[Command], injected_s: float, until_s: float) -> float:
    """Return when the last command came before ``until_s``, for faults after which none can."""
    return max((c.came_s for c in commands if injected_s <= c.came_s < until_s),
               default=injected_s)


def repeats(commands: Sequence[Command], stopped_s: float, until_s: float) -> float:
    """Return the share of the zeros that the gate's rate promises, for as long as it repeats."""
    end_s = min(until_s, stopped_s + ZERO_REPEAT_S)
    wanted = (end_s - stopped_s) / PERIOD_S
    came = sum(not c.moves for c in commands if stopped_s <= c.came_s < end_s)
    return came / wanted if wanted > 0 else math.inf


def beyond_limits(commands: Sequence[Command]) -> list[Command]:
    """Return the commands that no robot should ever be given: not finite, or too fast."""
    return [c for c in commands
            if not (abs(c.speed_m_s) <= MAX_SPEED_M_S and abs(c.turn_rad_s) <= MAX_TURN_RAD_S)]


def moved_s(commands: Sequence[Command], since_s: float) -> float:
    """Return when the first motion was commanded at or after a time; infinity for never."""
    return next((c.came_s for c in commands if c.came_s >= since_s and c.moves), math.inf)


def between(times_s: Sequence[float], since_s: float, until_s: float) -> int:
    """Return how many times lie from one time up to another."""
    return sum(since_s <= t < until_s for t in times_s)


def wheels_rest_s(motion: Sequence[Motion], since_s: float, at_rest_m_s: float) -> float:
    """Return when the wheels came to rest after a time and stayed; infinity for never."""
    found_s = math.inf
    for now in motion:
        if now.came_s < since_s:
            continue
        if abs(now.speed_m_s) > at_rest_m_s:
            found_s = math.inf
        elif found_s == math.inf:
            found_s = now.came_s
    return found_s
