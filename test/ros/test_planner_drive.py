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

"""What is sent when, to the millisecond: the plan in force, its frame's age, stops, holds."""

from dataclasses import replace
import math

import numpy as np
import pytest

from jepa_ros.core.repeats import Motion
from jepa_ros.ros.planner_drive import Drive, ZERO_REPEAT_S
from jepa_ros.types import ActionSpec, Decision, Plan, Status

ACTION = ActionSpec(names=('linear_x', 'angular_z'), units=('m/s', 'rad/s'), low=(-0.5, -1.0),
                    high=(0.5, 1.0), block=2, period_s=0.1)
ZERO = [0.0, 0.0]


class Heard:
    """Whoever hears the planner: the commands and the words, in their order."""

    def __init__(self):
        self.commands, self.words = [], []
        self.begun = ''

    def command(self, command):
        self.commands.append(np.round(np.float64(command), 6).tolist())

    def zero(self):
        self.commands.append(ZERO)

    def decide(self, decision):
        self.words.append((decision.status.value, decision.reason))

    def status(self, word, reason):
        self.words.append((word.value, reason))


class Bench:
    """A drive whose two clocks are moved by hand; node time is 1000 s ahead of steady time."""

    def __init__(self):
        self.heard = Heard()
        self.now_s, self.steady_s = 1050.0, 50.0
        self.drive = Drive(self.heard, lambda: self.now_s, lambda: self.steady_s)
        self.drive.configure(ACTION, 0.3)
        self.drive.begin('waiting')

    def wait(self, seconds):
        """Let time pass, on both clocks."""
        self.now_s += seconds
        self.steady_s += seconds

    def take(self, values=(0.1, 0.2, 0.3, 0.4), age_s=0.0, stop=None):
        """Hand over a plan with these speeds, of a frame that old."""
        blocks = np.array([[v, 0.0] for v in values], np.float32).reshape(-1, 2, 2)
        plan = Plan(blocks, np.zeros((2, 1, 1), np.float32), np.zeros(3, np.float32), 0.0,
                    self.now_s, ACTION.period_s, 1, 0.01)
        decision = Decision(blocks[0, 0], Status.DRIVING, '', self.now_s, self.now_s - age_s,
                            1.0, math.nan, plan=plan)
        number = self.drive.last_stop.number if stop is None else stop
        return self.drive.take(decision, self.steady_s - age_s, number)


@pytest.fixture
def bench():
    return Bench()


def rest(status=Status.IDLE, reason='nothing to do'):
    return Decision(np.zeros(2, np.float32), status, reason, 0.0, 0.0, math.nan, math.nan)


def test_the_command_is_the_plan_s_for_the_time_of_each_tick(bench):
    assert bench.take()
    for _ in range(5):
        bench.wait(0.05)
        bench.drive.tick()
    assert [c[0] for c in bench.heard.commands] == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    assert bench.heard.words == [('idle', 'waiting'), ('driving', '')]


def test_a_plan_is_in_force_while_the_frame_behind_it_is_young(bench):
    bench.take(age_s=0.15)
    bench.wait(0.15)
    bench.drive.tick()
    assert bench.heard.commands[-1] != ZERO
    bench.wait(0.01)
    bench.drive.tick()
    assert bench.heard.commands[-1] == ZERO
    assert bench.heard.words[-1] == (
        'stale', 'the frame behind the plan is 0.31 s old, limit 0.30 s')
    assert bench.drive.last_stop.number == 1
    assert bench.drive.last_stop.now_s == bench.now_s


def test_it_stops_though_the_node_s_time_stands_still(bench):
    bench.take()
    bench.steady_s += 0.31
    bench.drive.tick()
    assert bench.heard.commands[-1] == ZERO


def test_it_stops_though_the_frame_came_at_once_with_an_old_stamp(bench):
    bench.take()
    bench.now_s += 0.31
    bench.drive.tick()
    assert bench.heard.commands[-1] == ZERO


def test_a_plan_whose_frame_is_too_old_when_it_comes_is_not_driven_by(bench):
    assert not bench.take(age_s=0.32)
    assert bench.heard.commands == [ZERO]
    assert bench.heard.words[-1][0] == 'stale'


@pytest.mark.parametrize('stop', [
    lambda drive: drive.halt(Status.FAULT, 'broken'), lambda drive: drive.hold('cancelled'),
    lambda drive: drive.rest(rest())])
def test_zero_comes_at_once_and_is_repeated_for_two_seconds(bench, stop):
    bench.take()
    stop(bench.drive)
    assert bench.heard.commands[1:] == [ZERO]
    for _ in range(100):
        bench.wait(0.05)
        bench.drive.tick()
    assert set(map(tuple, bench.heard.commands[1:])) == {tuple(ZERO)}
    assert len(bench.heard.commands) - 2 == pytest.approx(ZERO_REPEAT_S / 0.05, abs=1)


