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

"""``jepa snapshot`` takes the picture that a camera sends, whatever it is sent as."""

import subprocess
import sys

import cv2
from graph import PATIENCE_S
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from jepa_ros.ros import qos
from jepa_ros.ros.convert import from_rgb

RGB = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


def raw() -> tuple[str, type, object]:
    return '/eye', Image, from_rgb(RGB, Header())


def compressed() -> tuple[str, type, object]:
    _, data = cv2.imencode('.png', RGB[..., ::-1])
    return '/eye/compressed', CompressedImage, CompressedImage(format='png', data=data.tobytes())


def snapshot(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, '-m', 'jepa_ros.cli.main', 'snapshot', *arguments],
                          capture_output=True, text=True, timeout=2 * PATIENCE_S)


@pytest.mark.parametrize('made, name', [
    (raw, '/eye'), (compressed, '/eye'), (compressed, '/eye/compressed')])
def test_a_picture_is_kept(probe, tmp_path, made, name):
    topic, kind, message = made()
    camera = probe.publisher(kind, topic, qos.CAMERA)
    probe.every(0.05, lambda: camera.publish(message))
    out = tmp_path / 'goal.png'
    done = snapshot(name, '--out', str(out), '--wait', str(PATIENCE_S))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'{out}: 32x24\n'
    np.testing.assert_array_equal(cv2.imread(str(out))[..., ::-1], RGB)
    assert [path.name for path in tmp_path.iterdir()] == ['goal.png']


def test_what_came_instead_is_said(probe, tmp_path):
    camera = probe.publisher(Image, '/eye', qos.CAMERA)
    probe.every(0.05, lambda: camera.publish(Image(encoding='rgb8', height=2, width=2)))
    done = snapshot('/eye', '--out', str(tmp_path / 'goal.png'), '--wait', '5')
    assert done.returncode == 2
    assert 'no picture came on /eye in 5 s: ' in done.stderr
    assert 'published on: /eye\n' in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('arguments, words', [
    (['--out', 'goal.jpg'], "'goal.jpg', must end in .png"),
    (['--wait', '0'], '--wait is 0, must be in (0, 3600) s'),
    (['--out', '/no/such/goal.png'], 'no such folder')])
def test_wrong_options_are_refused(arguments, words):
    done = snapshot('/eye', *arguments)
    assert done.returncode == 2
    assert words in done.stderr
