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

"""The checks of Gazebo's world and bridge: what is shipped passes, each seeded fault is named."""

from pathlib import Path

from gazebo_faults import FAULTS
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from jepa_ros.cli.gazebo import check, FILES
from jepa_ros.cli.main import main

pytest.importorskip('rclpy')

ROOT = Path(__file__).parents[2]
PLANNER_CAMERA = 'camera/image_raw'


@pytest.fixture(scope='module')
def shipped() -> dict[str, str]:
    """Return the texts that are shipped."""
    return {name: (ROOT / path).read_text() for name, path in FILES.items()}


@pytest.mark.parametrize('distro', ['jazzy', 'kilted'])
@pytest.mark.parametrize('camera', [PLANNER_CAMERA, 'front_camera/image_raw'])
def test_what_is_shipped_passes(shipped, distro, camera):
    assert check(shipped, distro, camera) == []


@pytest.mark.parametrize('name', FAULTS)
def test_a_seeded_fault_is_named(shipped, name):
    file, old, new, words = FAULTS[name]
    assert old in shipped[file], f'{old!r} is not in {file}: the fault is none'
    faults = check({**shipped, file: shipped[file].replace(old, new, 1)}, 'jazzy', PLANNER_CAMERA)
    said = '\n'.join(faults)
    assert not [word for word in words if word not in said], said


def test_the_verb_says_so_and_ends_with_1(shipped, tmp_path, capsys):
    assert main(['gazebo']) == 0
    assert capsys.readouterr().out == (
        'world, bridge and nodes agree; Gazebo itself was not run\n')
    wrong = tmp_path / 'bridge.yaml'
    wrong.write_text(shipped['bridge'].replace('ROS_TO_GZ', 'TO_GZ'))
    assert main(['gazebo', '--bridge', str(wrong)]) == 1
    assert "direction is 'TO_GZ'" in capsys.readouterr().out
    assert main(['gazebo', '--bridge', str(tmp_path / 'none.yaml')]) == 2
    assert 'none.yaml' in capsys.readouterr().err


@settings(max_examples=40)
@given(file=st.sampled_from(sorted(FILES)), at=st.integers(0, 10**6), cut=st.integers(0, 200),
       put=st.sampled_from(['', '<', '>', '"', '-', ': ', '- ', '[]', '{}', '&a', '*a', '\0',
                            'nan', '1e999', '\n\n', '!!python/name:os.system', '<a>' * 3000]))
def test_whatever_a_file_holds_is_answered(shipped, file, at, cut, put):
    text = shipped[file]
    at %= len(text)
    try:
        faults = check({**shipped, file: text[:at] + put + text[at + cut:]}, 'kilted',
                       PLANNER_CAMERA)
    except ValueError as error:
        faults = [str(error)]
    assert all(isinstance(fault, str) and len(fault) < 2000 for fault in faults)
