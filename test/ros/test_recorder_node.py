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

"""The recorder over real DDS: what it hears is in the bag, however it ends."""

import signal
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist
from graph import process, wait_for
import pytest
from rclpy.exceptions import InvalidParameterValueException
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from jepa_ros.ros import qos
from jepa_ros.ros.bag_recovery import is_unfinished, recover
from jepa_ros.ros.bag_types import message_class
from jepa_ros.ros.mcap_scan import scan
from jepa_ros.ros.messages import status_text, to_stamp
from jepa_ros.ros.recorder_node import Outcome, RecorderNode

RECORDER = 'jepa_ros.ros.recorder_node'


def arguments(out, *topics, **parameters):
    """Return a recorder's arguments."""
    values = {'topics': f'[{", ".join(topics)}]', 'out': out, 'min_free_mb': 0, **parameters}
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


def picture(number: int) -> Image:
    """Return a picture of 1280x720 that is told from every other."""
    row = bytes((number + i) % 256 for i in range(5120))
    return Image(header=Header(stamp=to_stamp(number * 0.1)), height=720, width=1280,
                 encoding='bgra8', step=5120, data=row * 720)


class Talker:
    """Publish messages one after another, and keep what was published."""

    def __init__(self, probe, kind, topic, profile, make) -> None:
        self.sent: list[Any] = []
        self._publisher = probe.publisher(kind, topic, profile)
        self._make = make

    def listened(self) -> bool:
        return self._publisher.get_subscription_count() > 0

    def say(self, message=None) -> None:
        message = message or self._make(len(self.sent))
        self.sent.append(message)
        self._publisher.publish(message)


def read(folder, topic):
    """Return (time in s, message) of a topic; what DDS padded at the end is left out."""
    with AnyReader([folder]) as reader:
        return [(time_ns * 1e-9, deserialize_message(bytes(data), message_class(kind.msgtype)))
                for kind, time_ns, data in reader.messages() if kind.topic == topic]


def text(number: int) -> String:
    return String(data=f'message {number}')


def test_every_message_of_every_topic_is_there(probe, tmp_path):
    """A best-effort camera, reliable commands, a latched word from before; in several files."""
    camera = Talker(probe, Image, '/robot1/image', qos.SENSOR, picture)
    words = Talker(probe, String, '/words', qos.RELIABLE, text)
    latched = Talker(probe, String, '/mode', qos.LATCHED, text)
    latched.say()
    diagnostics = probe.listen(DiagnosticArray, '/diagnostics')
    out = tmp_path / 'bag'
    with process(RECORDER, *arguments(out, '/robot1/image', 'words', '/mode', max_mb=20,
                                      zstd='false')) as recorder:
        wait_for(lambda: camera.listened() and words.listened(), 'the recorder listens')

        def recorded():
            if len(camera.sent) < 20:
                camera.say()
                words.say()
            return diagnostics and status_text(
                diagnostics[-1].status[0], 'messages of /robot1/image') == '20'

        wait_for(recorded, 'all pictures are recorded')
        status = diagnostics[-1].status[0]
        assert status.level == DiagnosticStatus.OK, status
        assert status_text(status, 'dropped') == '0'
        assert recorder.end() == 0, recorder.output
    assert 'Traceback' not in recorder.output
    assert f'{out} is complete' in recorder.output
    for talker, topic in ((camera, '/robot1/image'), (words, '/words'), (latched, '/mode')):
        assert [data for _, data in read(out, topic)] == talker.sent, topic
    assert len(list(out.glob('*.mcap'))) == 4


def test_killed_it_loses_nothing_but_the_last_second(probe, tmp_path):
    words = Talker(probe, String, '/words', qos.RELIABLE, text)
    out = tmp_path / 'bag'
    with process(RECORDER, *arguments(out, '/words')) as recorder:
        wait_for(words.listened, 'the recorder listens')
        for _ in range(50):
            words.say()

        def flushed():
            words.say()
            with (out / 'bag_0.mcap').open('rb') as file:
                return sum(sum(c.counts.values()) for c in scan(file, out).chunks) >= 50

        wait_for(flushed, 'what was said is in the file')
        assert recorder.end(signal.SIGKILL) == -signal.SIGKILL
    assert is_unfinished(out)
    with pytest.raises(FileNotFoundError):
        read(out, '/words')
    saved = recover(out)
    found = [data for _, data in read(out, '/words')]
    assert saved.messages == len(found) >= 50
    assert found == words.sent[:len(found)]


