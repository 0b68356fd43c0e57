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

"""``jepa bench graph``: real processes over DDS, measured, and none of them left behind."""

import argparse
import json
import signal
import subprocess
import sys
import time

import pytest

from jepa_ros.cli import bench_graph

PROGRAM = """
import argparse, json, sys
from jepa_ros.cli import bench_graph
parser = argparse.ArgumentParser()
bench_graph.add_arguments(parser)
print(json.dumps(bench_graph.run(parser.parse_args())))
"""
PATIENCE_S = 60.0


def options(*words):
    """Return parsed options."""
    parser = argparse.ArgumentParser()
    bench_graph.add_arguments(parser)
    return parser.parse_args(list(map(str, words)))


@pytest.mark.parametrize('words, reason', [
    (['--images', '640'], "image is '640', must be WIDTHxHEIGHT"),
    (['--images', '64x0'], "image is '64x0'"),
    (['--seconds', 0.5], '0.5 s at 30.0 Hz: must be at least 1 s'),
    (['--rate-hz', 500], 'at 500.0 Hz'),
    (['--rate-hz', 'nan'], 'at nan Hz'),
])
def test_what_cannot_be_measured_is_refused(words, reason):
    pytest.importorskip('tqdm')
    pytest.importorskip('rclpy')
    with pytest.raises(ValueError) as error:
        bench_graph.run(options(*words))
    assert reason in str(error.value)


def test_the_profile_is_ours_or_none(monkeypatch):
    pytest.importorskip('rclpy')
    from jepa_ros.ros.share import FAST_DDS_VARIABLES
    for name in FAST_DDS_VARIABLES:
        monkeypatch.setenv(name, 'my_own.xml')
    shipped, default = (bench_graph._environment(name) for name in ('shipped', 'default'))
    for name in FAST_DDS_VARIABLES:
        assert shipped[name].endswith('fastdds.xml')
        assert name not in default
    assert shipped['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'


@pytest.fixture
def bench(environment):
    """Return what starts a measurement in a process of its own."""
    for module in ('rclpy', 'mujoco', 'tqdm'):
        pytest.importorskip(module)
    started = []

    def start(*words):
        running = subprocess.Popen(
            [sys.executable, '-c', PROGRAM, *map(str, words)], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.poll() is None:
            running.kill()
            running.communicate()


@pytest.mark.slow
def test_camera_to_command_through_the_gate(bench, committed, family):
    """Each part of the chain is measured, and large frames come whole with our profile."""
    running = bench('--images', '640x480', '--processes', 3, '--seconds', 4, '--model', committed)
    said, errors = running.communicate(timeout=180)
    assert running.returncode == 0, errors
    assert not family()
    (row,) = json.loads(said)
    assert (row['image'], row['processes'], row['profile']) == ('640x480', 3, 'shipped')
    # without it one frame in eight comes
    assert 0.8 < row['delivered'] <= 1.0
    assert 0.0 < row['p50_ms'] <= row['p99_ms'] <= row['p999_ms']
    assert set(row['stages']) == {*bench_graph.STAGES, 'command'}
    stages_ms = row['stages'].values()
    assert all(0.0 < stage_ms < row['p999_ms'] for stage_ms in stages_ms)
    # the parts are the whole, as far as medians add up
    assert 0.3 < sum(stages_ms) / row['p50_ms'] < 3.0
    assert set(row['cpu_percent']) == {'camera', 'planner', 'gate'}
    assert all(0.0 < percent < 400.0 for percent in row['cpu_percent'].values())
    assert row['commands'] > 4
    assert row['plans_per_s'] > 1.0
    assert '4/4' in errors


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_it_is_ended(bench, committed, family, number):
    running = bench('--images', '64x64', '--processes', 3, '--model', committed)
    limit_s = time.monotonic() + PATIENCE_S
    while not all(any(node in command for command in family().values())
                  for node in ('planner_node', 'command_gate', 'bench_robot')):
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < limit_s, f'only {family()}'
        time.sleep(0.05)
    time.sleep(1.0)     # they have something to say by now
    running.send_signal(number)
    running.communicate(timeout=PATIENCE_S)
    assert running.returncode != 0
    limit_s = time.monotonic() + PATIENCE_S
    while family():
        assert time.monotonic() < limit_s, f'{family()} lived on'
        time.sleep(0.05)
