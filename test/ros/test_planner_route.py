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

"""The planner on a route, over DDS: to its end, to a picture beside it, and what is no route."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
import threading

from fake_planner import SIDE_PX, spot_picture, SpotModel
from graph import Process, process, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from robot import Robot
from std_msgs.msg import Header

from jepa_ros.cli.route_folder import Kept, write_route
from jepa_ros.core.following import FollowerConfig
from jepa_ros.core.route import Edge, Route
from jepa_ros.core.route_plan import Spacing
from jepa_ros.ros import planner_params
from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.messages import from_twist
from jepa_ros.ros.planner_node import PlannerNode

# down, and then to the right, less than two blocks from one to the next
PLACES = ((0.25, 0.25), (0.25, 0.5), (0.25, 0.7), (0.5, 0.7), (0.75, 0.7))


def write(folder: Path, side_px: int = SIDE_PX) -> Path:
    """Write the route of PLACES for a model whose pictures are so large."""
    nodes = np.array(PLACES, np.float32)[:, None]
    edges = tuple(Edge(i, i + 1, 2.0) for i in range(len(PLACES) - 1))
    pictures = [spot_picture(x, y, side_px) for x, y in PLACES]
    write_route(folder, Route(nodes, edges),
                [Kept('drive', '/image', 50, pictures, [float(i) for i in range(len(PLACES))])],
                {'name': 'spot', 'encoder': '', 'height': side_px, 'width': side_px},
                Spacing(), (0, 0, 0, 0))
    return folder


@pytest.fixture
def planner(bundle: str, robot: Robot, tmp_path: Path) -> Iterator[Process]:
    """Hold the planner's process, active, with the route."""
    with process('fake_planner', '-p', bundle, '-p', f'route:={write(tmp_path / "route")}',
                 '-p', 'route_reach_cost:=2.0', '-p', 'route_trust_cost:=3.0',
                 '-p', 'route_look_about_s:=1.0') as planner:
        robot.wait_word('idle')
        yield planner
    assert 'Traceback' not in planner.output, planner.output


def test_a_start_follows_the_route_to_its_end_if_that_is_wanted_and_a_restart_does_not(
        probe, robot, planner):
    """Round the corner; nothing moves before a person says so, and again after a restart."""
    robot.place[:] = PLACES[0]
    robot.wait_frames(0.5)
    answer = robot.start()
    assert not answer.success
    assert 'follow_route is false: the end of the route is none' in answer.message
    robot.set_parameter('follow_route', True)
    robot.wait_frames(0.5)
    assert not any(from_twist(c).any() for c in robot.commands)
    answer = robot.start()
    assert answer.success
    assert answer.message == 'following the route to its end'
    wait_for(lambda: robot.place[1] - robot.place[0] > 0.15, 'the way round the corner')
    assert robot.value('begun') == 'start'
    robot.wait_word('arrived')
    assert np.hypot(*(robot.place - PLACES[-1])) < 0.08
    told = [next((v.value for v in s.values if v.key == 'picture'), '') for s in robot.status
            if s.message == 'driving']
    assert {t.split(' of ')[1] for t in told if t} == {'5'}
    assert told[-1] == '5 of 5'
    robot.wait_zero()

    for number in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE):
        assert probe.call(ChangeState, 'planner_node/change_state', ChangeState.Request(
            transition=Transition(id=number))).success
    robot.place[:] = PLACES[0]
    sent = len(robot.commands)
    robot.wait_frames(0.7)
    assert not any(from_twist(c).any() for c in robot.commands[sent:])


def test_a_picture_near_the_route_is_driven_to_along_it_one_that_is_not_is_refused(robot, planner):
    robot.place[:] = PLACES[0]
    robot.send_goal(0.85, 0.15)
    planner.wait_said('the nearest picture of the route, limit 3.0')
    # nor does a start, meant for that picture, go anywhere else
    robot.set_parameter('follow_route', True)
    answer = robot.start()
    assert not answer.success
    assert 'the newest was refused: goal picture is' in answer.message
    robot.wait_frames(0.5)
    assert not any(from_twist(c).any() for c in robot.commands)
    robot.send_goal(0.5, 0.6)
    wait_for(lambda: robot.place[1] - robot.place[0] > 0.15, 'the way round the corner')
    robot.wait_word('arrived')
    assert np.hypot(*(robot.place - (0.5, 0.6))) < 0.08


