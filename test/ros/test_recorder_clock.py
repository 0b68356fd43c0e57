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

"""Messages have the time at which they came, in simulation between two ticks of /clock."""

import pytest

from jepa_ros.ros.bag_thread import Topic
from jepa_ros.ros.recorder_clock import RecorderClock

TOPIC = Topic('/cmd_vel', 'geometry_msgs/msg/Twist', '', '', '')
MS = 10 ** 6
WALL = 1_700_000_000 * 10 ** 9


class Kept(list):
    """What was handed on, as (name, time in ms)."""

    def __call__(self, topic: Topic, time_ns: int, data: bytes) -> None:
        """Keep one."""
        self.append((data.decode(), time_ns / MS))


def at(clock: RecorderClock, *wall_ms: float) -> None:
    """Take messages that were received then, named for it."""
    for ms in wall_ms:
        clock.take(TOPIC, f'{ms}'.encode(), WALL + round(ms * MS))


def tick(clock: RecorderClock, simulated_ms: float, wall_ms: float) -> None:
    clock.tick(round(simulated_ms * MS), WALL + round(wall_ms * MS))


def test_without_simulation_it_is_when_it_was_received():
    kept = Kept()
    at(RecorderClock(False, kept), 1.0, 0.5)
    assert kept == [('1.0', (WALL + MS) / MS), ('0.5', (WALL + 0.5 * MS) / MS)]


@pytest.mark.parametrize('factor', [0.5, 1.0, 8.0])
def test_between_two_ticks_it_is_read_off_a_line(factor):
    kept = Kept()
    clock = RecorderClock(True, kept)
    tick(clock, 0, 0)
    at(clock, 5, 15)
    assert kept == []
    for step in (1, 2):
        tick(clock, 10 * factor * step, 10 * step)
    assert kept == [('5', 5 * factor), ('15', 15 * factor)]


def test_python_may_come_late_and_in_another_order():
    kept = Kept()
    clock = RecorderClock(True, kept)
    for step in range(10):
        tick(clock, 20 * step, 10 * step)
    # these were received long before: the executor came to them after the ticks
    at(clock, 12, 31)
    tick(clock, 200, 100)
    assert kept == [('12', 24), ('31', 62)]


def test_a_clock_that_stands_still_holds_nothing_up():
    kept = Kept()
    clock = RecorderClock(True, kept)
    tick(clock, 100, 0)
    at(clock, 5)
    for _ in range(5):
        clock.look()
    assert kept == []
    clock.look()
    assert kept == [('5', 100)]
    # a tick after all: simulated time never goes on without one
    at(clock, 6)
    tick(clock, 120, 10)
    assert kept == [('5', 100), ('6', 112)]


def test_a_paused_clock_and_one_that_starts_again():
    kept = Kept()
    clock = RecorderClock(True, kept)
    tick(clock, 100, 0)
    tick(clock, 100, 10)
    tick(clock, 0, 20)
    at(clock, 5, 20)
    tick(clock, 10, 30)
    assert kept == [('5', 100), ('20', 0)]


def test_before_the_first_tick_there_is_no_time():
    kept = Kept()
    clock = RecorderClock(True, kept)
    at(clock, 1, 2)
    assert clock.stands_still
    assert clock.before_clock == 2
    tick(clock, 50, 10)
    assert not clock.stands_still
    at(clock, 8)        # received before the first tick, taken after it
    clock.end()
    assert kept == [('8', 50)]


def test_of_what_was_latched_before_the_clock_the_newest_comes_with_its_first_tick():
    kept = Kept()
    clock = RecorderClock(True, kept)
    static = Topic('/tf_static', 'tf2_msgs/msg/TFMessage', '', '', '', latched=True)
    clock.take(static, b'old', WALL)
    clock.take(static, b'new', WALL + MS)
    at(clock, 2)
    tick(clock, 70, 10)
    tick(clock, 80, 20)
    assert kept == [('new', 70.0)]
    assert clock.before_clock == 3
