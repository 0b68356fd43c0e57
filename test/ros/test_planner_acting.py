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

"""The planner node plans while it acts: hand-over, late plans, pace, stops in the middle."""

from contextlib import ExitStack
from itertools import pairwise

from diagnostic_msgs.msg import DiagnosticStatus
from graph import process, wait_for
import numpy as np
import pytest
from robot import FRAME_PERIOD_S, Robot
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.messages import from_twist, status_text, status_value, to_seconds
from jepa_ros.types import ModelSpec

ACTION_S = 0.1
DELAY_S = ModelSpec.delay_s
# this slow to age that a machine busy with other things does not stop the robot
PATIENT = ('-p', 'max_frame_age_s:=2.0')


class Record:
    """The plans that are published, and when each was taken over, by the planner's own clock."""

    def __init__(self, probe, robot):
        self.commands = robot.commands
        self._plans = probe.listen(JointTrajectory, 'planner_node/plan', 100)
        self._status = []
        probe.node.create_subscription(DiagnosticStatus, 'planner_node/status',
                                       self._status.append, 100)

    def plans(self):
        """Return (taken_s, plan) of each plan of which both are known, in their order."""
        taken = {}
        for status in list(self._status):
            frame_s = status_value(status, 'frame_stamp')
            if status.message == 'driving':
                taken[round(frame_s + DELAY_S, 3)] = frame_s + status_value(status, 'frame_age_s')
        starts = [(round(to_seconds(plan.header.stamp), 3), plan) for plan in list(self._plans)]
        return [(taken[start], plan) for start, plan in starts if start in taken]

    def wait_plans(self, count):
        """Wait for more plans than there are, and return all."""
        known = len(self.plans())
        return wait_for(lambda: len(self.plans()) >= known + count and self.plans(), 'plans')

    def all_follow(self, plans):
        """Say whether each command from the first plan to the last is of the one in force."""
        taken = np.array([taken_s for taken_s, _ in plans])
        judged = [c for c in list(self.commands) if taken[0] <= stamp_s(c) < taken[-1]]
        for command in judged:
            newest = int(np.searchsorted(taken, stamp_s(command), 'right')) - 1
            # a command and the note of when it was taken are a moment apart
            if not any(is_of(command, plan) for _, plan in plans[max(newest - 1, 0):newest + 2]):
                return False
        return len(judged) >= len(plans)


def action_at(plan, time_s):
    """Return the action (A,) of a plan at a time; none is left after its end."""
    step = int(np.floor((time_s - to_seconds(plan.header.stamp)) / ACTION_S))
    if step >= len(plan.points):
        return np.zeros(len(plan.points[-1].velocities))
    return np.array(plan.points[max(step, 0)].velocities)


def stamp_s(command):
    return to_seconds(command.header.stamp)


def is_of(command, plan):
    """Say whether a command is what a plan wants at its time, stamped a moment later."""
    return any(np.allclose(action_at(plan, stamp_s(command) - late_s), from_twist(command),
                           atol=1e-6) for late_s in (0.0, 0.01))


@pytest.fixture
def robot(probe, request):
    """Hold the other end of a planner whose commands are stamped; its parameter is the period."""
    return Robot(probe, stamped=True, period_s=getattr(request, 'param', FRAME_PERIOD_S))


def ages_s(robot):
    """Return how old the frames were whose plans were taken."""
    return [status_value(s, 'frame_age_s') for s in list(robot.status) if s.message == 'driving']


@pytest.fixture
def acting(bundle, probe, robot, monkeypatch):
    """Return what starts a planner whose plans take so long, and drives to a far goal."""
    with ExitStack() as stack:
        def start(delays_s, *parameters):
            monkeypatch.setenv('FAKE_PLAN_DELAYS_S', ' '.join(map(str, delays_s)))
            planner = stack.enter_context(
                process('fake_planner', '-p', bundle, '-p', 'stamped:=true', *parameters))
            robot.wait_word('idle')
            record = Record(probe, robot)
            robot.place[:] = 0.12, 0.12
            robot.send_goal(0.88, 0.3)
            robot.wait_moving()
            return planner, record
        yield start


def test_one_plan_hands_over_to_the_next_without_a_jump(acting):
    """It begins with what is executed until it comes, though the two differ further on."""
    _, record = acting([0.15], *PATIENT)
    plans = record.wait_plans(16)
    smooth, changed = [], []
    for (_, before), (taken_s, after) in pairwise(plans):
        # a plan may come half an action later than its first free one
        time_s = taken_s - ACTION_S / 2
        # frames come when they come: an action of the one is the mean of two of the other
        near = [action_at(before, time_s + since_s) for since_s in (-ACTION_S, 0, ACTION_S)]
        begins = action_at(after, time_s)
        smooth.append(bool((np.min(near, axis=0) - 1e-4 <= begins).all()
                           and (begins <= np.max(near, axis=0) + 1e-4).all()))
        later_s = taken_s + 5 * ACTION_S
        changed.append(not np.allclose(action_at(before, later_s), action_at(after, later_s),
                                       atol=0.01))
    # the rest begins with the mean of what the plan before, and the one before that, executed
    assert np.mean(smooth) > 0.8, smooth
    assert np.mean(changed) > 0.5, 'the plans are the same all along: nothing was shown'
    assert record.all_follow(plans)


