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

"""Stamps of other topics come onto the camera's clock; jumps and rates of clocks are seen."""

from pathlib import Path

import numpy as np
import pytest

from jepa_ros.bags.clocks import on_camera_clock, segments, Stamps

S = 10 ** 9
WALL = 1_700_000_000
BAG = Path('drive')


def ns(seconds):
    return np.rint(np.asarray(seconds, float) * S).astype(np.int64)


def camera(count=600, offset=0.0, late=0.02, rate=1.0):
    """Return stamps at 10 Hz; they are recorded late, on a clock that is ahead by an offset."""
    header = np.arange(count) * 0.1 + 5
    return Stamps(ns(header), ns(header / rate + late) + ns(offset))


def test_on_one_clock_arrival_stays_as_it_is():
    other = Stamps(np.zeros(5, np.int64), ns([6, 7, 8, 9, 10]))
    np.testing.assert_array_equal(on_camera_clock(other, camera(), BAG, '/t'), other.received_ns)


def test_own_stamps_come_first_and_those_that_are_missing_are_arrivals():
    other = Stamps(ns([6, 0, 8]), ns([6.1, 7.1, 8.1]))
    np.testing.assert_array_equal(on_camera_clock(other, camera(), BAG, '/t'), ns([6, 7.1, 8]))


def test_simulated_time_on_the_wall_clock_is_moved_by_the_offset():
    other = Stamps(np.zeros(3, np.int64), ns([10, 30, 50]) + ns(WALL))
    found = on_camera_clock(other, camera(offset=WALL, late=0.0), BAG, '/t')
    np.testing.assert_array_equal(found, ns([10, 30, 50]))


def test_a_small_drift_is_followed():
    """At 0.99 of the rate one offset for all of a minute would be 0.3 s wrong at its ends."""
    at = np.array([6.0, 20.0, 45.0, 62.0])
    other = Stamps(np.zeros(4, np.int64), ns(at / 0.99) + ns(WALL))
    found = on_camera_clock(other, camera(offset=WALL, late=0.0, rate=0.99), BAG, '/t')
    np.testing.assert_allclose(found / S, at, atol=0.03)


@pytest.mark.parametrize('rate, words', [(0.5, '0.500'), (1.2, '1.200')])
def test_another_rate_is_refused(rate, words):
    other = Stamps(np.zeros(3, np.int64), ns([10, 30, 50]) + ns(WALL))
    with pytest.raises(ValueError, match=f'drive: the clock of the pictures runs at {words} of '):
        on_camera_clock(other, camera(offset=WALL, rate=rate), BAG, '/t')


def test_stamped_messages_do_not_mind_the_rate():
    own = camera(offset=WALL, rate=0.5)
    stamped = own.part(slice(0, 40))
    np.testing.assert_array_equal(on_camera_clock(stamped, own, BAG, '/t'), stamped.header_ns)
    with pytest.raises(ValueError, match='cannot be placed'):
        on_camera_clock(Stamps(stamped.header_ns + ns(900), stamped.received_ns), own, BAG, '/t')


def test_stamps_of_a_third_clock_are_not_taken():
    """The camera counts from its start; the commands are stamped as the recorder does."""
    at = ns([10, 20, 30])
    other = Stamps(at + ns(WALL), at + ns(WALL) + ns(0.001))
    found = on_camera_clock(other, camera(offset=WALL, late=0.0), BAG, '/t')
    np.testing.assert_allclose(found / S, at / S, atol=0.002)


def test_a_jump_back_parts_and_a_little_disorder_does_not():
    header = ns([1, 2, 3, 2.5, 4, 0.1, 0.2, 0.3])
    found = segments(Stamps(header, np.arange(8)))
    assert found == [slice(0, 5), slice(5, 8)]
    assert segments(Stamps(header[:0], header[:0])) == []
    assert segments(Stamps(header[:3], header[:3])) == [slice(0, 3)]
