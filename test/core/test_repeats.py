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

"""A frozen camera: the same picture under fresh stamps, while the robot is to move."""

import numpy as np
import pytest

from jepa_ros.core.repeats import Motion, Repeats
from jepa_ros.types import Frame

PERIOD_S = 0.1
LIMIT_S = 0.3
STANDS, MOVES = Motion(False, 0), Motion(True, 0)
STOPPED = Motion(False, 1)      # for age, once
DRIVES_ON = Motion(True, 1)


class Camera:
    """A camera whose pictures are numbers, and who judges them."""

    def __init__(self):
        self.repeats, self.now_s = Repeats(), 10.0

    def sees(self, grey, motion, later_s=PERIOD_S):
        """Return whether a picture of one grey level passes."""
        self.now_s += later_s
        self.verdict = self.repeats.judge(
            Frame(np.full((2, 3, 3), grey, np.uint8), self.now_s), motion, LIMIT_S)
        return self.verdict.ok


@pytest.fixture
def camera():
    camera = Camera()
    assert camera.sees(1, MOVES)
    return camera


def test_pictures_that_change_pass(camera):
    assert all(camera.sees(grey, MOVES) for grey in (2, 3, 2, 3))


def test_one_bit_of_one_pixel_is_a_change(camera):
    image = np.full((2, 3, 3), 1, np.uint8)
    image[1, 2, 0] ^= 1
    assert camera.repeats.judge(Frame(image, 11.0), MOVES, LIMIT_S).ok


def test_a_repeated_picture_is_refused_while_the_robot_moves(camera):
    assert not camera.sees(1, MOVES)
    assert not camera.sees(1, MOVES)
    assert camera.verdict.reason == ('the camera has repeated one picture for 0.20 s, '
                                     'limit 0.30 s')
    assert camera.sees(2, MOVES)
    assert not camera.sees(2, MOVES)
    assert 'for 0.10 s' in camera.verdict.reason


def test_a_robot_at_rest_may_see_one_picture_for_ever(camera):
    assert all(camera.sees(1, STANDS) for _ in range(50))
    # also where it was once stopped for another reason
    assert all(camera.sees(1, STOPPED) for _ in range(50))


def test_after_a_stop_for_it_the_picture_has_to_change(camera):
    """Else the robot would move for 0.3 s, stop, and move again."""
    assert not any(camera.sees(1, MOVES) for _ in range(3))
    assert not any(camera.sees(1, STOPPED) for _ in range(50))
    assert 'for 5.30 s' in camera.verdict.reason
    assert camera.sees(2, STOPPED)
    assert all(camera.sees(2, STOPPED) for _ in range(5))


def test_another_stop_than_for_it_leaves_no_suspicion(camera):
    """Such as the end of a drive: the plan in force never grew too old."""
    assert not camera.sees(1, MOVES)
    assert all(camera.sees(1, STANDS) for _ in range(5))


def test_a_stop_of_before_does_not_count(camera):
    assert camera.sees(2, DRIVES_ON)
    assert not camera.sees(2, DRIVES_ON)
    assert camera.sees(2, STOPPED)


def test_a_person_may_say_that_the_camera_is_alive(camera):
    assert not camera.sees(1, MOVES)
    assert not camera.sees(1, STOPPED)
    camera.repeats.clear()
    assert all(camera.sees(1, STOPPED) for _ in range(5))
    # and if it is frozen, it is seen again
    assert not camera.sees(1, DRIVES_ON)
    assert not camera.sees(1, Motion(False, 2))


def test_the_same_frame_twice_is_no_repeat(camera):
    """It came raw and compressed, or twice from the network."""
    assert camera.sees(1, MOVES, later_s=0.0)
    assert not camera.sees(1, MOVES)


def test_a_picture_of_another_size_is_a_change(camera):
    assert camera.repeats.judge(Frame(np.full((4, 6, 3), 1, np.uint8), 11.0), MOVES, LIMIT_S).ok
