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

"""``jepa inspect`` says on one screen what bags hold, what would be used, and what is wrong."""

import json
import shutil

import bag_rig as rig
from bag_rig import CAMERA, commands, DRIVE, ODOM, wave
import numpy as np
import pytest

from jepa_ros.cli.main import main

pytest.importorskip('sensor_msgs')


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Return a drive of 110 s with a gap, odometry, and a text that has no header."""
    folder = tmp_path_factory.mktemp('bags') / 'drive'
    shown = rig.camera(1100, late_ns=20 * 10 ** 6)
    felt = [(ns, rig.odometry(ns, *rig.wave(ns))) for ns, _ in commands(2200)]
    said = rig.T['std_msgs/msg/String'](data='hello')
    return rig.write(folder, {CAMERA: shown[:500] + shown[520:], DRIVE: commands(2200),
                              ODOM: felt, '/chatter': [(rig.START, said)]})


def inspect(*words):
    return main(['inspect', *map(str, words)])


def test_a_good_drive_fits_on_a_screen(bag, capsys, tmp_path):
    picture = tmp_path / 'new' / 'sheet.png'
    assert inspect(bag, '--size', 6, 8, '--picture', picture) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert len(lines) < 40
    assert lines[0] == str(bag)
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:6]}
    assert rows[CAMERA] == ['sensor_msgs/msg/Image', '1080', '9.82', '110', '0.02']
    assert rows[DRIVE] == ['geometry_msgs/msg/Twist', '2200', '20', '110', '-']
    assert rows['/chatter'] == ['std_msgs/msg/String', '1', '-', '0', '-']
    assert f'pictures  {CAMERA} (the only one of its kind)' in lines
    assert f'commands  {DRIVE} (the only one of its kind)' in lines
    assert 'odometry  none (not used, name it with --odom)' in lines
    assert ('picture   16x12 rgb8, all of it, the middle of it averaged to 8x6') in lines
    assert 'noted     gaps: 1' in lines
    assert any(line.startswith('episodes  11 (1 held out), 1040 frames every 0.1 s of a camera '
                               'with one every 0.1 s, 1.7 minutes') for line in lines)
    assert 'at rest   0% of the time; a command was in force for 100%' in lines
    assert 'look at: 1.7 minutes of driving, 20 or more teach much better' in lines
    assert lines[-2:] == ['nothing stops training', f'contact sheet in {picture}']
    import cv2
    sheet = cv2.imread(str(picture))
    # two rows of eight pictures, each 16 times as large, and 4 px around them
    assert sheet.shape == (2 * (6 * 16 + 4) + 4, 8 * (8 * 16 + 4) + 4, 3)


def test_many_bags_have_one_table(tmp_path, capsys):
    bags = [rig.write(tmp_path / f'drive_{i}', {
        CAMERA: rig.camera(9, start=rig.START + i * rig.SECOND),
        DRIVE: commands(20, start=rig.START + i * rig.SECOND)}) for i in range(4)]
    assert inspect(*bags) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f'4 bags, {bags[0]} and on'
    assert lines[2].split() == [CAMERA, 'sensor_msgs/msg/Image', '4', '36', '10', '3.2', '0']
    assert lines[3].split()[:4] == [DRIVE, 'geometry_msgs/msg/Twist', '4', '80']


def test_json_has_all_of_it(bag, capsys):
    assert inspect(bag, '--json', '--odom', ODOM) == 0
    table = json.loads(capsys.readouterr().out)
    assert table['problems'] == []
    assert table['would_use']['topics'] == {'image': CAMERA, 'action': DRIVE, 'odom': ODOM}
    assert table['would_use']['proprioception'] == ['linear_x', 'angular_z']
    speed = table['actions'][0]
    assert (speed['action'], speed['unit']) == ('linear_x', 'm/s')
    assert speed['max'] == pytest.approx(0.5, abs=1e-3)
    assert speed['mean'] == pytest.approx(0.3, abs=0.01)
    assert {row['topic'] for row in table['bags'][str(bag)]} == {CAMERA, DRIVE, ODOM, '/chatter'}


def test_what_stops_training_ends_with_1_and_shows_the_topics(bag, capsys, tmp_path):
    """An action that is not there: the topics that are there can be read all the same."""
    assert inspect(bag, tmp_path / 'none', '--action', '/cmd') == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ['/chatter', CAMERA, DRIVE, ODOM]
    wrong = [line for line in lines if line.startswith('stops training: ')]
    assert wrong[0].startswith(f'stops training: {bag} has no topic /cmd; it has /chatter (std_')
    assert wrong[1] == f"stops training: there is no bag {tmp_path / 'none'}"


def test_a_bag_that_is_named_twice_stops_training_and_no_old_sheet_is_shown(
        bag, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    copy = shutil.copytree(bag, tmp_path / 'copy')
    assert inspect(bag, copy) == 1
    assert f'stops training: {copy} has the same content as {bag}' in capsys.readouterr().out
    (tmp_path / 'sheet.png').write_text('of another day')
    inspect(tmp_path / 'none', '--picture', tmp_path / 'sheet.png')
    assert 'contact sheet' not in capsys.readouterr().out


def doubts_of(capsys, bag, *options):
    inspect(bag, *options)
    return [line.removeprefix('look at: ') for line in capsys.readouterr().out.splitlines()
            if line.startswith('look at: ')]


def drive_of(tmp_path, shown=None, sent=None):
    return rig.write(tmp_path / 'drive', {CAMERA: shown or rig.camera(200),
                                          DRIVE: sent or commands(400)})


def test_a_frozen_camera_is_seen(tmp_path, capsys):
    shown = [(ns, rig.image(ns, rig.pixels(0))) for ns, _ in rig.camera(200)]
    assert any('pictures from beginning to end are all the same' in line
               for line in doubts_of(capsys, drive_of(tmp_path, shown)))


def test_time_of_another_clock_is_seen(tmp_path, capsys):
    shown = [(ns, rig.image(ns - rig.START + rig.SECOND, rig.pixels(i)))
             for i, (ns, _) in enumerate(rig.camera(200))]
    assert any('pictures are stamped 1699999999.0 s before they were recorded' in line
               for line in doubts_of(capsys, drive_of(tmp_path, shown)))


def test_late_pictures_are_seen(tmp_path, capsys):
    late = rig.camera(200, late_ns=3 * rig.SECOND // 10)
    assert any('pictures arrive 0.30 s after their stamp' in line
               for line in doubts_of(capsys, drive_of(tmp_path, late)))


def test_a_robot_that_stands_still_is_seen(tmp_path, capsys):
    sent = [(ns, rig.twist(0.3 if i > 300 else 0.0, 0.0))
            for i, (ns, _) in enumerate(commands(400))]
    assert any('the robot stands still for 75% of the time' in line
               for line in doubts_of(capsys, drive_of(tmp_path, sent=sent)))


def test_rare_commands_and_those_that_a_planner_cannot_send_are_seen(tmp_path, capsys):
    sent = [(rig.START + i * rig.SECOND, rig.twist(0.1 * i, 0.0, linear_z=0.2 * i))
            for i in range(20)]
    found = doubts_of(capsys, drive_of(tmp_path, sent=sent))
    assert any('commands come every 1.00 s and count for 0.50 s' in line for line in found)
    assert any('the planner sends no linear_z' in line for line in found)


def test_a_trajectory_that_leads_far_ahead_is_seen(tmp_path, capsys):
    for seconds, told in ((1, False), (3, True)):
        sent = [(ns, rig.trajectory(ns, 'ab', [wave(ns)] * 2, every_s=seconds))
                for ns, _ in commands(400)]
        bag = rig.write(tmp_path / f'arm{seconds}', {CAMERA: rig.camera(200), DRIVE: sent})
        assert told == any('trajectories lead up to 3.0 s ahead' in line
                           for line in doubts_of(capsys, bag))


def test_a_recorder_that_was_killed_in_its_second_file_is_seen(tmp_path, capsys):
    bag = rig.write(tmp_path / 'drive_0', {CAMERA: rig.camera(9), DRIVE: commands(9)})
    (bag / 'drive_1.mcap').write_bytes(b'cut off')
    assert inspect(bag) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        f'stops training: {bag} cannot be read as a bag: its last file is unfinished: the '
        f'recording goes on, or was cut off; complete it: jepa record --recover {bag}')


def test_a_sheet_has_a_row_for_each_bag(tmp_path):
    from jepa_ros.bags.scan import scan
    from jepa_ros.bags.settings import BagSettings
    from jepa_ros.bags.sheet import contact_sheet
    settings = BagSettings(6, 8)
    found = [scan(rig.write(tmp_path / name, {CAMERA: rig.camera(5), DRIVE: commands(9)}),
                  settings, lambda n: None) for name in 'ab']
    sheet = contact_sheet(found)
    assert sheet.shape == (2 * 100 + 4, 8 * 132 + 4, 3)
    np.testing.assert_array_equal(sheet[4:100:16, 4:132:16], found[0].samples[0].picture)
    np.testing.assert_array_equal(sheet[104:200:16, 4:132:16], found[1].samples[0].picture)
