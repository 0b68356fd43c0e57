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
"""Fast DDS profiles: which a process takes, and that the two agree."""

import os
from pathlib import Path
from xml.etree import ElementTree

from jepa_ros.ros.share import fast_dds_profile, FAST_DDS_VARIABLES, take_small_profile


def test_a_process_without_pictures_takes_the_small_profile(monkeypatch):
    for name, path in fast_dds_profile().items():
        monkeypatch.setenv(name, path)
    take_small_profile()
    assert [Path(os.environ[name]).name for name in FAST_DDS_VARIABLES] == [
        'fastdds_small.xml'] * 2


def test_what_the_user_has_chosen_stays(monkeypatch, tmp_path):
    own = tmp_path / 'fastdds.xml'      # of the same name, with no small one beside it
    own.write_text('<dds/>')
    monkeypatch.setenv(FAST_DDS_VARIABLES[0], str(own))
    monkeypatch.delenv(FAST_DDS_VARIABLES[1], raising=False)
    take_small_profile()
    assert os.environ[FAST_DDS_VARIABLES[0]] == str(own)
    assert FAST_DDS_VARIABLES[1] not in os.environ


def values(path):
    """Return (tag, text) of every element of a profile, but for the size of its segment."""
    return [(element.tag.rpartition('}')[2], (element.text or '').strip())
            for element in ElementTree.parse(path).iter()
            if not element.tag.endswith('segment_size')]


def test_the_small_profile_differs_in_its_segment_alone(root):
    shipped, small = (root / 'config' / name for name in ('fastdds.xml', 'fastdds_small.xml'))
    assert values(shipped) == values(small)
    assert '<segment_size>1048576<' in small.read_text()
