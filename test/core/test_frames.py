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

"""Frames: their age, their order, silence, and how many good ones in a row."""

import math

import pytest

from jepa_ros.config import AgentConfig
from jepa_ros.core.frames import Frames


def counted(*stamps_s, **config):
    """Return frames that were good, each of which came as it was taken."""
    frames, before_s = Frames(AgentConfig(**config)), -math.inf
    for stamp_s in stamps_s:
        assert frames.judge(stamp_s, stamp_s).ok
        assert frames.count(stamp_s, stamp_s) is (stamp_s > before_s)
        before_s = stamp_s
    return frames


def test_before_the_first_there_is_neither_order_nor_silence():
    frames = counted()
    assert frames.judge(-5.0, -5.0).ok
    assert frames.silence(1e9).ok
    assert frames.enough().reason == '0 fresh frames, 3 wanted: no frame yet'


def test_enough_in_a_row():
    assert counted(1.0, 1.1).enough().reason.startswith('2 fresh frames, 3 wanted')
    assert counted(1.0, 1.1, 1.2).enough().ok
    # one that is seen twice counts once
    assert not counted(1.0, 1.1, 1.1).enough().ok
    assert counted(1.0, fresh_frames=1).enough().ok


def test_what_was_refused_counts_from_the_beginning_and_says_why():
    frames = counted(1.0, 1.1, 1.2)
    frames.refuse('the lens is covered')
    assert frames.enough().reason == '0 fresh frames, 3 wanted: the lens is covered'
    for stamp_s in (1.3, 1.4):
        frames.count(stamp_s, stamp_s)
        assert not frames.enough().ok
    frames.count(1.5, 1.5)
    assert frames.enough().ok


@pytest.mark.parametrize('stamp_s, now_s, says', [
    (1.0, 1.3, ''), (1.0, 1.31, 'frame is 0.31 s old, limit 0.30 s'),
    (1.1, 1.0, ''), (1.2, 1.0, 'frame is stamped 0.20 s ahead, limit 0.10 s'),
    (0.9, 1.0, 'frame is out of order: stamp 0.900 s, the one before had 1.000 s'),
    (math.nan, 1.0, 'frame has stamp nan at time 1.0, both must be finite'),
])
def test_age_and_order(stamp_s, now_s, says):
    verdict = counted(1.0).judge(stamp_s, now_s)
    assert (verdict.ok, verdict.reason) == (not says, says)


@pytest.mark.parametrize('stamp_s, says', [
    (1.3, ''), (1.31, 'no frame for 0.31 s, limit 0.30 s')])
def test_silence(stamp_s, says):
    assert counted(1.0).silence(stamp_s).reason == says


def test_clear_forgets_what_came_before():
    frames = counted(1.0, 1.1, 1.2)
    frames.clear('time went back')
    assert (frames.stamp_s, frames.now_s) == (-math.inf, -math.inf)
    assert frames.judge(0.1, 0.1).ok
    assert frames.enough().reason == '0 fresh frames, 3 wanted: time went back'
