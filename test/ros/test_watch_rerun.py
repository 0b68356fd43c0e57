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

"""The recording for Rerun, read back: what was told is in it, at its time."""

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
import pytest
from rrd import read_rrd
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.ros.convert import from_rgb
from jepa_ros.ros.messages import to_stamp, to_status
from jepa_ros.ros.watch_rerun import RerunFile

pytest.importorskip('rerun', reason='it wants the Rerun SDK: requirements/rerun.txt')


def test_what_is_told_is_in_the_file_at_its_time(tmp_path):
    path = tmp_path / 'drive.rrd'
    sink = RerunFile(path)
    for i in range(10):
        stamp_s = 50.0 + 0.1 * i
        sink.picture('camera', from_rgb(np.full((24, 32, 3), 20 * i, np.uint8), Header()), stamp_s)
        sink.latents('latent', np.full((1, 8), i, np.float32), stamp_s)
        sink.latents('imagined', np.full((5, 8), i, np.float32), stamp_s)
        sink.surprise(0.25 * i, stamp_s)
        sink.command({'linear_x': 0.1 * i, 'angular_z': -0.5}, stamp_s)
        sink.said('planner', to_status('p', DiagnosticStatus.OK, 'driving', '',
                                       {'cost_to_go': 10.0 - i}), stamp_s)
    plan = JointTrajectory(joint_names=['linear_x', 'angular_z'], points=[
        JointTrajectoryPoint(velocities=[0.5, 0.0], time_from_start=to_duration(0.1 * i))
        for i in range(4)])
    sink.plan(plan, 51.0)
    sink.close()

    found = read_rrd(path)
    assert found['/planner/surprise'].times_s == pytest.approx([50.0 + 0.1 * i for i in range(10)])
    assert found['/planner/surprise'].numbers() == pytest.approx([0.25 * i for i in range(10)])
    assert found['/planner/cost_to_go'].numbers() == pytest.approx([10.0 - i for i in range(10)])
    assert found['/command/linear_x'].numbers()[-1] == pytest.approx(0.9)
    assert len(found['/camera'].times_s) == 10
    assert len(found['/planner/latent'].times_s) == len(found['/planner/imagined'].times_s) == 10
    # the word did not change
    assert len(found['/log/planner'].times_s) == 1
    assert found['/planner/path'].times_s == pytest.approx([51.0])


def to_duration(seconds: float):
    """Return seconds as a Duration."""
    from builtin_interfaces.msg import Duration
    stamp = to_stamp(seconds)
    return Duration(sec=stamp.sec, nanosec=stamp.nanosec)


def test_numbers_that_are_none_and_pictures_that_are_none_are_left_out(tmp_path):
    path = tmp_path / 'drive.rrd'
    sink = RerunFile(path)
    bad = from_rgb(np.zeros((4, 4, 3), np.uint8), Header())
    bad.step = 1
    sink.picture('camera', bad, 1.0)
    sink.surprise(float('nan'), 1.0)
    sink.close()
    found = read_rrd(path)
    assert set(found) == {'/log/pictures'}


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = tmp_path / 'drive.rrd'
    path.write_text('mine')
    with pytest.raises(FileExistsError):
        RerunFile(path)
    assert path.read_text() == 'mine'
    with pytest.raises(FileNotFoundError):
        RerunFile(tmp_path / 'none' / 'drive.rrd')
