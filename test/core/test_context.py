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

"""Short-term memory: which latents, and what was really executed before them."""

import numpy as np
from point_world import spec
import pytest

from jepa_ros.core.context import Context


def z(value):
    return np.full((1, 2), value, np.float32)


def command(value):
    return np.array([value, -value], np.float32)


def test_nothing_recorded_is_standing_still():
    context = Context(spec(history=2))
    assert context.executed(5.0).tolist() == np.zeros((2, 5, 2)).tolist()
    assert not context.has(5.0)
    with pytest.raises(ValueError, match='0 latents'):
        context.latents(5.0)


def test_the_block_that_ended_now():
    context = Context(spec())
    for i in range(1, 8):
        context.record(command(i), i * 0.1)
    # command i is in force from i/10 s on, so the block up to 0.8 s is 3 to 7
    executed = context.executed(0.8)
    assert executed.dtype == np.float32
    assert executed[0, :, 0] == pytest.approx([3, 4, 5, 6, 7], abs=1e-5)
    assert executed[0, :, 1] == pytest.approx([-3, -4, -5, -6, -7], abs=1e-5)


def test_the_last_command_holds_and_zero_stood_before_the_first():
    context = Context(spec())
    context.record(command(2), 1.0)
    assert context.executed(1.3)[0, :, 0] == pytest.approx([0, 0, 2, 2, 2], abs=1e-5)
    assert context.executed(9.0)[0, :, 0] == pytest.approx([2] * 5, abs=1e-5)


def test_a_command_in_force_for_part_of_a_period_counts_in_part():
    context = Context(spec())
    context.record(command(4), 0.0)
    context.record(command(8), 0.425)
    assert context.executed(0.5)[0, :, 0] == pytest.approx([4, 4, 4, 4, 7], abs=1e-5)


def test_entries_are_one_block_apart():
    context = Context(spec(history=3))
    for i in range(21):
        context.push(z(i), i * 0.1)
        context.record(command(i), i * 0.1)
    assert context.latents(2.0)[:, 0, 0].tolist() == [10, 15, 20]
    assert context.executed(2.0)[:, 0, 0] == pytest.approx([5, 10, 15], abs=1e-4)
    assert context.latents(1.5)[:, 0, 0].tolist() == [5, 10, 15]


def test_before_the_first_frame_the_first_latent_stands():
    context = Context(spec(history=3))
    context.push(z(7), 1.0)
    context.push(z(8), 1.5)
    assert context.latents(1.5)[:, 0, 0].tolist() == [7, 7, 8]


def test_has_asks_within_half_a_period():
    context = Context(spec())
    context.push(z(0), 1.0)
    assert context.has(1.04)
    assert not context.has(1.06)


def test_memory_is_bounded_and_the_window_stays_right():
    context = Context(spec(history=2))
    for i in range(20_000):
        context.push(z(i), i * 0.01)
        context.record(command(i), i * 0.01)
    assert len(context._latents) < 250
    assert len(context._commands) < 250
    assert context.latents(199.99)[:, 0, 0].tolist() == [19949, 19999]
    assert context.executed(199.99)[-1, -1, 0] == pytest.approx(19993.5, abs=0.01)


def test_the_command_still_in_force_is_never_dropped():
    context = Context(spec())
    context.record(command(3), 0.0)
    for i in range(200):
        context.push(z(i), i * 0.1)
    assert context.executed(19.9)[0, :, 0] == pytest.approx([3] * 5, abs=1e-4)


def test_a_command_before_the_window_is_kept_while_it_reaches_into_it():
    context = Context(spec())
    context.record(command(3), 0.0)
    context.record(command(5), 2.8)
    for i in range(31):
        context.push(z(i), i * 0.1)
    assert context.executed(3.0)[0, :, 0] == pytest.approx([3, 3, 3, 5, 5], abs=1e-4)


def test_clear_forgets():
    context = Context(spec())
    context.push(z(1), 5.0)
    context.record(command(1), 5.0)
    context.clear()
    assert not context.has(5.0)
    assert not context.executed(6.0).any()
    context.push(z(2), 1.0)
    assert context.latents(1.0).tolist() == [[[2, 2]]]


