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

"""``jepa demo``: the whole, over real DDS, and nothing left behind whatever happens."""

import json
import math
import signal
import subprocess
import sys
import time

import cv2
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('jepa_ros.sim')
pytest.importorskip('mujoco')

pytestmark = pytest.mark.slow

NODES = ('simulator_node', 'planner_node', 'command_gate')
PATIENCE_S = 60.0


def demo(environment, *arguments):
    """Start the demo."""
    return subprocess.Popen(
        [sys.executable, '-m', 'jepa_ros.cli.main', 'demo', *map(str, arguments)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize('model, seeds', [
    ('warehouse_ceiling', (8, 1, 5, 0)), ('warehouse_front', (3, 0, 5, 1))])
def test_it_arrives(committed, environment, family, tmp_path, model, seeds):
    committed = committed.parent / model
    # nine goals of ten are reached, and which depends on the machine's timing: four chances;
    # rates are measured by jepa eval
    for seed in seeds:
        running = demo(environment, '--seed', seed, '--model', committed, '--out', tmp_path)
        said, _ = running.communicate(timeout=180)
        if running.returncode == 0:
            break
        assert 'did not arrive' in said
    assert running.returncode == 0, said
    assert not family()
    result = json.loads((tmp_path / 'demo.json').read_text())
    assert set(result) == {'arrived', 'final_distance_m', 'plan_hz', 'frame_age_ms',
                           'duration_s', 'seed'}
    assert result['arrived'] is True
    assert result['seed'] == seed
    assert 0.0 <= result['final_distance_m'] <= 0.20
    assert 0.0 < result['duration_s'] <= 60.0
    assert result['plan_hz'] > 1.0
    assert set(result['frame_age_ms']) == {'p50', 'p99'}
    assert 0.0 <= result['frame_age_ms']['p50'] <= result['frame_age_ms']['p99']
    assert math.isfinite(result['frame_age_ms']['p99'])
    picture = cv2.imread(str(tmp_path / 'demo.png'))
    assert picture.std() > 20
    film = cv2.VideoCapture(str(tmp_path / 'demo.mp4'))
    frames = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
    rate_hz = film.get(cv2.CAP_PROP_FPS)
    film.release()
    # the whole drive is on it, at the pace of simulated time
    assert frames / rate_hz > 0.7 * result['duration_s']


@pytest.mark.parametrize('number, code', [
    (signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_nothing_is_left_when_it_is_ended(bundle, environment, family, tmp_path, number, code):
    running = demo(environment, '--model', bundle, '--out', tmp_path)
    try:
        limit = time.monotonic() + PATIENCE_S
        # the nodes are up and say something when the goal is sent
        while not all(any(node in command for command in family().values()) for node in NODES):
            assert running.poll() is None, running.communicate()[0]
            assert time.monotonic() < limit, f'only {family()} after {PATIENCE_S} s'
            time.sleep(0.05)
        time.sleep(1.0)
        running.send_signal(number)
        said, _ = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == code, said
        limit = time.monotonic() + PATIENCE_S
        while family():
            assert time.monotonic() < limit, f'{family()} lived on'
            time.sleep(0.05)
    finally:
        if running.poll() is None:
            running.kill()
            running.communicate()
