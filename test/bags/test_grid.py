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

"""Frames at the model's rate: which period, which frames, where a run ends."""

import numpy as np
import pytest

from jepa_ros.bags.grid import camera_interval_s, period_of, runs

S = 10 ** 9


def ns(seconds):
    return np.rint(np.asarray(seconds) * S).astype(np.int64)


@pytest.mark.parametrize('rate, period', [
    (10, 0.1), (20, 0.1), (30, 0.1), (15, 0.133), (25, 0.12), (60, 0.1), (5, 0.2), (4, 0.25),
    (8, 0.125), (100, 0.1)])
def test_the_period_is_the_multiple_nearest_to_a_tenth(rate, period):
    assert period_of(1.0 / rate, None) == pytest.approx(period, abs=6e-4)


def test_a_period_that_is_wanted_must_be_a_multiple():
    assert period_of(1 / 30, 0.2) == 0.2
    assert period_of(0.0334, 0.1) == 0.1
    with pytest.raises(ValueError, match=r'period is 0.15 s, the camera takes a picture every '
                                         r'0.1 s; take 0.1 or 0.2'):
        period_of(0.1, 0.15)
    with pytest.raises(ValueError, match=r'period is 0.02 s'):
        period_of(0.1, 0.02)


@pytest.mark.parametrize('rate', [3.9, 1.0])
def test_a_slow_camera_is_refused(rate):
    with pytest.raises(ValueError, match=f'pictures come at {rate:.2f} Hz, at least 4'):
        period_of(1.0 / rate, None)


def test_the_interval_is_the_median_over_all_parts():
    assert camera_interval_s([ns([0, 0.1, 0.2, 9.0]), ns([100, 100.1])]) == 0.1
    assert np.isnan(camera_interval_s([ns([3.0])]))


def test_every_third_frame_of_a_fast_camera():
    found, gaps = runs(ns(np.arange(100) / 30), 0.1)
    assert gaps == 0
    np.testing.assert_array_equal(found, [np.arange(0, 100, 3)])


def test_jitter_does_not_cut_and_does_not_drift():
    rng = np.random.default_rng(0)
    times = np.arange(3000) / 30 + rng.uniform(-0.008, 0.008, 3000)
    (found,), gaps = runs(ns(times), 0.1)
    assert gaps == 0
    assert len(found) == pytest.approx(1000, abs=10)
    steps = np.diff(times[found])[:-1]      # the last frame is the nearest that there is
    assert steps.min() > 0.08
    assert steps.max() < 0.12


def test_a_dropped_frame_is_made_up_for_and_a_gap_cuts():
    """Without frame 30 the nearest stands in; without 59 to 64 none is within 1.5 periods."""
    kept = [i for i in range(120) if i != 30 and i not in range(59, 65)]
    found, gaps = runs(ns(np.array(kept) / 30), 0.1)
    assert gaps == 1
    first, second = ([kept[i] for i in run] for run in found)
    assert first[:12] == [*range(0, 30, 3), 29, 32]
    assert 56 <= first[-1] <= 58
    assert second[0] == 65
    np.testing.assert_array_equal(np.diff(second), 3)


@pytest.mark.parametrize('interval, cuts', [(0.149, 0), (0.151, 1)])
def test_one_and_a_half_periods_are_the_limit(interval, cuts):
    times = np.concatenate([np.arange(5) * 0.1, 0.4 + interval + np.arange(5) * 0.1])
    found, gaps = runs(ns(times), 0.1)
    assert gaps == cuts
    assert [len(run) for run in found] == ([5, 5] if cuts else [10])


def test_few_frames():
    assert runs(ns([]), 0.1) == ([], 0)
    found, gaps = runs(ns([1.0]), 0.1)
    np.testing.assert_array_equal(found, [[0]])
    assert gaps == 0
