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

"""The judge of the faults, on records made by hand: each verdict must be able to be bad."""

import math

from record import Command
from verdict import (
    between,
    beyond_limits,
    moved_s,
    repeats,
    silent_s,
    zero_s,
)


def drive(*speeds: float, period_s: float = 0.05, begin_s: float = 0.0) -> list[Command]:
    """Return commands, one a period."""
    return [Command(begin_s + i * period_s, v, 0.0) for i, v in enumerate(speeds)]


def test_zero_counts_from_the_first_after_which_nothing_else_came():
    """A zero between commands that move is none."""
    commands = drive(0.5, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0)
    assert zero_s(commands, 0.0, 1.0) == 0.2
    assert zero_s(commands, 0.25, 1.0) == 0.25
    # what comes after heal is not looked at
    assert zero_s(drive(0.5, 0.0, 0.0, 0.5), 0.0, 0.15) == 0.05


def test_zero_that_never_came_is_infinite():
    """Silence is no zero; motion to the end is none; a turn on the spot is motion."""
    assert zero_s([], 0.0, 1.0) == math.inf
    assert zero_s(drive(0.5, 0.5), 0.0, 1.0) == math.inf
    assert zero_s(drive(0.0, 0.0, 0.5), 0.0, 1.0) == math.inf
    turn = [*drive(0.0, 0.0), Command(0.5, 0.0, 0.3)]
    assert zero_s(turn, 0.0, 1.0) == math.inf
    nan = [*drive(0.0, 0.0), Command(0.5, math.nan, 0.0)]
    assert zero_s(nan, 0.0, 1.0) == math.inf


def test_the_last_command_before_silence():
    """Where no zero can come, commands must end."""
    assert silent_s(drive(0.5, 0.5, 0.5), 0.0, 1.0) == 0.1
    assert silent_s([], 3.0, 4.0) == 3.0


def test_zeros_must_be_repeated():
    """At the gate's rate, for two seconds or until the fault is healed."""
    assert repeats(drive(*[0.0] * 100), 0.0, 5.0) == 1.0
    assert abs(repeats(drive(*[0.0] * 100), 0.0, 0.5) - 1.0) < 0.11
    assert repeats(drive(0.0, 0.0), 0.0, 5.0) == 0.05
    assert repeats([], 0.0, 5.0) == 0.0


def test_limits_hold_for_each_number():
    """Both ways, and for what is no number."""
    fine = [Command(0.0, 0.6, -1.5), Command(0.1, -0.6, 1.5)]
    assert beyond_limits(fine) == []
    for bad in (Command(0.0, 0.6000001, 0.0), Command(0.0, 0.0, -1.51),
                Command(0.0, math.nan, 0.0), Command(0.0, 0.0, math.inf)):
        assert beyond_limits([*fine, bad]) == [bad]


def test_motion_after_a_time_and_frames_before_it():
    """Motion that was before does not count; frames count from one time up to another."""
    commands = drive(0.5, 0.0, 0.0, 0.4)
    assert moved_s(commands, 0.01) == 3 * 0.05
    assert moved_s(commands, 0.2) == math.inf
    assert between([0.0, 0.1, 0.2, 0.3], 0.1, 0.3) == 2
