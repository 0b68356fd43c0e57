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

"""The planner node under faults of its camera and of its engine."""

from graph import wait_for
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import pytest

from jepa_ros.ros.messages import from_twist


def state(probe):
    """Return the label of the planner's lifecycle state."""
    return probe.call(GetState, 'planner_node/get_state',
                      GetState.Request()).current_state.label


@pytest.fixture
def faults(tmp_path, monkeypatch):
    """Return what makes the engine fail, in the words of fake_planner."""
    path = tmp_path / 'faults'
    path.write_text('')
    monkeypatch.setenv('FAKE_FAULTS', str(path))
    return path.write_text


@pytest.fixture
def broken(faults, planner):
    """Hold a planner whose engine can be made to fail."""
    return planner


# -- the camera

def test_a_frozen_camera_stops_it_until_the_picture_changes(probe, robot, planner):
    """Though the stamps are fresh; and it does not lurch on in between."""
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.frozen = True
    robot.wait_word('stale')
    robot.wait_zero()
    wait_for(lambda: 'the camera has repeated one picture for' in robot.reason(), 'the reason')
    assert 'limit 0.30 s' in robot.reason()
    stopped = len(robot.commands)
    robot.wait_frames(1.5)
    assert not any(from_twist(c).any() for c in robot.commands[stopped:])
    assert robot.wait_count('repeated_frames') >= 3
    planner.wait_said('the camera has repeated one picture')
    assert robot.value('begun') == 'goal'
    robot.frozen = False
    robot.wait_moving()


def test_a_person_may_start_it_though_nothing_changed(probe, robot, planner):
    """A start is taken for a word that the camera is alive; if it is not, that is seen again."""
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.frozen = True
    wait_for(lambda: 'repeated one picture' in robot.reason(), 'the reason')
    stopped = len(robot.commands)
    assert robot.start().success
    wait_for(lambda: any(from_twist(c).any() for c in robot.commands[stopped:]), 'motion')
    assert robot.value('begun') == 'start'
    wait_for(lambda: 'repeated one picture' in robot.reason(), 'the reason')
    robot.wait_zero()


def test_a_robot_at_rest_may_see_one_picture_and_set_off(robot, planner):
    """A simulator without noise shows the same until the robot moves."""
    robot.frozen = True
    robot.wait_frames(0.7)
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.frozen = False
    robot.wait_word('arrived')


def test_repeated_pictures_pass_where_that_is_wanted(probe, robot, planner):
    robot.set_parameter('refuse_repeats', False)
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.frozen = True
    robot.wait_frames(1.5)
    robot.wait_word('driving')
    assert int(robot.figures().get('repeated_frames', 0)) == 0


def test_the_level_of_diagnostics_goes_by_the_camera_and_the_word(probe, robot, broken, faults):
    wait_for(lambda: robot.level() == b'\x00', 'level OK')
    robot.seen = False
    wait_for(lambda: robot.level() == b'\x03', 'level STALE, without a goal')
    assert float(robot.figures()['newest_frame_age_s']) > 0.3
    broken.wait_said('the newest frame is')
    robot.seen = True
    wait_for(lambda: robot.level() == b'\x00', 'level OK again')
    faults('nan_latent')
    wait_for(lambda: robot.level() == b'\x02', 'level ERROR')


# -- the engine

@pytest.mark.parametrize('word, reason', [
    ('encode', 'encoding failed: RuntimeError: the encoder is broken'),
    ('rollout', 'planning failed: RuntimeError: the rollout is broken'),
    ('nan_latent', 'latent has 2 non-finite of 2 values'),
    ('nan_to_go', 'cost-to-go has 1 non-finite of 1 values'),
    ('nan_cost', 'cost has 0 finite of 32 values'),
])
def test_after_five_failures_in_a_row_it_deactivates_itself(
        probe, robot, broken, faults, word, reason):
    """Zero and the reason come first; activated again it waits for a goal."""
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.88, 0.88)
    robot.wait_moving()
    faults(word)
    wait_for(lambda: '5 failures in a row, limit 5: ' in robot.reason(), 'the reason')
    assert reason in robot.reason()
    assert robot.reason().count('\n') == 0
    wait_for(lambda: state(probe) == 'inactive', 'the state inactive')
    assert robot.word() == 'fault'
    assert robot.value('begun') == ''
    robot.wait_zero()
    sent = len(robot.commands)
    robot.wait_frames(0.7)
    assert len(robot.commands) == sent
    wait_for(lambda: robot.level() == b'\x02', 'level ERROR')
    assert broken.output.count('activate it to try again') == 1

    faults('')
    assert probe.call(ChangeState, 'planner_node/change_state', ChangeState.Request(
        transition=Transition(id=Transition.TRANSITION_ACTIVATE))).success
    robot.wait_word('idle')
    assert 'no goal' in robot.start().message
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.88, 0.88)
    robot.wait_moving()
    broken.output = broken.output.replace('Traceback', 'a trace')      # wanted, of the engine


@pytest.mark.parametrize('word', ['encode 4', 'nan_cost 4'])
def test_fewer_failures_are_tried_again(probe, robot, broken, faults, word):
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.88, 0.88)
    robot.wait_moving()
    for text in (word, f'{word}\n'):
        # one success in between begins the count anew
        failed = len(robot.status)
        faults(text)
        wait_for(lambda failed=failed: any(
            s.message == 'fault' for s in robot.status[failed:]), 'a fault')
        robot.wait_word('driving')
    assert state(probe) == 'active'
    broken.output = broken.output.replace('Traceback', 'a trace')


def test_a_start_that_the_encoder_fails_is_refused_and_the_node_lives(
        probe, robot, broken, faults):
    robot.send_goal(0.85, 0.5)
    robot.wait_moving()
    robot.seen = False
    faults('encode')
    answer = robot.start()
    assert not answer.success
    assert 'the encoder is broken' in answer.message
    robot.wait_word('fault')
    robot.wait_zero()
    faults('')
    assert robot.start().success
    robot.seen = True
    robot.wait_moving()
    broken.output = broken.output.replace('Traceback', 'a trace')
