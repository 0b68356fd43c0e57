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

"""The rules of joint_trajectory_controller, and a scripted plan that keeps to them over DDS."""

import copy

from arm import Arm, why_refused
from builtin_interfaces.msg import Duration, Time
from graph import wait_for
import numpy as np
import pytest
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.core.actions import command_at
from jepa_ros.ros import qos
from jepa_ros.ros.controllers.joint_speeds import JointSpeedController
from jepa_ros.ros.controllers.joint_trajectory import JointTrajectoryController
from jepa_ros.ros.messages import to_seconds, to_stamp
from jepa_ros.types import Plan

JOINTS = ('shoulder', 'elbow', 'wrist')
START = (0.1, -0.2, 0.3)
PERIOD_S, STOP_S = 0.05, 0.1
NOW = Time(sec=100)


def good() -> JointTrajectory:
    """Return a trajectory of two points that the controller takes at NOW."""
    return JointTrajectory(joint_names=list(JOINTS), points=[
        JointTrajectoryPoint(positions=[0.1, 0.0, 0.3], velocities=[0.1, 0.0, 0.0],
                             time_from_start=Duration(nanosec=50_000_000)),
        JointTrajectoryPoint(positions=[0.2, 0.0, 0.3], velocities=[0.0] * 3,
                             time_from_start=Duration(nanosec=150_000_000))])


def spoil(what: str) -> JointTrajectory:
    """Return a good trajectory with one thing wrong."""
    message = good()
    first, last = message.points
    if what == 'partial':
        message.joint_names = list(JOINTS[:2])
        for point in message.points:
            point.positions, point.velocities = point.positions[:2], point.velocities[:2]
    elif what == 'nameless':
        message.joint_names = []
    elif what == 'stranger':
        message.joint_names = ['shoulder', 'elbow', 'knee']
    elif what == 'empty':
        message.points = []
    elif what == 'moving end':
        last.velocities = [0.0, 0.1, 0.0]
    elif what == 'past':
        message.header.stamp = Time(sec=99, nanosec=800_000_000)
    elif what == 'same time':
        last.time_from_start = copy.deepcopy(first.time_from_start)
    elif what == 'speeds only':
        first.positions = []
    elif what == 'few speeds':
        first.velocities = [0.1]
    elif what == 'effort':
        first.effort = [1.0] * 3
    return message


@pytest.mark.parametrize('what, said', [
    ('partial', '2 joints for a controller of 3'), ('nameless', '0 joints'),
    ('stranger', "['knee'] are no joints"), ('empty', 'no points'),
    ('moving end', 'the last velocities are'), ('past', 'it ended 0.050 s ago'),
    ('same time', 'point 1 comes 0.050 s'), ('speeds only', 'point 0 has 0 positions'),
    ('few speeds', 'point 0 has 1 velocities'), ('effort', 'point 0 has effort')])
def test_the_checker_refuses_what_the_controller_does(what, said):
    """Each rule by itself; what is right passes."""
    assert said in why_refused(spoil(what), JOINTS, 100.0)
    assert why_refused(good(), JOINTS, 100.0) == ''


def test_the_checker_knows_the_controllers_options():
    """Part of the joints, and an end that moves, where its parameters allow that."""
    assert why_refused(spoil('partial'), JOINTS, 100.0, partial=True) == ''
    assert why_refused(spoil('nameless'), JOINTS, 100.0, partial=True) == 'no joint names'
    assert why_refused(spoil('moving end'), JOINTS, 100.0, nonzero_end=True) == ''
    late = spoil('past')
    late.header.stamp = Time()
    assert why_refused(late, JOINTS, 100.0) == ''


@pytest.mark.parametrize('names', [(), ('a', ''), ('a', 'a')])
def test_joints_without_a_name_of_their_own_are_refused(names):
    """By name."""
    with pytest.raises(ValueError, match='names of the joints'):
        JointTrajectoryController(names, PERIOD_S, STOP_S)


@pytest.mark.parametrize('what', ['partial', 'stranger', 'empty'])
def test_what_has_no_positions_of_all_joints_is_no_command(what):
    """As it comes from who knows whom."""
    with pytest.raises(ValueError, match=r'joints|points'):
        JointTrajectoryController(JOINTS, PERIOD_S, STOP_S).numbers(spoil(what))


def test_joints_in_another_order_are_put_in_ours():
    """The last point is the command."""
    message = good()
    message.joint_names = ['wrist', 'shoulder', 'elbow']
    np.testing.assert_array_equal(
        JointTrajectoryController(JOINTS, PERIOD_S, STOP_S).numbers(message), [0.0, 0.3, 0.2])


def scripted(start_s: float) -> Plan:
    """Return a plan of a second: up, back, and two joints at once."""
    at_s = np.arange(20) * PERIOD_S
    moved = np.stack([0.3 * np.sin(2 * np.pi * at_s), 0.2 * at_s, -0.1 * at_s], axis=1)
    return Plan((START + moved).reshape(4, 5, 3), np.zeros((4, 1, 2)), np.zeros(5), 0.0, start_s,
                PERIOD_S, 1, 0.0)


