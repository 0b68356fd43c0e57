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

"""Bags are read as they were driven: which picture, which command, whatever happened to clocks."""

from collections import Counter

import bag_rig as rig
from bag_rig import CAMERA, commands, DRIVE, image, ODOM, odometry, pixels, SECOND, START, wave
import numpy as np
import pytest

from jepa_ros.bags.align import align
from jepa_ros.bags.hold import mean_held
from jepa_ros.bags.place import place
from jepa_ros.bags.scan import scan
from jepa_ros.bags.settings import BagSettings

pytest.importorskip('sensor_msgs')

PLAIN = BagSettings(6, 8)


def rows_of(tmp_path, settings=PLAIN, plugin=rig.StoragePlugin.MCAP, **topics):
    """Write a bag and align it."""
    bag = rig.write(tmp_path / 'drive', {
        {'camera': CAMERA, 'drive': DRIVE, 'odom': ODOM}[name]: rows
        for name, rows in topics.items()}, plugin)
    return align([scan(bag, settings, lambda n: None)], settings)


def true_actions(rows, hold=0.5, many=400):
    """Return what the commands of ``bag_rig`` come to between the frames of the first run."""
    sent = commands(many)
    times = np.array([ns for ns, _ in sent])
    values = np.array([wave(ns) for ns in times])
    first, last = rows.runs[0]
    return mean_held(times, values, rows.times_ns[first:last + 1], hold)


@pytest.mark.parametrize('plugin', rig.StoragePlugin)
def test_a_drive_becomes_rows(tmp_path, plugin):
    rows = rows_of(tmp_path, plugin=plugin, camera=rig.camera(100), drive=commands(200))
    assert rows.runs == ((0, 99),)
    np.testing.assert_array_equal(rows.number, np.arange(100))
    assert (rows.names, rows.units) == (('linear_x', 'angular_z'), ('m/s', 'rad/s'))
    assert (rows.period_s, rows.hold_s) == (0.1, 0.5)
    assert rows.told == pytest.approx(1.0)
    np.testing.assert_allclose(rows.actions[:-1], true_actions(rows), atol=1e-9)
    assert not rows.actions[-1].any()


def test_simulated_time_recorded_on_the_wall_clock_gives_the_same(tmp_path):
    """Stamps count from 5 s, the recorder's clock from 1970, and plain Twists have no stamp."""
    wall = START - 5 * SECOND
    shown = [(ns, image(ns - wall, pixels(i))) for i, (ns, _) in enumerate(rig.camera(200))]
    rows = rows_of(tmp_path, camera=shown, drive=commands(400))
    assert rows.times_ns[0] == 5 * SECOND
    moved = align_times(rows, wall)
    np.testing.assert_allclose(rows.actions[:-1], true_actions(moved), atol=1e-9)


def align_times(rows, by):
    from dataclasses import replace
    return replace(rows, times_ns=rows.times_ns + by)


def test_a_stamped_command_counts_from_its_stamp(tmp_path):
    """They arrive 0.4 s late, as do the pictures."""
    late = 4 * SECOND // 10
    sent = [(ns + late, rig.TwistStamped(header=rig.header(ns), twist=message))
            for ns, message in commands(200)]
    rows = rows_of(tmp_path, camera=rig.camera(100, late_ns=late), drive=sent)
    np.testing.assert_allclose(rows.actions[:-1], true_actions(rows), atol=1e-9)


