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

"""The node behind the page over real DDS: what it hears, and what its stop does."""

from collections.abc import Iterator
import json
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, wait_for
import numpy as np
import pytest
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Float32, Float64MultiArray, Header
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_latents, from_rgb
from jepa_ros.ros.messages import to_diagnostics, to_stamp, to_status
from jepa_ros.ros.watch_board import MOST_ACTIONS, MOST_STEPS, WatchBoard
from jepa_ros.ros.watch_node import WatchNode
from jepa_ros.ros.watch_pictures import to_jpeg
from jepa_ros.ros.watch_values import command_values, MOST_NUMBERS
from jepa_ros.web.board import Board, Seen

PERIOD_S = 0.05


class Watched:
    """A watch node that spins, and what its board says."""

    def __init__(self) -> None:
        self.board, self._seen = Board(), Seen()
        self.node = WatchNode(self.board, [])
        self.facts: dict[str, Any] = {}
        self.pictures: dict[str, Any] = {}
        self.points: dict[str, list] = {}
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._done.is_set():
            self._executor.spin_once(timeout_sec=0.05)

    def look(self) -> 'Watched':
        """Take the board's news."""
        news = self.board.news(self._seen)
        self.facts |= news.state['facts']
        self.pictures |= news.pictures
        for curve, points in news.state['points'].items():
            self.points.setdefault(curve, []).extend(value for _, value in points)
        return self

    def close(self) -> None:
        """End it."""
        self._done.set()
        self._thread.join(5.0)
        self._executor.shutdown()
        self.node.close()
        self.node.destroy_node()


@pytest.fixture
def watched(ros: None) -> Iterator[Watched]:
    """Hold a watch node."""
    watched = Watched()
    yield watched
    watched.close()


def say(probe: Probe, kind: type, topic: str, messages: Any, profile: Any = 10) -> Any:
    """Publish what an iterator gives, again and again."""
    publisher = probe.publisher(kind, topic, profile)
    return probe.every(PERIOD_S, lambda: publisher.publish(next(messages)))


def numbered() -> Iterator[int]:
    """Return 1, 2, 3, ..."""
    number = 0
    while True:
        number += 1
        yield number


def header(number: int) -> Header:
    """Return the header of the n-th frame."""
    return Header(stamp=to_stamp(100.0 + number * PERIOD_S), frame_id='camera')


def test_the_camera_is_shown(probe, watched):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, 32:] = (250, 0, 0)
    say(probe, Image, 'camera/image_raw', (from_rgb(pixels, header(n)) for n in numbered()))
    wait_for(lambda: 'camera' in watched.look().pictures, 'a picture')
    import cv2
    shown = cv2.imdecode(np.frombuffer(watched.pictures['camera'].jpeg(), np.uint8), 1)
    np.testing.assert_allclose(shown[20, 50], (0, 0, 250), atol=12)
    np.testing.assert_allclose(shown[20, 10], 0, atol=12)
    assert wait_for(lambda: watched.look().facts['links']['camera'] == '', 'the link')


def test_a_compressed_camera_is_shown_too(probe, watched):
    jpeg = to_jpeg(from_rgb(np.full((48, 64, 3), 90, np.uint8), Header()))
    say(probe, CompressedImage, 'camera/image_raw',
        (CompressedImage(header=header(n), format='jpeg', data=jpeg) for n in numbered()))
    wait_for(lambda: 'camera' in watched.look().pictures, 'a picture')
    assert watched.pictures['camera'].jpeg().startswith(b'\xff\xd8')


def test_a_picture_that_is_none_is_said_and_survived(probe, watched):
    bad = Image(height=9, width=9, encoding='rgb8', step=27, data=bytes(5))
    say(probe, Image, 'camera/image_raw', (bad for _ in numbered()))
    wait_for(lambda: 'camera' in watched.look().pictures, 'a picture')
    assert watched.pictures['camera'].jpeg() == b''
    assert 'data has 5 bytes' in watched.look().facts['camera']['wrong']