def test_simulated_time_for_messages_without_a_stamp(probe, tmp_path):
    """Twists stand on the clock of the simulator, which runs ten times as fast here."""
    clock = probe.publisher(Clock, '/clock', qos.SENSOR)
    twists = Talker(probe, Twist, '/cmd', qos.COMMAND, None)
    now = [100.0]
    said = []

    def step():
        now[0] += 0.2
        clock.publish(Clock(clock=to_stamp(now[0])))
        if round(now[0] * 5) % 5 == 0 and twists.listened():
            said.append(now[0])
            message = Twist()
            message.linear.x = now[0]
            twists.say(message)

    out = tmp_path / 'bag'
    with process(RECORDER, *arguments(out, '/cmd', duration_s=20.0, use_sim_time='true')
                 ) as recorder:
        timer = probe.every(0.02, step)
        assert recorder.wait() == 0, recorder.output
        timer.cancel()
    found = read(out, '/cmd')
    assert len(found) >= 15
    for time_s, twist in found:
        # each was sent right after the tick of its own time, the next comes 0.2 s later
        assert time_s == pytest.approx(twist.linear.x + 0.1, abs=0.3)
    assert found[-1][0] - found[0][0] < 20.0


def test_it_says_what_it_waits_for_and_gives_up_if_it_is_to(probe, tmp_path):
    words = Talker(probe, String, '/words', qos.RELIABLE, text)
    silent = probe.publisher(String, '/silent', qos.RELIABLE)
    out = tmp_path / 'bag'
    with process(RECORDER, *arguments(out, '/words', '/silent', '/never', wait_s=4.0)
                 ) as recorder:
        wait_for(words.listened, 'the recorder listens')
        words.say()
        assert recorder.wait() == 1
    lack = 'nobody publishes /never, and no message of /silent has come'
    assert 'waiting: nobody publishes /never' in recorder.output
    assert f'{lack} after 4 s' in recorder.output
    assert 'Traceback' not in recorder.output
    # what did come is kept
    assert [data for _, data in read(out, '/words')] == words.sent
    assert silent.get_subscription_count() == 0


def test_without_simulated_time_it_says_so(probe, tmp_path):
    words = Talker(probe, String, '/words', qos.RELIABLE, text)
    with process(RECORDER, *arguments(tmp_path / 'bag', '/words', wait_s=3.0,
                                      use_sim_time='true')) as recorder:
        wait_for(words.listened, 'the recorder listens')
        words.say()
        assert recorder.wait() == 1
    assert 'there is no /clock, which use_sim_time needs' in recorder.output
    assert not (tmp_path / 'bag').exists()


def test_a_disk_with_too_little_room_ends_it_with_the_numbers(probe, tmp_path):
    words = Talker(probe, String, '/words', qos.RELIABLE, text)
    with process(RECORDER, *arguments(tmp_path / 'bag', '/words', min_free_mb=10 ** 6)
                 ) as recorder:
        assert recorder.wait() == 1
    assert 'MB are free where' in recorder.output
    assert 'limit 1000000 MB' in recorder.output
    assert 'Traceback' not in recorder.output
    assert not words.sent


@pytest.mark.parametrize('given, words', [
    ({'topics': ['/a', '/b', 'a']}, 'topics are named twice: /a'),
    ({'topics': ['']}, 'name at least one topic'),
    ({'topics': ['/a'], 'out': '.'}, 'exists already; choose another folder'),
    ({'topics': ['/a'], 'duration_s': -1.0}, 'duration_s')])
def test_wrong_parameters_are_refused_with_a_reason(ros, given, words, tmp_path):
    values = {'out': str(tmp_path / 'bag'), **given}
    with pytest.raises((ValueError, InvalidParameterValueException), match=words):
        RecorderNode(Outcome(), [Parameter(name, value=value) for name, value in values.items()])
    assert not (tmp_path / 'bag').exists()