def test_a_lost_robot_stops_with_the_reason_and_ends_the_drive(robot, planner):
    robot.place[:] = 0.9, 0.1
    robot.set_parameter('follow_route', True)
    assert robot.start().success
    wait_for(lambda: 'lost: the nearest picture of the route is' in robot.reason()
             and robot.word() == 'idle', 'the end of the search')
    assert robot.value('begun') == ''
    planner.wait_said('gave up: lost')
    robot.wait_zero()
    # it had turned on the spot, and done nothing else
    turned = np.array([from_twist(c) for c in robot.commands])
    assert not turned[:, 0].any()
    assert turned[:, 1].max() == pytest.approx(0.4 * 0.3, abs=1e-6)


@pytest.mark.parametrize('count', [1, 2])
def test_goals_that_keep_coming_do_not_make_a_lost_robot_turn_for_ever(
        probe, robot, planner, count):
    """One picture, or two in turn: they are of one drive, which gives up; a person goes on."""
    robot.place[:] = 0.9, 0.1
    pictures = cycle([spot_picture(0.5, 0.6), spot_picture(0.55, 0.6)][:count])
    goals = probe.every(0.2, lambda: robot.send_picture(next(pictures)))
    planner.wait_said('gave up: lost')
    if count == 1:
        planner.wait_said('goal ignored: the robot gave up on this picture')
        robot.wait_word('idle')
        robot.wait_zero()
        sent = len(robot.commands)
        robot.wait_frames(3.0)
        assert not any(from_twist(c).any() for c in robot.commands[sent:])
    goals.cancel()
    robot.place[:] = 0.9, 0.1
    robot.wait_word('idle')
    robot.place[:] = PLACES[0]
    assert robot.start().success
    robot.wait_word('arrived')


def test_changed_parameters_do_not_make_a_lost_robot_turn_for_ever(robot, planner):
    robot.place[:] = 0.9, 0.1
    robot.set_parameter('follow_route', True)
    assert robot.start().success
    for number in range(25):
        robot.set_parameter('fresh_frames', 2 + number % 2)
        robot.wait_frames(0.5)
        if 'gave up: lost' in planner.output:
            break
    assert 'gave up: lost' in planner.output


def test_the_region_is_the_route_s_while_there_is_one(probe, robot, planner):
    answer = probe.call(SetParameters, 'planner_node/set_parameters', SetParameters.Request(
        parameters=[Parameter('region', value=[0, 0, 32, 32]).to_parameter_msg()])).results[0]
    assert not answer.successful
    assert 'region cannot change once the node is configured' in answer.reason
    assert 'region' not in planner_params.fixed(False)


def test_a_start_does_not_overtake_a_goal(ros, bundle, tmp_path):
    """A goal comes and a start at once, before the thread that encodes has looked at it."""
    node = PlannerNode(load=lambda *_: SpotModel())
    looks = threading.Event()
    try:
        node.set_parameters([
            Parameter(name, value=value) for name, value in {
                'model': bundle.partition('=')[2], 'route': str(write(tmp_path / 'route')),
                'start_on_goal': False, 'follow_route': True}.items()])
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        wait_for(lambda: node._goals.start()[0], 'a start without a goal')
        node._loop.post('busy', looks.wait)
        node._goals.offer(from_rgb(spot_picture(*PLACES[1]), Header()))
        assert node._goals.start() == (False, 'the newest goal is not looked at yet: try again')
        looks.set()
        wait_for(lambda: node._goals.start() == (True, 'driving to the newest goal'), 'the goal')
    finally:
        looks.set()
        node.close()
        node.destroy_node()


def test_frames_that_are_young_enough_to_drive_by_are_no_pause():
    values = {entry.name: entry.default for entry in planner_params.TABLE}
    assert planner_params.follower_config(values).pause_s == FollowerConfig.pause_s
    values['max_frame_age_s'] = 1.5
    assert planner_params.follower_config(values).pause_s == 1.5


def test_a_route_of_another_size_is_refused(bundle, robot, tmp_path):
    with process('fake_planner', '-p', bundle,
                 '-p', f'route:={write(tmp_path / "route", 40)}') as planner:
        planner.wait_said('pictures are 40x40, the model takes 32x32')
        assert 'Traceback' not in planner.output, planner.output