def test_a_simulator_that_was_reset_parts_the_drive(tmp_path):
    """Its time goes from 20 s back to 3 s; commands stay with the pictures that they came with."""
    first = [(START + i * SECOND // 10, (10 + i * 0.1)) for i in range(100)]
    second = [(START + (100 + i) * SECOND // 10, (3 + i * 0.1)) for i in range(100)]
    shown = [(ns, image(round(at * SECOND), pixels(i)))
             for i, (ns, at) in enumerate(first + second)]
    sent = [(ns, rig.twist(0.1 if ns < second[0][0] else 0.5, 0.0)) for ns, _ in commands(400)]
    rows = rows_of(tmp_path, camera=shown, drive=sent)
    assert rows.runs == ((0, 99), (100, 199))
    assert rows.counts['jumps back of the clock'] == 1
    np.testing.assert_allclose(rows.actions[:99, 0], 0.1, atol=1e-9)
    np.testing.assert_allclose(rows.actions[100:199, 0], 0.5, atol=1e-9)


def test_pictures_out_of_order_are_sorted_and_doubles_dropped(tmp_path):
    shown = rig.camera(60)
    # 20 and 21 arrive the other way round, 30 comes twice
    shown[20], shown[21] = (shown[20][0], shown[21][1]), (shown[21][0], shown[20][1])
    shown.insert(31, (shown[30][0] + 1000, shown[30][1]))
    rows = rows_of(tmp_path, camera=shown, drive=commands(200))
    assert rows.runs == ((0, 59),)
    assert (np.diff(rows.times_ns) == SECOND // 10).all()
    assert rows.number[19:23].tolist() == [19, 21, 20, 22]
    assert rows.counts['frames out of order'] == 1
    assert rows.counts['frames with the stamp of another'] == 1


def test_a_gap_parts_and_is_counted(tmp_path):
    shown = rig.camera(120)
    rows = rows_of(tmp_path, camera=shown[:50] + shown[58:], drive=commands(300))
    assert rows.runs == ((0, 49), (50, 111))
    assert rows.counts['gaps'] == 1
    # the action of the last frame before a gap is none
    assert not rows.actions[49].any()
    assert rows.acting.sum() == 110


def test_commands_that_stop_are_rest_after_their_time(tmp_path):
    rows = rows_of(tmp_path, camera=rig.camera(100), drive=[
        (START + i * SECOND // 20, rig.twist(0.4, 0.1 * i)) for i in range(40)])
    np.testing.assert_allclose(rows.actions[:19, 0], 0.4, atol=1e-9)
    # the last came at 1.95 s and counts until 2.45 s
    np.testing.assert_allclose(rows.actions[23:27, 0], [0.4, 0.2, 0.0, 0.0], atol=1e-9)
    assert rows.told == pytest.approx(2.45 / 9.9)


def test_a_command_that_the_robot_keeps_is_held_as_long_as_one_says(tmp_path):
    sent = [(START + i * 4 * SECOND, rig.twist(0.4 * (i % 2), 0.0)) for i in range(4)]
    rows = rows_of(tmp_path, BagSettings(6, 8, hold_s=60.0), camera=rig.camera(100), drive=sent)
    np.testing.assert_allclose(rows.actions[:-1, 0],
                               [0.4 if 40 <= i < 80 else 0.0 for i in range(99)], atol=1e-9)
    assert rows.hold_s == 60.0


def test_odometry_is_the_newest_at_or_before_each_frame(tmp_path):
    """It comes at 0, 60, 120 ms, ...; frames before it begins, or long after it ended, are out."""
    felt = [(ns, odometry(ns, 0.01 * i, -0.01 * i, x=1.0 * i, y=2.0, yaw=0.5))
            for i, ns in enumerate(START + SECOND // 4 + 60 * 10 ** 6 * np.arange(150))]
    rows = rows_of(tmp_path, BagSettings(6, 8, odom=ODOM), camera=rig.camera(120),
                   drive=commands(300), odom=felt)
    frames_s = (rows.times_ns - START) / SECOND
    assert frames_s[0] == pytest.approx(0.3)
    end = 0.25 + 0.06 * 149
    assert end + 0.4 <= frames_s[-1] <= end + 0.5
    newest = np.minimum(np.floor((frames_s - 0.25) / 0.06 + 1e-9), 149)
    np.testing.assert_allclose(rows.odometry[:, 0], 0.01 * newest, atol=1e-12)
    np.testing.assert_allclose(rows.odometry[:, 1], -0.01 * newest, atol=1e-12)
    np.testing.assert_allclose(rows.odometry[:, 2], newest, atol=1e-12)
    np.testing.assert_allclose(rows.odometry[:, 3:], [[2.0, 0.5]] * len(rows.number), atol=1e-9)
    assert rows.counts['frames without odometry'] == 120 - len(rows.number)


def test_joints_that_were_never_told_where_to_be_are_left_out(tmp_path):
    def told(i):
        none = np.zeros(0)
        return rig.JointState(header=rig.header(0), name=['a', 'b'], velocity=none, effort=none,
                              position=np.array([0.1 * i, -0.1 * i]))
    rows = rows_of(tmp_path, camera=rig.camera(60),
                   drive=[(START + SECOND + i * SECOND, told(i)) for i in range(5)])
    assert rows.counts['frames before the first command'] == 10
    assert (rows.names, rows.units) == (('a', 'b'), ('rad', 'rad'))
    np.testing.assert_allclose(rows.actions[:-1, 0], np.minimum(np.arange(49) // 10, 4) * 0.1,
                               atol=1e-9)


def test_pictures_without_stamps_have_their_times_of_arrival(tmp_path):
    shown = [(ns, image(0, pixels(i))) for i, (ns, _) in enumerate(rig.camera(60))]
    rows = rows_of(tmp_path, camera=shown, drive=commands(200))
    assert rows.times_ns[0] == START
    np.testing.assert_allclose(rows.actions[:-1], true_actions(rows), atol=1e-9)
    assert rows.counts['bags whose pictures have no stamps'] == 1


def test_a_single_picture_without_stamp_is_dropped(tmp_path):
    shown = rig.camera(60)
    shown[30] = (shown[30][0], image(0, pixels(30)))
    counts = Counter()
    bag = rig.write(tmp_path / 'drive', {CAMERA: shown, DRIVE: commands(200)})
    (segment,) = place(scan(bag, PLAIN, lambda n: None), counts)
    assert len(segment.times_ns) == 59
    assert counts['frames without stamp'] == 1


def test_bags_of_two_robots_are_not_mixed(tmp_path):
    none = np.zeros(0)
    paths = []
    for name, joints in (('one', ['a', 'b']), ('two', ['a', 'c'])):
        sent = [(ns, rig.JointState(header=rig.header(0), name=joints, position=none, effort=none,
                                    velocity=np.array(wave(ns)))) for ns, _ in commands(100)]
        paths.append(rig.write(tmp_path / name, {CAMERA: rig.camera(40), DRIVE: sent}))
    with pytest.raises(ValueError, match=r'two has commands of a in rad/s, c in rad/s, each for '
                                         r'0.5 s, .*one of a in rad/s, b in rad/s, each for 0.5 '
                                         r's; choose what'):
        align([scan(path, PLAIN, lambda n: None) for path in paths], PLAIN)


def test_a_camera_of_another_rate_is_named(tmp_path):
    paths = [rig.write(tmp_path / name, {CAMERA: rig.camera(80, interval), DRIVE: commands(200)})
             for name, interval in (('one', 0.1), ('two', 0.1), ('three', 0.07))]
    with pytest.raises(ValueError, match=r'three: a picture every 0.07 s gives none every 0.1 s'):
        align([scan(path, PLAIN, lambda n: None) for path in paths], PLAIN)


def test_a_fast_camera_is_thinned(tmp_path):
    rows = rows_of(tmp_path, camera=rig.camera(91, 1 / 30), drive=commands(200))
    np.testing.assert_array_equal(rows.number, np.arange(0, 91, 3))
    np.testing.assert_allclose(rows.actions[:-1], true_actions(rows), atol=1e-9)
