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

"""Digests of bags: of content, remembered only while nothing of a file changed."""

import os
import time

import pytest

from jepa_ros.bags import fingerprint as module
from jepa_ros.bags.fingerprint import fingerprint, Memory, size_bytes


@pytest.fixture
def bag(tmp_path):
    folder = tmp_path / 'drive'
    folder.mkdir()
    (folder / 'metadata.yaml').write_text('a: 1\n')
    (folder / 'drive_0.mcap').write_bytes(b'x' * 1000)
    (folder / 'notes.txt').write_text('not of the bag')
    return folder


def read(bag, memory):
    """Return the digest; what is told comes to the size of the bag, read or remembered."""
    seen = []
    digest = fingerprint(bag, memory, seen.append)
    assert sum(seen) == size_bytes(bag)
    return digest


def test_content_counts_and_names_of_folders_do_not(bag, tmp_path):
    first = read(bag, Memory(tmp_path / 'none'))
    (bag / 'notes.txt').write_text('changed')
    moved = bag.rename(tmp_path / 'other')
    assert read(moved, Memory(tmp_path / 'none')) == first
    (moved / 'drive_0.mcap').write_bytes(b'x' * 999 + b'y')
    assert read(moved, Memory(tmp_path / 'none')) != first


def test_a_file_that_settled_is_not_read_again(bag, tmp_path, monkeypatch):
    monkeypatch.setattr(module, '_SETTLED_S', -1.0)
    memory = Memory(tmp_path / 'digests.json')
    first = read(bag, memory)
    memory.keep()
    again = Memory(tmp_path / 'digests.json')
    assert again._known == memory._known != {}
    # were it read, it would be seen
    again._known = dict.fromkeys(again._known, 'remembered')
    assert read(bag, again) != first
    (bag / 'drive_0.mcap').write_bytes(b'x' * 1000)
    os.utime(bag / 'drive_0.mcap', ns=(1, 1))
    states = set(again._known)
    read(bag, again)
    assert set(again._known) > states


def test_a_file_that_changed_just_now_is_not_remembered(bag, tmp_path):
    assert time.time() - (bag / 'drive_0.mcap').stat().st_ctime < module._SETTLED_S
    memory = Memory(tmp_path / 'digests.json')
    read(bag, memory)
    assert memory._known == {}


def test_a_file_that_grows_is_refused(bag, tmp_path):
    def grow(_):
        with (bag / 'drive_0.mcap').open('ab') as file:
            file.write(b'more')
    with pytest.raises(ValueError, match=r'drive_0.mcap changes while it is read'):
        fingerprint(bag, Memory(tmp_path / 'none'), grow)
