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

"""Means of held commands are exact: integral by length, with a time-out, whatever the stamps."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from jepa_ros.bags.hold import mean_held

S = 10 ** 9


def ns(*seconds):
    return np.array([round(s * S) for s in seconds], np.int64)


def column(*values):
    return np.array(values, np.float64)[:, None]


def slowly(times, values, edges, hold):
    """Return the same means in fractions, piece by piece."""
    means = []
    for begin, end in pairwise(edges):
        total = Fraction(0)
        for i, (at, value) in enumerate(zip(times, values, strict=True)):
            until = times[i + 1] if i + 1 < len(times) else 2 ** 62
            if hold is not None:
                until = min(until, at + round(hold * S))
            overlap = min(end, until) - max(begin, at)
            if overlap > 0:
                total += Fraction(float(value)) * int(overlap)
        means.append(float(total / int(end - begin)))
    return means


def test_a_command_that_changes_within_an_interval_counts_for_its_part():
    """1 m/s for 30 ms, then 2 m/s for 70 ms are 1.7 m/s; then 2 for 100 ms."""
    means = mean_held(ns(10.0, 10.03), column(1, 2), ns(10.0, 10.1, 10.2), 0.5)
    np.testing.assert_allclose(means[:, 0], [1.7, 2.0], rtol=0, atol=1e-12)


def test_a_command_is_zero_after_its_time_and_before_it_comes():
    """It comes at 0.05 s and counts for 0.1 s: half of the first, half of the second interval."""
    means = mean_held(ns(0.05), column(4), ns(0.0, 0.1, 0.2, 0.3), 0.1)
    np.testing.assert_allclose(means[:, 0], [2.0, 2.0, 0.0], rtol=0, atol=1e-12)


def test_a_place_is_kept_for_ever():
    means = mean_held(ns(0.0), column(1.5), ns(0.0, 0.1, 5000.0), float('inf'))
    np.testing.assert_allclose(means[:, 0], [1.5, 1.5], rtol=0, atol=1e-12)


def test_no_command_is_rest():
    assert not mean_held(ns(), np.zeros((0, 2)), ns(0.0, 0.1, 0.2), 0.5).any()
    assert mean_held(ns(), np.zeros((0, 2)), ns(0.0, 0.1, 0.2), 0.5).shape == (2, 2)


def test_a_command_before_the_first_frame_is_still_in_force():
    means = mean_held(ns(-0.2, 7.0), column(3, 9), ns(0.0, 0.1), 0.5)
    np.testing.assert_allclose(means[:, 0], [3.0])


@pytest.mark.parametrize('hold', [0.02, 0.5, None])
def test_irregular_stamps_of_the_present_give_the_same_as_fractions(hold):
    rng = np.random.default_rng(3)
    start = 1_700_000_000 * S
    times = start + np.sort(rng.integers(0, 20 * S, 300))
    values = rng.normal(size=(300, 2))
    edges = start + np.cumsum(rng.integers(S // 20, S // 5, 150)) - S
    means = mean_held(times, values, edges, hold or float('inf'))
    for i in range(2):
        np.testing.assert_allclose(means[:, i], slowly(times.tolist(), values[:, i],
                                                       edges.tolist(), hold), rtol=0, atol=1e-11)


def test_two_commands_at_one_time_are_the_later():
    means = mean_held(ns(0.0, 0.0), column(1, 2), ns(0.0, 0.1), 0.5)
    np.testing.assert_allclose(means[:, 0], [2.0])


def test_the_whole_is_the_sum_of_its_parts():
    """What was commanded in an hour is kept, however it is cut."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 3600 * S, 20000))
    values = rng.normal(size=(20000, 1))
    edges = np.arange(0, 3600 * S + 1, S // 10)
    parts = mean_held(times, values, edges, 0.5)
    whole = mean_held(times, values, edges[[0, -1]], 0.5)
    np.testing.assert_allclose(parts.mean(axis=0), whole[0], rtol=0, atol=1e-10)
