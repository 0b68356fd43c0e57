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

"""From a picture to an arm's controller: planner, gate, joints, and what a fault leaves."""

from contextlib import ExitStack
import signal

from arm import Arm
from fake_arm import JOINTS
from graph import process, wait_for
import numpy as np
import pytest
from robot import Robot
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

GATE = ('-p', 'low:=[0.1, 0.1]', '-p', 'high:=[0.9, 0.9]', '-p', 'max_rate:=[0.4, 0.4]')
TRAJECTORY = ('-p', 'command:=trajectory', '-p', f'joints:={list(JOINTS)}')
GOAL = (0.7, 0.3)


class ArmRobot(Robot):
    """A camera that sees where the joints are."""

    def __init__(self, probe, arm) -> None:
        self._arm = arm
        super().__init__(probe)

    def _live(self) -> None:
        self.place = self._arm.positions.copy()
        super()._live()


def arrived(positions: np.ndarray) -> bool:
    """Tell whether joints are where the goal picture has them."""
    return bool(np.abs(positions - GOAL).max() < 0.1)


@pytest.mark.parametrize('actions', ['speeds', 'positions'])
def test_an_arm_goes_to_the_goal_picture_and_a_killed_planner_leaves_it_at_rest(
        probe, bundle, monkeypatch, actions):
    """Speeds and positions of joints, as trajectories that the controller takes."""
    monkeypatch.setenv('FAKE_ARM', actions)
    arm = Arm(probe, JOINTS, (0.25, 0.5))
    robot = ArmRobot(probe, arm)
    with ExitStack() as running:
        gate = running.enter_context(process('jepa_ros.ros.command_gate', *TRAJECTORY, *GATE))
        planner = running.enter_context(process(
            'fake_arm', '-p', bundle, '-p', 'controller:=trajectory'))
        robot.wait_word('idle')
        robot.send_goal(*GOAL)
        robot.wait_word('driving')
        # a gate that met the planner only now wants a person's word
        assert probe.call(Trigger, 'command_gate/reset', Trigger.Request()).success
        wait_for(lambda: arrived(arm.positions), 'the goal')
        robot.wait_word('arrived')
        wait_for(arm.at_rest, 'rest')
        robot.send_goal(0.2, 0.8)
        wait_for(lambda: not arrived(arm.positions), 'motion away')
        planner.child.send_signal(signal.SIGKILL)
        wait_for(arm.at_rest, 'rest')
        assert not any(arm.heard[-1].points[-1].velocities)
        assert arm.refused == []
        assert gate.end() == 0, gate.output
        assert 'Traceback' not in planner.output, planner.output


def test_an_array_of_positions_is_held_and_never_zero(probe, bundle, monkeypatch):
    """A forward position controller would take zero for a place to go to."""
    monkeypatch.setenv('FAKE_ARM', 'positions')
    arm = Arm(probe, JOINTS, (0.25, 0.5))
    robot = ArmRobot(probe, arm)
    said = probe.listen(Float64MultiArray, 'commands_nav')
    with process('fake_arm', '-p', bundle, '-p', 'controller:=array') as planner:
        robot.wait_word('idle')
        robot.send_goal(*GOAL)
        wait_for(lambda: len(said) > 3, 'commands')
        robot.seen = False
        robot.wait_word('stale')
        heard = len(said)
        wait_for(lambda: len(said) > heard + 5, 'what it says at rest')
        rest = list(said[heard - 1].data)
        assert all(list(m.data) == rest for m in said[heard:])
        assert planner.end() == 0, planner.output
    assert all(np.array(m.data).min() >= 0.1 for m in said)


def test_a_model_of_an_arm_wants_to_be_told_its_controller(bundle, monkeypatch):
    """Which of the two it is no manifest can tell."""
    monkeypatch.setenv('FAKE_ARM', 'speeds')
    said = 'set controller to array or trajectory'
    with process('fake_arm', '-p', bundle) as planner:
        planner.wait_said(said)
        assert planner.end() == 0, planner.output
