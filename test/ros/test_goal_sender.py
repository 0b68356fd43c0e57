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

"""A goal from a file or of a random place reaches the planner's topic, once."""

from pathlib import Path
import time

import cv2
from graph import process, wait_for
import numpy as np
import pytest
from sensor_msgs.msg import Image

from jepa_ros.ros import qos
from jepa_ros.ros.convert import to_rgb
from jepa_ros.ros.goal_sender import picture_of_random_place

SENDER = 'jepa_ros.ros.goal_sender'


def test_a_file_is_sent_once(probe, tmp_path: Path):
    """The sender waits for a planner, sends, and ends with 0."""
    rgb = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    path = tmp_path / 'goal.png'
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    with process(SENDER, '-p', f'image:={path}') as sender:
        sender.wait_said('waiting for a planner')
        goals = probe.listen(Image, 'goal_image', qos.RELIABLE)
        assert sender.wait() == 0, sender.output
    wait_for(lambda: goals, 'the goal')
    assert len(goals) == 1
    np.testing.assert_array_equal(to_rgb(goals[0]), rgb)


def test_a_planner_that_is_met_after_another_listener_gets_it_too(probe, tmp_path: Path):
    """Such as jepa watch, a recorder or RViz: they listen to goals and drive nothing."""
    path = tmp_path / 'goal.png'
    assert cv2.imwrite(str(path), np.zeros((24, 32, 3), np.uint8))
    for _ in range(3):
        goals, late = [], []
        with process(SENDER, '-p', f'image:={path}') as sender:
            sender.wait_said('waiting for a planner')
            began_s = time.monotonic()
            first = probe.node.create_subscription(
                Image, 'goal_image', goals.append, qos.RELIABLE)
            wait_for(lambda: probe.node.count_publishers('goal_image'), 'the sender')
            time.sleep(0.3)
            second = probe.node.create_subscription(
                Image, 'goal_image', late.append, qos.RELIABLE)
            passed_s = time.monotonic() - began_s
            assert sender.wait() == 0, sender.output
        # else this machine stood still, and the sender may have sent before there was another
        if passed_s < 0.8:
            break
        probe.node.destroy_subscription(first)
        probe.node.destroy_subscription(second)
    wait_for(lambda: goals and late, 'the goal at both')
    assert len(goals) == len(late) == 1


@pytest.mark.parametrize('arguments, words', [
    ([], ['either image or random']),
    (['-p', 'image:=/no/such/goal.png'], ['/no/such/goal.png']),
    (['-p', f'image:={__file__}'], ['neither a JPEG nor a PNG']),
    (['-p', 'random:=true', '-p', 'camera:=side'], ["camera is 'side', must be one of ceiling"]),
])
def test_what_is_no_picture_is_refused(arguments, words):
    """No traceback, but the reason and an exit code."""
    with process(SENDER, *arguments) as sender:
        assert sender.wait() == 1
    for word in words:
        assert word in sender.output
    assert 'Traceback' not in sender.output


def test_a_random_place_is_seeded():
    """The same seeds give the same picture, another place seed another."""
    pytest.importorskip('mujoco')
    first = picture_of_random_place(3, 0.5, 0)
    assert first.shape == (480, 640, 3)
    np.testing.assert_array_equal(first, picture_of_random_place(3, 0.5, 0))
    assert (first != picture_of_random_place(3, 0.5, 1)).any()


def test_a_random_place_of_the_front_camera_is_one_that_it_sees_from_the_start():
    """The same that the simulated robot would see there, and not the ceiling's."""
    pytest.importorskip('mujoco')
    from jepa_ros.sim.tasks import in_view, task_from_here
    from jepa_ros.sim.world import World, WorldConfig
    world = World(WorldConfig(appearance=0.5), 3)
    try:
        for place_seed in range(4):
            task = task_from_here(world, 3, np.random.default_rng(place_seed), 'front')
            assert in_view(world.floor, world.pose, task.goal)
            assert 0.75 <= np.hypot(task.goal.x - task.start.x, task.goal.y - task.start.y) <= 2.0
            np.testing.assert_array_equal(
                picture_of_random_place(3, 0.5, place_seed, 'front'),
                world.render_at(task.goal, 'front'))
    finally:
        world.close()
