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

"""What the planner measures of itself: counts, percentiles, how long a plan is likely to take."""

import math

import numpy as np
import pytest

from jepa_ros.ros.figures import Arrivals, Figures, PlanLatency, STAGES

PERIOD_S = 1 / 30


def arrivals_of(frames, jitter=0.0):
    """Return what was counted of frames by their number, one a period."""
    rng = np.random.default_rng(0)
    arrivals = Arrivals()
    for frame in frames:
        arrivals.note(100.0 + PERIOD_S * (frame + rng.uniform(-jitter, jitter)), frame * PERIOD_S)
    return arrivals.came, arrivals.lost


@pytest.mark.parametrize('jitter', [0.0, 0.15])
def test_a_steady_camera_loses_nothing(jitter):
    assert arrivals_of(range(200), jitter) == (200, 0)


@pytest.mark.parametrize('jitter', [0.0, 0.15])
def test_frames_that_never_come_are_counted_by_the_gaps(jitter):
    # the first ones tell the period
    missing = {50, 80, 81, 82, 120}
    assert arrivals_of([f for f in range(200) if f not in missing], jitter) == (195, 5)


def test_the_period_is_right_though_most_frames_are_lost():
    kept = [f for f in range(900) if np.random.default_rng(f).random() < 0.35]
    came, lost = arrivals_of(kept)
    assert came + lost == pytest.approx(kept[-1] - kept[0] + 1, rel=0.05)


def test_a_camera_that_rests_loses_nothing():
    assert arrivals_of([*range(50), *range(5000, 5050)]) == (100, 0)


def test_a_frame_that_comes_raw_and_compressed_counts_once():
    assert arrivals_of([f // 2 for f in range(100)]) == (50, 0)


def test_a_clock_that_goes_back_loses_nothing():
    assert arrivals_of([*range(1000, 1050), *range(50)]) == (100, 0)


def test_percentiles_in_milliseconds_and_counts():
    figures = Figures()
    for i in range(101):
        figures.took('plan', i * 1e-3)
    figures.frame_came(10.0, 10.02, 3.0)
    figures.plan_came(late=True, over_deadline=True)
    figures.plan_came(late=False, over_deadline=True)
    figures.count('repeated_frames')
    values = figures.values(7, 10.1, 3.1)
    assert values['plan_p50_ms'] == pytest.approx(50.0)
    assert values['plan_p99_ms'] == pytest.approx(99.0)
    assert values['transport_p50_ms'] == pytest.approx(20.0)
    assert math.isnan(values['encode_p50_ms'])
    counts = {key: value for key, value in values.items() if isinstance(value, str)}
    assert counts == {
        'frames': '1', 'lost_frames': '0', 'dropped_frames': '7', 'late_plans': '1',
        'deadline_misses': '2', 'repeated_frames': '1', 'unreadable_frames': '0',
        'surprising_frames': '0'}
    assert len(values) == len(counts) + 2 + 2 * len(STAGES)


def test_the_newest_frame_ages_by_its_stamp_and_by_the_steady_clock():
    figures = Figures()
    assert math.isnan(figures.values(0, 1.0, 1.0)['newest_frame_age_s'])
    figures.frame_came(10.0, 10.02, 3.0)
    assert figures.values(0, 10.5, 3.1)['newest_frame_age_s'] == pytest.approx(0.5)
    # the node's time may stand still
    assert figures.values(0, 10.02, 4.0)['newest_frame_age_s'] == pytest.approx(1.0)


def test_the_rate_of_the_camera_is_that_of_the_last_two_seconds():
    figures = Figures()
    for i in range(1000):
        figures.frame_came(i / 30, i / 30, i / 30)
    assert figures.values(0, 0.0, 1000 / 30)['camera_hz'] == pytest.approx(30.0, abs=0.5)
    assert figures.values(0, 0.0, 1000 / 30 + 1)['camera_hz'] == pytest.approx(15.0, abs=0.5)
    assert figures.values(0, 0.0, 1000 / 30 + 3)['camera_hz'] == 0.0


def test_the_latency_reckoned_with_is_that_of_slow_plans():
    latency = PlanLatency(first_s=0.08, margin_s=0.01)
    assert latency.estimate_s == pytest.approx(0.09)
    for i in range(100):
        latency.note(0.03 + (i % 5 == 0) * 0.1)
    assert latency.estimate_s == pytest.approx(0.14)
    # one hiccup in many does not count
    for i in range(100):
        latency.note(0.03 + (i == 90) * 0.5)
    assert latency.estimate_s == pytest.approx(0.04)
    # and it follows a machine that becomes slow in a few plans
    for _ in range(4):
        latency.note(0.3)
    assert latency.estimate_s > 0.2


def test_a_clock_that_goes_back_while_planning_makes_no_latency():
    latency = PlanLatency(first_s=0.0, margin_s=0.01)
    latency.note(-5.0)
    assert latency.estimate_s == pytest.approx(0.01)