@pytest.mark.parametrize('ending', ['held', 'silent'])
def test_a_scripted_plan_is_accepted_and_ends_in_a_hold_point(probe, ending):
    """Every message keeps to the rules; at its end, or where it breaks off, the arm rests."""
    arm = Arm(probe, JOINTS, START)
    controller = JointTrajectoryController(JOINTS, PERIOD_S, STOP_S)
    commands = probe.publisher(JointTrajectory, 'joint_trajectory', qos.COMMAND)
    wait_for(commands.get_subscription_count, 'the arm')
    plan, sent = scripted(arm.now_s()), []

    def speak() -> None:
        now_s = arm.now_s()
        ended = now_s > plan.start_s + 1.0
        if ended and (ending == 'silent' or len(sent) > 60):
            return
        command = command_at(plan, now_s, holds=True)
        sent.append(controller.message(command, to_stamp(now_s), rest=ended))
        commands.publish(sent[-1])

    controller.message(np.array(START), to_stamp(arm.now_s()), rest=True)
    probe.every(PERIOD_S, speak)
    wait_for(lambda: arm.now_s() > plan.start_s + 1.0 and arm.at_rest(), 'rest')
    last = plan.blocks.reshape(-1, 3)
    assert len(sent) > 15
    assert arm.heard
    assert arm.refused == []
    np.testing.assert_allclose(arm.positions, controller.numbers(arm.heard[-1]), atol=1e-9)
    low, high = last.min(axis=0) - 1e-3, last.max(axis=0) + 1e-3
    assert all(((low <= p) & (p <= high)).all() for _, p, _ in list(arm.trace))
    assert max(abs(s[0]) for _, _, s in arm.trace) > 0.5, 'it did not stop between the points'
    if ending == 'held':
        (hold,) = arm.heard[-1].points
        assert list(hold.positions) == last[-1].tolist()
        assert not any(hold.velocities)
        assert to_seconds(hold.time_from_start) == pytest.approx(PERIOD_S + STOP_S)


def test_a_steady_motion_passes_at_its_speed_and_could_stop_evenly_any_time():
    """The end is the command; half a stop before it the arm has the speed of the commands."""
    clock = iter(np.arange(100) * PERIOD_S)
    controller = JointTrajectoryController(('a',), PERIOD_S, STOP_S,
                                           clock=lambda: next(clock))
    for i in range(20):
        message = controller.message(np.array([0.8 * PERIOD_S * i]), NOW, rest=False)
    first, last = message.points
    assert first.velocities[0] == pytest.approx(0.8)
    assert first.positions[0] == pytest.approx(0.8 * PERIOD_S * 19 - 0.8 * STOP_S / 2)
    assert to_seconds(first.time_from_start) == pytest.approx(PERIOD_S)
    assert (last.positions[0], last.velocities[0]) == (pytest.approx(0.8 * PERIOD_S * 19), 0.0)
    assert to_seconds(last.time_from_start) == pytest.approx(PERIOD_S + STOP_S)
    (hold,) = controller.message(np.array([0.8 * PERIOD_S * 19]), NOW, rest=True).points
    assert hold == last


def test_the_first_step_of_a_motion_does_not_go_back():
    """It begins from rest: the first point lies between where the arm is and the command."""
    clock = iter([0.0, 0.5, 1.0, 1.0 + PERIOD_S])
    controller = JointTrajectoryController(('a',), PERIOD_S, STOP_S,
                                           clock=lambda: next(clock))
    for _ in range(3):
        (hold,) = controller.message(np.array([0.4]), NOW, rest=False).points
        assert not any(hold.velocities)
    first, _ = controller.message(np.array([0.5]), NOW, rest=False).points
    assert 0.4 < first.positions[0] < 0.5


def test_speeds_are_added_up_from_where_the_joints_are_and_do_not_wind_up():
    """Held fast, the target leads by what 0.3 s at full speed would be, and no more."""
    where, clock = np.array([0.4, 0.0, 0.0]), iter(np.arange(300) * PERIOD_S)
    controller = JointSpeedController(
        JointTrajectoryController(JOINTS, PERIOD_S, STOP_S), (1.0, 1.0, 1.0), lambda: where,
        clock=lambda: next(clock))
    speed = np.array([0.5, 0.0, -1.0])
    first = controller.message(speed, NOW, rest=False)
    np.testing.assert_allclose(controller.numbers(first), where)
    second = controller.message(speed, NOW, rest=False)
    np.testing.assert_allclose(controller.numbers(second), where + speed * PERIOD_S)
    for _ in range(200):
        last = controller.message(speed, NOW, rest=False)
        assert why_refused(last, JOINTS, 100.0) == ''
    np.testing.assert_allclose(controller.numbers(last), where + np.array([0.3, 0.0, -0.3]))


def test_speeds_without_a_place_are_no_command():
    """Nothing tells where the joints are: nothing is sent, and it begins anew when it is told."""
    place = [None]
    controller = JointSpeedController(
        JointTrajectoryController(('a',), PERIOD_S, STOP_S), (1.0,), lambda: place[0])
    assert controller.message(np.array([0.5]), NOW, rest=False) is None
    place[0] = np.array([2.0])
    assert controller.numbers(controller.message(np.array([0.5]), NOW, rest=False)) == [2.0]