def test_time_that_goes_back_is_refused():
    context = Context(spec())
    context.push(z(1), 5.0)
    context.record(command(1), 5.0)
    with pytest.raises(ValueError, match=r'latent stamp 4.000 s is before the last, 5.000 s'):
        context.push(z(1), 4.0)
    with pytest.raises(ValueError, match=r'command stamp 4\.000 s'):
        context.record(command(1), 4.0)


def test_a_latent_of_another_shape_is_named():
    with pytest.raises(ValueError, match=r'\(3,\), must be \(1, 2\)'):
        Context(spec()).push(np.zeros(3, np.float32), 0.0)


# -- what is to come

def scheduled(*values):
    return np.stack([command(value) for value in values])


def test_a_schedule_is_a_command_a_period_and_then_zero():
    context = Context(spec())
    context.schedule(scheduled(4, 8, 6), 1.0, 1.0)
    assert context.commands(0.9, 5)[:, 0] == pytest.approx([0, 4, 8, 6, 0], abs=1e-5)
    assert context.commands(0.9, 5)[:, 1] == pytest.approx([0, -4, -8, -6, 0], abs=1e-5)
    assert context.commands(1.05, 3)[:, 0] == pytest.approx([6, 7, 3], abs=1e-5)
    assert not context.commands(1.3, 30).any()


def test_what_was_in_force_before_stands_and_what_was_to_come_does_not():
    context = Context(spec())
    context.schedule(scheduled(1, 2, 3, 4, 5, 6), 1.0, 1.0)
    context.schedule(scheduled(7, 8), 1.2, 1.2)
    assert context.commands(1.0, 6)[:, 0] == pytest.approx([1, 2, 7, 8, 0, 0], abs=1e-5)
    # another that starts later leaves zero between, for there the last one is over
    context.schedule(scheduled(9), 1.5, 1.5)
    assert context.commands(1.0, 8)[:, 0] == pytest.approx([1, 2, 7, 8, 0, 9, 0, 0], abs=1e-5)


def test_a_schedule_that_began_before_it_was_taken_leaves_the_past_alone():
    context = Context(spec())
    context.schedule(scheduled(1, 1, 1, 1, 1), 1.0, 1.0)
    # it would have begun at 1.1 s, and was taken at 1.25 s
    context.schedule(scheduled(5, 6, 7), 1.1, 1.25)
    assert context.commands(1.0, 6)[:, 0] == pytest.approx([1, 1, 3.5, 7, 0, 0], abs=1e-5)
    # one that is over when it is taken leaves zero
    context.schedule(scheduled(9, 9), 1.0, 1.3)
    assert context.commands(1.0, 5)[:, 0] == pytest.approx([1, 1, 3.5, 0, 0], abs=1e-5)


def test_to_stand_is_a_schedule_of_zero():
    context = Context(spec())
    context.schedule(scheduled(2, 2, 2, 2, 2), 1.0, 1.0)
    for at_s in (1.32, 1.35, 1.42):
        context.schedule(scheduled(0), at_s, at_s)
    assert context.commands(1.2, 3)[:, 0] == pytest.approx([2, 0.4, 0], abs=1e-5)


def test_what_was_scheduled_last_may_be_taken_back():
    context = Context(spec())
    context.schedule(scheduled(1, 2, 3, 4), 1.0, 1.0)
    context.schedule(scheduled(9, 9), 1.3, 1.3)
    context.schedule(scheduled(5, 6), 1.1, 1.1)
    assert context.commands(1.0, 5)[:, 0] == pytest.approx([1, 5, 6, 0, 0], abs=1e-5)


def test_schedules_are_bounded_and_do_not_push_out_what_is_in_force():
    context = Context(spec(history=2))
    for i in range(3000):
        context.push(z(0), i * 0.1)
        context.schedule(scheduled(*([i] * 20)), i * 0.1, i * 0.1)
    assert len(context._commands) < 60 + 21
    assert context.executed(299.9)[-1, :, 0] == pytest.approx([2994, 2995, 2996, 2997, 2998])