def test_commands_keep_their_pace_while_a_plan_is_made(acting, robot):
    """Ten a plan, each what the plan in force wants at that time."""
    _, record = acting([0.5], *PATIENT)
    plans = record.wait_plans(3)
    (first_s, _), (last_s, _) = plans[-3], plans[-1]
    sent_s = [stamp_s(c) for c in list(record.commands) if first_s < stamp_s(c) < last_s]
    gaps_s = np.diff([first_s, *sent_s, last_s])
    # twenty a second, at half of that on a busy machine; one that stood still is not counted
    assert len(sent_s) > 10 * (last_s - first_s - gaps_s[gaps_s > 0.3].sum())
    assert (gaps_s > 0.3).sum() <= 2
    assert record.all_follow(plans)
    assert robot.word() == 'driving'


def test_a_late_plan_is_dropped_and_counted(acting, robot):
    """Nothing of it is executed, the plan before it goes on."""
    planner, record = acting([0.01] * 20 + [0.4], *PATIENT)
    assert robot.wait_count('late_plans') >= 1
    assert robot.wait_count('deadline_misses') >= 1
    planner.wait_said('plan dropped: ')
    assert record.all_follow(record.wait_plans(2))


def test_frames_stop_and_so_does_the_plan_in_force(acting, robot):
    """It would go on for a second and a half; the frame behind it is good for 0.3 s."""
    _, record = acting([0.0])
    robot.seen = False
    robot.wait_word('stale')
    robot.wait_zero()
    assert 'limit 0.30 s' in robot.reason()
    moving = [c for c in record.commands if from_twist(c).any()]
    # stamped just after its age was judged
    assert stamp_s(moving[-1]) - robot.stamps_s[-1] < 0.3 + 0.05
    zeros = len(record.commands)
    wait_for(lambda: len(record.commands) > zeros + 5, 'zero is repeated')
    assert not any(from_twist(c).any() for c in record.commands[zeros:])


def test_a_plan_that_is_too_slow_for_its_frame_stops_the_robot(acting, robot):
    """The robot moves only while the frame behind its plan is young; a stop wants fresh frames."""
    _, record = acting([0.02] * 15 + [0.6] * 100)
    # by then none of the fast ones is left
    robot.wait_count('deadline_misses', 2)
    robot.wait_word('stale')
    assert any('the frame behind the plan is ' in status_text(s, 'reason')
               for s in list(robot.status) if s.message == 'stale')
    stopped, frames = len(record.commands), len(robot.stamps_s)
    # at least two plans are ready by then, and their frames too old
    wait_for(lambda: len(robot.stamps_s) > frames + 1.5 / FRAME_PERIOD_S, 'frames')
    assert not any(from_twist(c).any() for c in record.commands[stopped:])


def test_cancel_in_the_middle_of_planning(acting, probe, robot):
    """Zero at once, and what was being planned is void."""
    _, record = acting([0.8], *PATIENT)
    # a plan is told of after its first command
    plans = len(wait_for(record.plans, 'the plan in force'))
    assert probe.call(Trigger, 'planner_node/cancel', Trigger.Request()).success
    robot.wait_zero()
    stopped, frames = len(record.commands), len(robot.stamps_s)
    # the plan that was being made is ready by then
    wait_for(lambda: len(robot.stamps_s) > frames + 1.6 / FRAME_PERIOD_S, 'frames')
    assert not any(from_twist(c).any() for c in record.commands[stopped:])
    assert len(record.plans()) == plans
    assert (robot.word(), robot.reason()) == ('idle', 'cancelled')


def test_frames_that_give_way_and_frames_that_never_come_are_counted(acting, robot, monkeypatch):
    """An encoder slower than the camera, and a camera that loses every fifth frame."""
    monkeypatch.setenv('FAKE_ENCODE_DELAY_S', '0.15')
    robot.loses = 5
    acting([0.0], *PATIENT)
    dropped, lost = robot.wait_count('dropped_frames'), robot.wait_count('lost_frames')
    came = robot.wait_count('frames')
    assert dropped < came
    # what this process did not send in time, for the machine stood still, is lost too
    own = sum(round(gap) - 1 for gap in np.diff(robot.stamps_s) / FRAME_PERIOD_S if gap > 1.5)
    assert lost <= max(came / 2, own + 2)


@pytest.mark.parametrize('robot', [0.03], indirect=True)
def test_a_deadline_longer_than_the_camera_s_period_lowers_the_rate_of_plans(acting, robot):
    """Frames that come meanwhile wait for nobody, and no plan is taken of an old one."""
    _, record = acting([0.08], '-p', 'deadline_s:=0.08')
    plans = record.wait_plans(8)
    starts = np.array([to_seconds(plan.header.stamp) for _, plan in plans])
    assert np.median(np.diff(starts)) > 0.075
    assert robot.wait_count('deadline_misses') >= 1
    # judged a moment before it is told
    assert max(ages_s(robot)) < 0.3 + 0.05


@pytest.mark.parametrize('robot', [0.005], indirect=True)
def test_a_camera_that_is_much_too_fast_is_looked_at_in_part(acting, robot, monkeypatch):
    """Two hundred frames a second, of which ten can be encoded: the newest each time."""
    monkeypatch.setenv('FAKE_ENCODE_DELAY_S', '0.1')
    _, record = acting([0.0], *PATIENT)
    record.wait_plans(5)
    dropped, came = robot.wait_count('dropped_frames'), robot.wait_count('frames')
    assert dropped > came / 2
    # one that had waited for others would be as old as they take
    assert np.median(ages_s(robot)) < 0.5
    assert robot.level() == DiagnosticStatus.WARN
