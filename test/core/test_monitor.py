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

"""Verdicts, each with a table of what passes and what does not."""

from math import inf, nan

import numpy as np
import pytest

from jepa_ros.core.monitor import (
    judge_age,
    judge_clock,
    judge_finite,
    judge_gap,
    judge_limits,
    judge_order,
    judge_planner,
    judge_publishers,
    judge_shape,
    judge_surprise,
    judge_surprises,
    Reason,
)


def check(verdict, reason):
    assert verdict.ok is (reason == '')
    assert verdict.reason == reason
    assert verdict.ok is (verdict.number is Reason.NONE)


@pytest.mark.parametrize('stamp_s, reason', [
    (10.0, ''),
    (9.71, ''),
    (10.05, ''),
    (9.58, 'frame is 0.42 s old, limit 0.30 s'),
    (10.25, 'frame is stamped 0.25 s ahead, limit 0.10 s'),
    (nan, 'frame has stamp nan at time 10.0, both must be finite'),
    (-inf, 'frame has stamp -inf at time 10.0, both must be finite'),
])
def test_age(stamp_s, reason):
    check(judge_age('frame', stamp_s, 10.0, 0.3, 0.1), reason)


@pytest.mark.parametrize('stamp_s, last_s, reason', [
    (2.0, 1.0, ''),
    (2.0, 2.0, ''),
    (2.0, -inf, ''),
    (1.0, 2.0, 'frame is out of order: stamp 1.000 s, the one before had 2.000 s'),
])
def test_order(stamp_s, last_s, reason):
    check(judge_order('frame', stamp_s, last_s), reason)


@pytest.mark.parametrize('stamp_s, reason', [
    (1.0, ''), (1.3, ''), (1.5, 'no command for 0.50 s, limit 0.30 s'),
    (nan, 'no command for nan s, limit 0.30 s')])
def test_gap(stamp_s, reason):
    check(judge_gap('command', stamp_s, 1.0, 0.3), reason)


@pytest.mark.parametrize('values, reason', [
    ([0.0, 1.0], ''),
    ([], ''),
    ([nan, 1.0], 'cost has 1 non-finite of 2 values'),
    ([inf, -inf], 'cost has 2 non-finite of 2 values'),
])
def test_finite(values, reason):
    check(judge_finite('cost', np.array(values, np.float32)), reason)


@pytest.mark.parametrize('values, reason', [
    ([0.6, -1.5], ''),
    ([0.7, 0.0], 'command[0] is 0.700, limits -0.600 to 0.600'),
    ([0.0, -2.0], 'command[1] is -2.000, limits -1.500 to 1.500'),
    ([nan, 0.0], 'command[0] is nan, limits -0.600 to 0.600'),
])
def test_limits(values, reason):
    check(judge_limits('command', np.array(values, np.float32), (-0.6, -1.5), (0.6, 1.5)), reason)


@pytest.mark.parametrize('surprise, reason', [
    (0.1, ''), (nan, ''), (0.9, 'surprise is 0.900, limit 0.500')])
def test_surprise(surprise, reason):
    check(judge_surprise(surprise, 0.5), reason)


@pytest.mark.parametrize('count, most, reason', [
    (0, 3, ''), (2, 3, ''), (99, 0, ''),
    (3, 3, '3 frames in a row were surprising, limit 3')])
def test_surprises(count, most, reason):
    check(judge_surprises(count, most), reason)


@pytest.mark.parametrize('values, reason', [
    ([0.0, 0.0], ''),
    ([0.0], 'command has shape (1,), must have (2,)'),
    ([[0.0, 0.0]], 'command has shape (1, 2), must have (2,)')])
def test_shape(values, reason):
    check(judge_shape('command', np.array(values), 2), reason)


@pytest.mark.parametrize('count, reason', [
    (0, ''), (1, ''), (2, '2 nodes publish commands, limit 1')])
def test_publishers(count, reason):
    check(judge_publishers('commands', count), reason)


def test_planner():
    check(judge_planner(True), '')
    check(judge_planner(False), 'the planner does not say that it drives')


@pytest.mark.parametrize('passed_s, steady_s, rate, reason', [
    (0.05, 0.05, 1.0, ''),
    (nan, nan, 1.0, ''),
    (0.0, 0.05, 1.0, ''),
    (-0.2, 0.05, 1.0, 'time went -0.20 s in 0.05 s, limit -0.05 s'),
    (0.2, 0.05, 1.0, 'time went 0.20 s in 0.05 s, limit 0.15 s'),
    (0.0, 5.0, 20.0, ''),                   # simulated time stands still
    (1.0, 0.05, 20.0, ''),                  # or runs fast
    (-0.2, 0.05, 20.0, 'time went -0.20 s in 0.05 s, limit -0.10 s'),
    (5.0, 0.05, 20.0, 'time went 5.00 s in 0.05 s, limit 1.10 s'),
])
def test_clock(passed_s, steady_s, rate, reason):
    check(judge_clock(passed_s, steady_s, 0.1, rate), reason)
