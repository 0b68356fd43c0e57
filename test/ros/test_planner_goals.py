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


"""Goals that are none, goals in floods, and what began a drive."""

from pathlib import Path

from fake_planner import spot_picture
from graph import process, wait_for
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.messages import from_twist

BLACK = np.zeros((64, 64, 3), np.uint8)


NO_GOALS = {
    'standard deviation is 0.00 grey levels, at least 2.00': from_rgb(BLACK, Header()),
    'image is 0x0': Image(encoding='rgb8'),
    'data has 0 bytes': Image(encoding='rgb8', width=4, height=3, step=12),
    "encoding '32FC1' is not one of": Image(encoding='32FC1', width=4, height=3, step=12),
}


def test_goals_that_are_none_leave_the_drive_as_it_is(robot, planner):
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.85, 0.85)
    robot.wait_moving()
    for reason, image in NO_GOALS.items():
        def refused(reason=reason, image=image):
            # what comes in the same second is refused without a line in the log
            robot.send_image(image)
            return reason in planner.output
        wait_for(refused, reason)
    robot.wait_word('arrived')
    assert np.hypot(*(robot.place - (0.85, 0.85))) < 0.08


def test_a_goal_that_is_none_starts_no_drive(probe, bundle, robot):
    """Held goals are judged as they come; after one that is none a start wants another."""
    with process('fake_planner', '-p', bundle, '-p', 'start_on_goal:=false') as planner:
        robot.wait_word('idle')
        robot.send_picture(BLACK)
        planner.wait_said('goal refused: ')
        assert 'no goal' in robot.start().message
        robot.send_goal(0.75, 0.6)
        wait_for(lambda: robot.start().success, 'the goal')
        robot.wait_word('arrived')
        robot.send_picture(BLACK)
        wait_for(lambda: planner.output.count('goal refused: ') == 2, 'the second refusal')
        # who calls start means the newest, not the one before
        assert 'the newest was refused: goal picture is almost' in robot.start().message
        # a goal of any size is taken, and is not driven to before a start
        robot.send_picture(spot_picture(0.3, 0.3, side_px=200))
        robot.set_parameter('fresh_frames', 2)
        robot.wait_frames(0.7)
        assert robot.value('begun') == ''
        assert not from_twist(robot.commands[-1]).any()
        robot.wait_word('idle')
        assert robot.start().success
        wait_for(lambda: np.hypot(*(robot.place - (0.3, 0.3))) < 0.08, 'the newest goal')


def test_a_goal_that_is_sent_again_on_the_way_begins_nothing(probe, robot, planner):
    """It is the same bit for bit; once arrived, it is a goal again."""
    robot.place[:] = 0.12, 0.12
    goals = probe.every(0.1, lambda: robot.send_goal(0.85, 0.85))
    wait_for(lambda: robot.place.min() > 0.7, 'most of the way')
    goals.cancel()
    assert planner.output.count('driving to a new goal') == 1
    robot.wait_word('arrived')
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.85, 0.85)
    robot.wait_moving()


def test_a_goal_that_keeps_coming_does_not_undo_a_cancel(probe, robot, planner):
    """Only a person goes on to that picture, or another picture does."""
    robot.place[:] = 0.12, 0.12
    goals = probe.every(0.1, lambda: robot.send_goal(0.85, 0.85))
    robot.wait_moving()
    assert probe.call(Trigger, 'planner_node/cancel', Trigger.Request()).success
    planner.wait_said('goal ignored: this picture was cancelled')
    robot.wait_zero()
    sent = len(robot.commands)
    robot.wait_frames(1.5)
    assert not any(from_twist(c).any() for c in robot.commands[sent:])
    assert (robot.word(), robot.reason()) == ('idle', 'cancelled')
    # a person goes on, and may be told again
    assert robot.start().success
    robot.wait_moving()
    assert probe.call(Trigger, 'planner_node/cancel', Trigger.Request()).success
    robot.wait_word('idle')
    robot.wait_zero()
    goals.cancel()
    robot.send_goal(0.8, 0.2)
    robot.wait_moving()


def test_a_flood_of_goals_takes_no_memory_and_the_newest_counts(
        probe, bundle, robot, monkeypatch):
    """A hundred goals wait for nobody: three hundred would be 360 MB."""
    monkeypatch.setenv('FAKE_ENCODE_DELAY_S', '0.03')

    def resident_mb():
        pages = Path(f'/proc/{planner.child.pid}/statm').read_text().split()[1]
        return int(pages) * 4096 / 1e6

    with process('fake_planner', '-p', bundle) as planner:
        robot.wait_word('idle')
        picture, most = spot_picture(0.2, 0.8, side_px=640), 0.0
        robot.send_picture(picture)
        robot.wait_moving()
        before = resident_mb()
        for _ in range(300):
            robot.send_picture(picture)
            most = max(most, resident_mb() - before)
        robot.send_goal(0.7, 0.4)
        wait_for(lambda: np.hypot(*(robot.place - (0.7, 0.4))) < 0.08, 'the newest goal')
        assert most < 60, f'{most:.0f} MB more'
        assert planner.end() == 0, planner.output


# -- who is it, and what began

def test_what_began_the_drive_and_which_run_it_is(probe, bundle, robot, planner):
    assert (robot.value('begun'), len(robot.value('run'))) == ('', 32)
    robot.place[:] = 0.12, 0.12
    robot.send_goal(0.88, 0.88)
    robot.wait_word('driving')
    assert robot.value('begun') == 'goal'
    robot.set_parameter('fresh_frames', 2)
    robot.wait_frames(0.7)
    assert robot.value('begun') == 'goal'
    probe.call(Trigger, 'planner_node/cancel', Trigger.Request())
    robot.wait_word('idle')
    assert robot.value('begun') == ''
    assert robot.start().success
    robot.wait_word('driving')
    assert robot.value('begun') == 'start'
    run = robot.value('run')
    assert planner.end() == 0
    with process('fake_planner', '-p', bundle):
        wait_for(lambda: robot.value('run') != run, 'another run')
        assert robot.value('begun') == ''
