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

"""The planner node in a process of its own, on a model that can be worked out by hand."""

import json
import math
import signal
import time

from diagnostic_msgs.msg import DiagnosticStatus
from fake_planner import spot_picture
from graph import MEETING_S, Probe, process, wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav_msgs.msg import Path
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from robot import FRAME_PERIOD_S
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros import qos
from jepa_ros.ros.messages import from_twist, status_value


def call(probe: Probe, name: str) -> Trigger.Response:
    """Call one of the planner's triggers."""
    return probe.call(Trigger, f'planner_node/{name}', Trigger.Request())


def transition(probe: Probe, number: int) -> bool:
    """Ask for a lifecycle transition."""
    return probe.call(ChangeState, 'planner_node/change_state', ChangeState.Request(
        transition=Transition(id=number))).success


def test_it_drives_to_the_goal_and_says_everything(probe, robot, planner):
    """From a goal picture to arrival, with all topics alive; then a clean SIGINT."""
    plans = probe.listen(JointTrajectory, 'planner_node/plan', qos.COMMAND)
    paths = probe.listen(Path, 'planner_node/path', qos.COMMAND)
    latents = probe.listen(Image, 'planner_node/latent', qos.COMMAND)
    imagined = probe.listen(Image, 'planner_node/imagined', qos.COMMAND)
    surprise = probe.listen(Float32, 'planner_node/surprise', qos.COMMAND)
    robot.send_goal(0.75, 0.6)
    robot.wait_word('driving')
    wait_for(lambda: plans and paths and latents and imagined and surprise, 'the insides')
    driving = [s for s in list(robot.status) if s.message == 'driving'][-1]
    robot.wait_word('arrived')
    arrived = next(s for s in list(robot.status) if s.message == 'arrived')
    assert np.hypot(*(robot.place - (0.75, 0.6))) < 0.08
    robot.wait_zero()

    assert driving.hardware_id == 'cpu'
    keys = {item.key for item in driving.values}
    assert keys == {'reason', 'cost_to_go', 'frame_stamp', 'frame_age_s', 'engine', 'device',
                    'plan_hz', 'planning_ms', 'surprise', 'surprise_limit', 'run', 'begun',
                    'goal_ahead_m', 'goal_left_m', 'goal_turn_rad', 'goal_error_m'}
    assert status_value(driving, 'surprise_limit') == 1.0
    assert status_value(driving, 'cost_to_go') > 0.3
    assert status_value(arrived, 'cost_to_go') < 0.3
    assert status_value(driving, 'goal_ahead_m') > 0.05
    assert status_value(driving, 'goal_turn_rad') == 0.0
    assert status_value(driving, 'goal_error_m') == 5.0
    assert plans[0].joint_names == ['linear_x', 'angular_z']
    assert len(plans[0].points) == 15
    assert len(paths[0].poses) == 16
    assert paths[0].header.frame_id == paths[0].poses[-1].header.frame_id == 'base_link'
    assert (latents[0].height, latents[0].width, latents[0].encoding) == (1, 2, '32FC1')
    assert (imagined[0].height, imagined[0].width) == (3, 2)
    assert math.isfinite(surprise[-1].data)
    wait_for(lambda: 'camera_hz' in robot.figures(), 'diagnostics')
    figures = robot.figures()
    assert 0 < float(figures['camera_hz']) < 30
    assert {key: figures[key] for key in ('engine', 'device', 'precision', 'why')} == {
        'engine': 'by hand', 'device': 'cpu', 'precision': 'fp64', 'why': 'it is all there is'}
    planner.wait_said('by hand on cpu, fp64: it is all there is')
    assert planner.end() == 0, planner.output


def test_zero_when_frames_stop_and_motion_when_they_return(robot, planner):
    """The deadman, and the way back."""
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.seen = False
    robot.wait_word('stale')
    assert 'limit 0.30 s' in robot.reason()
    robot.wait_zero()
    zeros = len(robot.commands)
    wait_for(lambda: len(robot.commands) > zeros + 5, 'zero is repeated')
    assert not any(from_twist(c).any() for c in robot.commands[zeros:])
    robot.seen = True
    robot.wait_moving()


def test_frames_that_cannot_be_read_stop_it(robot, planner):
    """A broken frame counts as none; the node lives on."""
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.broken = True
    robot.wait_word('stale')
    robot.wait_zero()
    planner.wait_said('step is 1 bytes')
    robot.broken = False
    robot.wait_moving()