@pytest.mark.parametrize('kind', [Twist, TwistStamped])
def test_commands_of_either_type_are_drawn(probe, watched, kind):
    assert 'nobody publishes /cmd_vel' in watched.look().facts['links']['command']
    message = kind()
    twist = message.twist if kind is TwistStamped else message
    twist.linear.x, twist.angular.z = 0.25, -0.5
    say(probe, kind, 'cmd_vel', (message for _ in numbered()))
    wait_for(lambda: 'command' in watched.look().facts, 'a command')
    assert watched.facts['command']['values'] == {
        'linear_x': 0.25, 'linear_y': 0.0, 'angular_z': -0.5}
    assert watched.points['command.linear_x'][0] == 0.25


def test_imagined_latents_are_shown_as_the_nearest_frames_seen(probe, watched):
    """Frames of 50 greys, each with a latent of its own: the greys that are imagined are shown."""
    numbers = numbered()
    camera = probe.publisher(Image, 'camera/image_raw', qos.CAMERA)
    latent = probe.publisher(Image, 'planner_node/latent', qos.COMMAND)
    imagined = probe.publisher(Image, 'planner_node/imagined', qos.COMMAND)

    def step() -> None:
        number = next(numbers)
        grey, before = 5 * (number % 50), 5 * ((number - 1) % 50)
        camera.publish(from_rgb(np.full((24, 32, 3), grey, np.uint8), header(number)))
        # a planner encodes a picture after everybody has it
        latent.publish(from_latents(np.full((1, 8), before, np.float32), header(number - 1)))
        # (H, L, D): two steps
        imagined.publish(from_latents(
            np.array([[[20.0] * 8], [[200.0] * 8]], np.float32), header(number)))

    probe.every(PERIOD_S, step)

    def near() -> bool:
        told = watched.look().facts.get('imagined', {})
        return told.get('distances', []) != [] and max(told['distances']) <= 30.0

    wait_for(near, 'frames near the imagined latents')
    import cv2
    watched.look()
    for step_name, grey in (('step1', 20), ('step2', 200)):
        shown = cv2.imdecode(np.frombuffer(watched.pictures[step_name].jpeg(), np.uint8), 1)
        assert abs(float(shown.mean()) - grey) <= 35
    assert len(watched.facts['imagined']['heat']) == 2
    assert max(max(row) for row in watched.facts['imagined']['heat']) == 100


def test_latents_that_are_none_are_survived(probe, watched):
    good = from_latents(np.ones((1, 4), np.float32), Header())
    bad = [Image(height=2, width=4, encoding='32FC1', step=16, data=bytes(3)),
           Image(height=0, width=0, encoding='32FC1'), from_rgb(np.zeros((2, 2, 3), np.uint8),
                                                                Header())]
    say(probe, Image, 'planner_node/latent',
        ((good if n % 8 == 0 else bad[n % 3]) for n in numbered()), qos.COMMAND)
    wait_for(lambda: 'latent' in watched.look().facts, 'the good one')


def test_what_planner_and_gate_say_is_shown(probe, watched):
    status = to_status('planner_node: planning', DiagnosticStatus.OK, 'driving', '', {
        'cost_to_go': 7.5, 'frame_age_s': 0.04, 'surprise_limit': 0.1, 'encode_p50_ms': 3.0})
    gate = to_status('command_gate: gate', DiagnosticStatus.OK, 'moving', '', {'reason': 'why'})
    other = to_status('somebody: else', DiagnosticStatus.OK, 'word', '', {})
    say(probe, DiagnosticStatus, 'planner_node/status', (status for _ in numbered()), qos.LATCHED)
    say(probe, Float32, 'planner_node/surprise', (Float32(data=0.5) for _ in numbered()),
        qos.COMMAND)
    say(probe, DiagnosticArray, '/diagnostics',
        (to_diagnostics(to_stamp(1.0), status, gate, other) for _ in numbered()))
    wait_for(lambda: {'planner', 'gate', 'planner_figures'} <= set(watched.look().facts)
             and watched.points.get('surprise'), 'words')
    assert watched.facts['planner']['word'] == 'driving'
    assert watched.facts['gate'] == {'word': 'moving', 'reason': 'why'}
    assert watched.points['cost'][0] == 7.5
    assert watched.points['surprise'][0] == 0.5
    stages = {stage['name']: stage for stage in watched.facts['planner_figures']['stages']}
    assert stages['encode']['p50_ms'] == 3.0
    assert stages['plan']['p50_ms'] is None


