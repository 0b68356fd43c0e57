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

"""From what was heard of a drive to latencies: which command is whose first."""

import pytest

from jepa_ros.ros.latency import Delivered, first_commands, Taken

# today's seconds: a float of them has steps of a quarter of a microsecond
BASE_S = 1.76e9


def command(stamp_s, came_s, *values):
    return Delivered(BASE_S + stamp_s, BASE_S + came_s, values)


def taken(frame_s, taken_s):
    return Taken(BASE_S + frame_s, BASE_S + taken_s)


def test_a_plan_s_first_command_is_the_last_before_it_was_said_to_be_in_force():
    sent = [command(0.99, 0.9902, 0.1), command(1.0400, 1.0402, 0.2), command(1.09, 1.0903, 0.2)]
    waits_s, hops_s = first_commands([taken(1.0, 1.0401)], sent, sent)
    assert waits_s == pytest.approx([0.0402], abs=1e-6)
    assert hops_s == pytest.approx([0.0002], abs=1e-6)


def test_through_a_gate_it_is_the_first_that_says_the_same_and_is_not_older():
    sent = [command(1.04, 1.0402, 0.2), command(1.09, 1.0903, 0.3)]
    # the gate repeated what it had, just before the first came
    heard = [command(0.995, 0.996, 0.2), command(1.0403, 1.0404, 0.1),
             command(1.0412, 1.0414, 0.2), command(1.0912, 1.0915, 0.3)]
    waits_s, hops_s = first_commands([taken(1.0, 1.0401), taken(1.05, 1.0902)], sent, heard)
    assert waits_s == pytest.approx([0.0414, 0.0415], abs=1e-6)
    assert hops_s == pytest.approx([0.0014, 0.0015], abs=1e-6)


def test_the_order_in_which_they_are_heard_does_not_matter():
    sent = [command(1.09, 1.0903, 0.2), command(1.04, 1.0402, 0.2)]
    waits_s, _ = first_commands([taken(1.05, 1.0901), taken(1.0, 1.0401)], sent, sent)
    assert waits_s == pytest.approx([0.0403, 0.0402], abs=1e-6)


def test_what_has_no_command_is_left_out():
    sent = [command(1.04, 1.0402, 0.2)]
    assert first_commands([taken(0.9, 0.95)], sent, sent) == ([], [])
    assert first_commands([taken(1.0, 1.0401)], sent, [command(1.05, 1.06, 0.9)]) == ([], [])
    assert first_commands([taken(1.0, 1.0401)], [], []) == ([], [])