def test_cancel_start_and_a_restart_without_the_old_goal(probe, robot, planner):
    """Cancel stops, start drives on; after deactivate and activate it waits."""
    robot.place[:] = 0.15, 0.15
    robot.send_goal(0.85, 0.85)
    robot.wait_moving()
    assert call(probe, 'cancel').success
    robot.wait_word('idle')
    robot.wait_zero()
    robot.place[:] = 0.15, 0.15
    assert call(probe, 'start').success
    robot.wait_moving()
    assert transition(probe, Transition.TRANSITION_DEACTIVATE)
    robot.wait_zero()
    sent = len(robot.commands)
    assert transition(probe, Transition.TRANSITION_ACTIVATE)
    answer = call(probe, 'start')
    assert not answer.success
    assert 'no goal' in answer.message
    frames = len(robot.status)
    wait_for(lambda: len(robot.status) > frames + 5, 'frames are looked at again')
    assert not any(from_twist(c).any() for c in robot.commands[sent:])


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_last_command_is_zero(robot, planner, number):
    """Ended in the middle of driving, the process leaves a zero behind."""
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    assert planner.end(number) == 0, planner.output
    robot.wait_zero()


def test_the_graph_answers_while_a_plan_is_made(bundle, probe, robot, monkeypatch):
    """Lifecycle services do not wait for the engine, and a stuck engine stops the robot."""
    monkeypatch.setenv('FAKE_ENGINE_DELAY_S', '4.0')
    with process('fake_planner', '-p', bundle, '-p', 'start_on_goal:=false') as planner:
        robot.wait_word('idle')
        robot.send_goal(0.8, 0.5)
        # the goal is held, not driven to
        wait_for(lambda: call(probe, 'start').success, 'start')
        before = len(robot.status)
        client = probe.node.create_client(GetState, 'planner_node/get_state')
        assert client.wait_for_service(10.0)
        time.sleep(MEETING_S)
        for _ in range(3):
            future = client.call_async(GetState.Request())
            wait_for(future.done, 'an answer while planning', 3.0)
            assert future.result().current_state.label == 'active'
        assert len(robot.status) - before <= 2
        assert planner.end() == 0, planner.output


def test_without_a_model_it_stays_unconfigured_and_says_why(probe):
    """A missing bundle is named; the process lives and ends cleanly."""
    with process('jepa_ros.ros.planner_node', '-p', 'model:=no_such_model') as planner:
        planner.wait_said("no bundle 'no_such_model'")
        state = probe.call(GetState, 'planner_node/get_state', GetState.Request())
        assert state.current_state.label == 'unconfigured'
        assert planner.end() == 0, planner.output


def test_only_the_region_is_looked_at(bundle, probe, robot):
    """Of frames and goals alike; one that no frame holds is named with the numbers."""
    with process('fake_planner', '-p', bundle, '-p', 'region:=[0, 0, 100, 40]') as planner:
        said = 'region 100x40 at (0, 0) ends at (100, 40), the picture is 64x64'
        planner.wait_said(f'frame dropped: {said}')
        robot.send_goal(0.4, 0.4)
        planner.wait_said(f'goal refused: {said}')
        assert not any(status_value(s, 'frame_stamp') > 0 for s in robot.status)
        answer = probe.call(SetParameters, 'planner_node/set_parameters', SetParameters.Request(
            parameters=[Parameter('region', value=[0, 0, 48, 48]).to_parameter_msg()]))
        assert answer.results[0].successful
        latents = probe.listen(Image, 'planner_node/latent', qos.COMMAND)
        robot.place[:] = 0.3, 0.6
        # as fractions of the part, not of the whole
        part = [0.3 * 64 / 48, 0.6 * 64 / 48]
        wait_for(lambda: latents and np.allclose(
            np.frombuffer(latents[-1].data, '<f4'), part, atol=0.05), 'the spot in the part')
        robot.send_goal(0.4, 0.4)
        robot.wait_moving()


@pytest.mark.parametrize('region, warned', [([0, 0, 48, 48], True), ([4, 4, 32, 32], False)])
def test_another_region_than_that_of_training_is_warned_of(bundle, tmp_path, region, warned):
    """The model would see what it does not know, and drive by it."""
    (tmp_path / 'spot' / 'manifest.json').write_text(json.dumps(
        {'training': {'data': {'image': {'region': [4, 4, 32, 32]}}}}))
    with process('fake_planner', '-p', bundle, '-p', f'region:={region}') as planner:
        planner.wait_said('model spot')
    said = 'spot was trained on region [4, 4, 32, 32] of its pictures, the parameter region is '
    assert (f'{said}{region}' in planner.output) is warned


def test_compressed_frames(bundle, probe):
    """A camera that sends JPEG only."""
    import array

    import cv2
    status = probe.listen(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
    images = probe.publisher(CompressedImage, 'image/compressed', qos.SENSOR)

    def send() -> None:
        _, data = cv2.imencode('.jpg', spot_picture(0.3, 0.4))
        message = CompressedImage(format='jpeg', data=array.array('B', data.tobytes()))
        message.header.stamp = probe.node.get_clock().now().to_msg()
        images.publish(message)

    probe.every(FRAME_PERIOD_S, send)
    with process('fake_planner', '-p', bundle):
        wait_for(lambda: any(status_value(s, 'frame_stamp') > 0 for s in status),
                 'a compressed frame is looked at')