def test_a_plan_from_before_a_stop_is_void(bench):
    bench.take()
    before = bench.drive.last_stop.number
    bench.drive.halt(Status.FAULT, 'broken')
    assert not bench.take(stop=before)
    assert bench.heard.commands[-1] == ZERO
    assert bench.take()
    assert bench.heard.commands[-1] == [0.1, 0.0]


def test_nothing_is_taken_while_it_is_held(bench):
    bench.take()
    bench.drive.hold('cancelled')
    assert not bench.take()
    bench.drive.rest(rest(reason='of before'))
    assert bench.heard.words[-1] == ('idle', 'cancelled')
    bench.drive.release()
    assert bench.take()


def test_a_number_that_is_not_finite_stops_it(bench):
    assert not bench.take(values=(math.nan, 0.2, 0.3, 0.4))
    assert bench.heard.commands == [ZERO]
    word, reason = bench.heard.words[-1]
    assert word == 'fault'
    assert 'nan' in reason


def test_no_command_leaves_its_limits(bench):
    bench.take(values=(0.9, 0.9, 0.9, 0.9))
    assert bench.heard.commands[-1] == [0.5, 0.0]


def test_nothing_is_sent_before_it_is_active_and_after(bench):
    bench.drive.end()
    assert not bench.take()
    bench.drive.tick()
    bench.drive.rest(rest())
    bench.drive.halt(Status.FAULT, 'broken')
    assert bench.heard.commands == []
    assert len(bench.heard.words) == 1


def test_deactivating_sends_zero_and_what_comes_after_is_not_driven_by(bench):
    bench.take()
    bench.drive.hold('deactivated')
    bench.drive.end()
    assert bench.heard.commands[-1] == ZERO
    bench.drive.begin('waiting for a goal')
    assert not bench.take()


def test_a_decision_to_rest_is_told_every_time(bench):
    for _ in range(3):
        bench.drive.rest(replace(rest(), reason='still nothing'))
    assert bench.heard.words[1:] == [('idle', 'still nothing')] * 3
    assert bench.heard.commands == []


def test_what_the_robot_is_told_and_how_often_a_plan_grew_too_old(bench):
    bench.take()
    assert bench.drive.motion() == Motion(True, 0)
    bench.wait(0.31)
    bench.drive.tick()
    assert bench.drive.motion() == Motion(False, 1)
    # standing still is no motion
    bench.take(values=(0.0, 0.0, 0.3, 0.4))
    bench.take()        # other stops are not for age
    bench.drive.halt(Status.FAULT, 'broken')
    assert bench.drive.motion() == Motion(False, 1)


def test_why_there_is_nothing_to_drive_by_is_told_only_where_there_is_not(bench):
    bench.take()
    bench.drive.tell(Status.STALE, 'the camera is frozen')
    assert bench.heard.words[-1][0] == 'driving'
    bench.drive.halt(Status.FAULT, 'broken')
    bench.drive.tell(Status.STALE, 'the camera is frozen')
    assert bench.heard.words[-1] == ('stale', 'the camera is frozen')
    bench.drive.hold('cancelled')
    bench.drive.tell(Status.STALE, 'the camera is frozen')
    assert bench.heard.words[-1] == ('idle', 'cancelled')


@pytest.mark.parametrize('end, begun', [
    (lambda drive: drive.halt(Status.STALE, 'no frames'), 'goal'),
    (lambda drive: drive.hold('cancelled'), ''),
    (lambda drive: drive.hold('5 failures', Status.FAULT), ''),
    (lambda drive: drive.rest(replace(rest(), status=Status.ARRIVED)), ''),
    (lambda drive: drive.rest(replace(rest(), status=Status.FAULT)), 'goal'),
])
def test_a_drive_lasts_until_it_arrives_or_is_ended(bench, end, begun):
    bench.drive.set_off('goal')
    bench.take()
    end(bench.drive)
    assert bench.heard.begun == begun


def test_nothing_begins_while_it_is_held(bench):
    bench.drive.hold('cancelled')
    bench.drive.set_off('goal')
    assert bench.heard.begun == ''
    assert not bench.drive.wait_free(0.0)
    bench.drive.release()
    assert bench.drive.wait_free(0.0)
    bench.drive.set_off('start')
    assert bench.drive.begun == 'start'


def test_a_goal_in_a_drive_begun_by_hand_does_not_take_it_over(bench):
    """Goals that come again and again must not undo what a person has said."""
    bench.drive.set_off('start')
    bench.drive.set_off('goal')
    assert bench.drive.begun == 'start'
    bench.drive.hold('cancelled')
    bench.drive.release()
    bench.drive.set_off('goal')
    assert bench.drive.begun == 'goal'


def test_a_position_that_is_held_does_not_count_as_motion():
    bench = Bench()
    bench.drive.configure(replace(ACTION, units=('rad', 'rad')), 0.3)
    bench.take((0.4, 0.4, 0.4, 0.4))
    bench.wait(0.1)
    bench.drive.tick()
    assert not bench.drive.motion().commanded
    bench.take((0.4, 0.3, 0.2, 0.1))
    bench.wait(0.1)
    bench.drive.tick()
    assert bench.drive.motion().commanded
