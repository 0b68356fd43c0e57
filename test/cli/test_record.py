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

"""``jepa record``: a screen while it records, a whole bag after Ctrl-C, and bags made whole."""

import io
import os
from pathlib import Path
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from jepa_ros.cli.main import main
from jepa_ros.cli.record import lines_of, Screen

PATIENCE_S = 60.0
TALKER = """
import rclpy
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node('talker')
words = node.create_publisher(String, '/words', 10)
count = 0
def say():
    global count
    if words.get_subscription_count():
        words.publish(String(data=f'message {count}'))
        count += 1
node.create_timer(0.05, say)
rclpy.spin(node)
"""


@pytest.fixture
def bag(tmp_path):
    """Hold the folder of a recording that was killed, with 40 messages."""
    pytest.importorskip('rosbags')
    from jepa_ros.ros.bag_writer import BagConfig, BagWriter
    writer = BagWriter(tmp_path / 'bag', BagConfig())
    channel = writer.add('/words', 'std_msgs/msg/String', 'string data\n', 'RIHS01_0', '[]')
    for number in range(40):
        writer.write(channel, 10 ** 9 + number, b'\0\1\0\0\2\0\0\0a\0')
    writer.flush()
    writer._file.close()
    return tmp_path / 'bag'


def test_a_bag_is_made_whole(bag, capsys):
    from rosbags.rosbag2 import Reader
    (file,) = bag.iterdir()
    file.write_bytes(file.read_bytes() + b'cut off')
    assert main(['record', '--recover', str(bag)]) == 0
    assert capsys.readouterr().out == (
        f'{bag} is complete: 40 messages; 7 bytes at its end were not, and are cut off\n')
    with Reader(bag) as reader:
        assert len(list(reader.messages())) == 40
    assert main(['record', '--recover', str(bag)]) == 0
    assert capsys.readouterr().out == f'{bag} is complete already\n'


@pytest.mark.parametrize('arguments, words', [
    ([], 'name at least one topic to record'),
    (['--recover', 'nothing'], 'nothing is no recording'),
    (['--recover', '{bag}'], 'is still being recorded')])
def test_what_cannot_be_is_told(bag, arguments, words, capsys):
    from jepa_ros.ros.mcap_file import lock
    (file,) = bag.iterdir()
    with file.open('rb') as held:
        lock(held.fileno(), file)
        assert main(['record', *(word.format(bag=bag) for word in arguments)]) == 2
    assert words in capsys.readouterr().err
    assert len(list(bag.iterdir())) == 1


def figures(count: int = 3, lack: str = '', dropped: int = 0):
    """Return figures of two topics."""
    pytest.importorskip('rosbags')
    from jepa_ros.ros.recorder_figures import Figures, TopicFigures
    return Figures((TopicFigures('/camera', 'sensor_msgs/msg/Image', count, 12.5, 9.96, dropped),
                    TopicFigures('/cmd', '', 0, 0.0, 0.0, 0)), lack, Path('drive'), 12.0, 3.5, 1,
                   0.0, 2500.0)


def test_the_screen_has_a_line_for_each_topic():
    camera, command, total, state = lines_of(figures())
    assert re.fullmatch(r'/camera +3 +10\.0 Hz +12\.5 MB +sensor_msgs/msg/Image', camera)
    assert command.endswith('nobody publishes it yet')
    assert total == 'drive: 12.0 s, 3.5 MB in 1 file, 2.5 GB free'
    assert state == 'Ctrl-C ends it'
    assert lines_of(figures(dropped=4, lack='nobody publishes /cmd'))[-1] == (
        '4 dropped: the disk cannot keep up; waiting: nobody publishes /cmd')


def test_without_a_terminal_it_is_a_line_now_and_then():
    out = io.StringIO()
    screen = Screen(out)
    for count in range(5):
        screen.show(figures(count, lack='nobody publishes /cmd'))
    assert out.getvalue() == ('drive: 12.0 s, /camera 0, /cmd 0, 3.5 MB; '
                              'waiting: nobody publishes /cmd\n')


class Terminal:
    """What a process writes to a terminal of its own."""

    def __init__(self, command, environment) -> None:
        self.said = ''
        ours, theirs = pty.openpty()
        self.child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                                      env=environment)
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    def _read(self, descriptor: int) -> None:
        try:
            while data := os.read(descriptor, 4096):
                self.said += data.decode(errors='replace')
        except OSError:     # the other end is gone
            os.close(descriptor)

    def wait_for(self, pattern: str) -> None:
        """Wait until it has said something."""
        limit = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.said):
            assert time.monotonic() < limit, self.said
            assert self.child.poll() is None, self.said
            time.sleep(0.05)

    def end(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.child.send_signal(signal.SIGINT)
        code = self.child.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code


def test_it_records_until_ctrl_c(tmp_path, environment):
    pytest.importorskip('rclpy')
    from rosbags.highlevel import AnyReader
    environment |= {'ROS_DOMAIN_ID': str(1 + os.getpid() % 100),
                    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    talker = subprocess.Popen([sys.executable, '-c', TALKER], env=environment)
    try:
        terminal = Terminal([sys.executable, '-m', 'jepa_ros.cli.main', 'record', '/words',
                             '/never', '--min-free-mb', '0', '--out', str(tmp_path / 'bag')],
                            environment)
        terminal.wait_for(r'/words +[1-9]\d* .* std_msgs/msg/String')
        terminal.wait_for(r'waiting: nobody publishes /never')
        assert terminal.end() == 0, terminal.said
    finally:
        talker.kill()
        talker.wait()
    assert 'Traceback' not in terminal.said
    assert 'not in it: nobody publishes /never' in terminal.said
    with AnyReader([tmp_path / 'bag']) as reader:
        said = [reader.deserialize(data, connection.msgtype).data
                for connection, _, data in reader.messages()]
    first = int(said[0].split()[1])
    assert said == [f'message {first + i}' for i in range(len(said))]