def test_another_robots_gate_is_not_taken_for_this_ones(probe):
    board = Board()
    node = WatchNode(board, [], 'robot1')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    words = [to_status(f'{name}: gate', DiagnosticStatus.OK, word, '', {}) for name, word in (
        ('robot2/command_gate', 'moving'), ('command_gate', 'armed'),
        ('robot1/command_gate', 'waiting'))]
    say(probe, DiagnosticArray, '/diagnostics',
        (to_diagnostics(to_stamp(1.0), *words) for _ in numbered()))
    seen, end_s = set(), time.monotonic() + 3.0
    while time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.1)
        seen.add(str(board.news(Seen()).state['facts'].get('gate', {}).get('word')))
    node.close()
    node.destroy_node()
    assert seen - {'None'} == {'waiting'}


def test_a_stop_is_pressed_again_until_a_gate_answers(probe, watched):
    assert 'no service /command_gate/stop' in watched.node.desk.stop()
    assert watched.look().facts['desk'] == {'stop': 'asked'}
    pressed = []

    def on_stop(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        pressed.append(request.data)
        response.success = True
        return response

    probe.node.create_service(SetBool, 'command_gate/stop', on_stop)
    probe.node.create_service(Trigger, 'command_gate/reset',
                              lambda _, response: pressed.append('reset') or response)
    wait_for(lambda: watched.look().facts['desk'] == {'stop': 'answered'}, 'the answer')
    assert set(pressed) == {True}
    count = len(pressed)
    time.sleep(0.6)
    assert len(pressed) == count
    assert wait_for(lambda: watched.node.desk.reset() == '', 'the reset')
    wait_for(lambda: pressed[-1] == 'reset', 'the reset')
    assert pressed[count:] == [False, 'reset']


def test_a_press_while_it_ends_is_refused_in_words(ros):
    node = WatchNode(Board(), [])
    node.close()
    node.destroy_node()
    assert node.desk.stop() == node.desk.reset() == 'jepa watch is about to end'


def test_a_gate_that_is_gone_or_silent_is_trouble(probe, watched, monkeypatch):
    wait_for(lambda: '/command_gate is not there' in watched.look().facts['links']['gate'],
             'the trouble')
    probe.node.create_service(SetBool, 'command_gate/stop', lambda _, response: response)
    monkeypatch.setattr('jepa_ros.ros.watch_desk.SILENT_S', 0.5)
    wait_for(lambda: 'has said nothing' in watched.look().facts['links']['gate'], 'the silence')
    gate = to_status('command_gate: gate', DiagnosticStatus.OK, 'waiting', '', {})
    say(probe, DiagnosticArray, '/diagnostics',
        (to_diagnostics(to_stamp(1.0), gate) for _ in numbered()))
    wait_for(lambda: watched.look().facts['links']['gate'] == '', 'the end of it')


def test_what_is_longer_than_anybody_looks_at_is_cut():
    board = Board()
    sink = WatchBoard(board)
    sink.plan(JointTrajectory(joint_names=['linear_x', 'angular_z'], points=[
        JointTrajectoryPoint(velocities=[0.1, 0.0]) for _ in range(5000)]), 1.0)
    values = command_values(Float64MultiArray(data=[0.5] * 100000))
    sink.command(values, 1.0)
    sink.latents('imagined', np.zeros((5000, 1000), np.float32), 1.0)
    facts = board.news(Seen()).state['facts']
    assert facts['plan']['actions'] == MOST_ACTIONS
    assert len(values) == MOST_NUMBERS
    assert len(facts['imagined']['heat']) <= MOST_STEPS
    assert len(json.dumps(facts)) < 50_000


def test_frames_that_wait_for_their_latents_are_few():
    board = WatchBoard(Board())
    for number in range(100):
        board.picture('camera', from_rgb(np.zeros((4, 4, 3), np.uint8), header(number)),
                      float(number))
    assert len(board._frames) <= 6
