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

"""How commands may change: exact numbers, for growth, fall, change of sign, and the S-curve."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from jepa_ros.core.shaping import limit_change, limit_growth, s_curve


def grown(before, wanted, passed_s, max_rate, fall_rate):
    return limit_growth(np.array([before], np.float32), np.array([wanted], np.float32), passed_s,
                        max_rate and [max_rate], fall_rate and [fall_rate]).tolist()[0]


@pytest.mark.parametrize('before, wanted, passed_s, max_rate, fall_rate, sent', [
    (0.0, 0.5, 0.1, None, None, 0.5),
    (0.0, 0.5, 0.1, 2.0, None, 0.2),
    (0.0, -0.5, 0.1, 2.0, None, -0.2),
    (0.4, 0.5, 0.1, 2.0, None, 0.5),
    (0.5, 0.0, 0.1, 2.0, None, 0.0),        # falling is not growing
    (0.5, 0.0, 0.1, None, 3.0, 0.2),
    (-0.5, 0.0, 0.1, None, 3.0, -0.2),
    (0.5, 0.4, 0.1, None, 3.0, 0.4),
    (0.3, -0.5, 0.1, 2.0, 6.0, -0.1),       # 0.05 s to zero, then 0.05 s of growth
    (0.5, -0.5, 0.05, 2.0, 6.0, 0.2),
    (0.5, -0.5, 0.1, math.inf, None, -0.5),
    (0.2, 0.5, 0.0, 2.0, 2.0, 0.2),
    (0.2, 0.5, -1.0, 2.0, 2.0, 0.2),
    (0.0, 0.0, 0.1, 2.0, 0.0, 0.0),
])
def test_growth_and_fall(before, wanted, passed_s, max_rate, fall_rate, sent):
    assert grown(before, wanted, passed_s, max_rate, fall_rate) == pytest.approx(sent)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0.01, 50),
       st.floats(0.01, 50))
def test_what_is_sent_lies_between_what_was_and_what_is_wanted(before, wanted, passed_s, up, down):
    sent = grown(before, wanted, passed_s, up, down)
    assert min(before, wanted) - 1e-6 <= sent <= max(before, wanted) + 1e-6
    assert abs(sent) - abs(before) <= up * passed_s + 1e-6


@pytest.mark.parametrize('wanted, passed_s, rate, sent', [
    (2.0, 0.1, None, 2.0), (2.0, 0.1, 5.0, 1.5), (-2.0, 0.1, 5.0, 0.5), (1.1, 0.1, 5.0, 1.1),
    (2.0, 0.0, math.inf, 1.0)])
def test_positions_change_at_a_rate(wanted, passed_s, rate, sent):
    found = limit_change(np.array([1.0], np.float32), np.array([wanted], np.float32), passed_s,
                         rate and [rate])
    assert found.tolist() == pytest.approx([sent])


def test_the_s_curve_begins_and_ends_gently():
    assert [s_curve(x) for x in (-math.inf, -1.0, 0.0, 0.5, 1.0, math.inf)] == [
        0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
    shares = np.array([s_curve(x) for x in np.linspace(0.0, 1.0, 101)])
    slopes = np.diff(shares) * 100
    assert slopes[0] < 0.04
    assert slopes[-1] < 0.04
    assert slopes.max() == pytest.approx(1.5, abs=0.01)
    assert (slopes >= 0.0).all()
