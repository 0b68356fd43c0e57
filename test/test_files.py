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

"""Files that are written whole or not at all."""

import signal
import subprocess
import sys

import pytest

from jepa_ros.files import partial_of, whole_file, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def half(path, former):
    with whole_file(path, former) as file:
        file.write(b'new')
        raise ZeroDivisionError


def test_what_is_written_is_there_and_nothing_beside_it(tmp_path):
    write_whole(tmp_path / 'a', b'\0\xff')
    write_whole(tmp_path / 'b', '3 °\n')
    assert (tmp_path / 'a').read_bytes() == b'\0\xff'
    assert (tmp_path / 'b').read_text(encoding='utf-8') == '3 °\n'
    assert names(tmp_path) == ['a', 'b']


def test_what_fails_halfway_leaves_what_was_there(tmp_path):
    path = tmp_path / 'a'
    write_whole(path, 'old')
    with pytest.raises(ZeroDivisionError):
        half(path, tmp_path / 'former')
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['a']


def test_a_kill_halfway_leaves_what_was_there_and_the_next_writing_begins_anew(tmp_path):
    path = tmp_path / 'a'
    write_whole(path, 'old')
    done = subprocess.run([sys.executable, '-c', f"""
import os, pathlib, signal
from jepa_ros.files import whole_file
with whole_file(pathlib.Path({str(path)!r})) as file:
    file.write(b'much that is new')
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['a', partial_of(path).name]
    write_whole(path, 'new')
    assert path.read_text() == 'new'
    assert names(tmp_path) == ['a']


def test_rights_are_handed_on_and_the_former_is_kept(tmp_path):
    path, former = tmp_path / 'a', tmp_path / 'former'
    write_whole(path, 'old')
    path.chmod(0o640)
    with whole_file(path, former) as file:
        file.write(b'new')
    assert path.stat().st_mode & 0o777 == 0o640
    assert (path.read_text(), former.read_text()) == ('new', 'old')


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / 'none' / 'a', b'')
