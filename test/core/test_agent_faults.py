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

"""Frames and numbers that must not move the robot, and how it comes back from them."""

import math

import numpy as np
from point_world import picture
import pytest
from rig import GOAL, Rig

from jepa_ros.types import Status


@pytest.mark.parametrize('seen, reason', [
    ({'age_s': 0.42}, 'frame is 0.42 s old, limit 0.30 s'),
    ({'age_s': -0.5}, 'frame is stamped 0.50 s ahead, limit 0.10 s'),
    ({'age_s': 0.15}, 'frame is out of order: stamp 50.150 s, the one before had 50.200 s'),
    ({'stamp_s': math.nan}, 'frame has stamp nan at time 50.3'),
])
def test_a_bad_frame_stops_it_until_enough_are_fresh(seen, reason):
    rig = Rig().drive()
    stale = rig.look(**seen)
    assert stale.status is Status.STALE
    assert stale.reason.startswith(reason)
    assert not stale.command.any()
    assert stale.latent is None
    again = rig.run(3)
    assert [d.status.value for d in again] == ['stale', 'stale', 'driving']
    assert again[0].reason.startswith(f'1 fresh frames, 3 wanted: {reason}')
    assert not again[0].command.any()
    assert not again[1].command.any()
    assert again[2].command.any()


def test_a_stamp_ahead_does_not_shut_out_what_comes_after():
    rig = Rig()
    rig.look(age_s=-1000.0)
    assert rig.run(1)[0].status is Status.IDLE


def test_a_frame_seen_twice_neither_stops_it_nor_counts_as_fresh():
    rig = Rig()
    rig.agent.set_goal(picture(*GOAL))
    assert [rig.look().status for _ in range(5)] == [Status.STALE] * 5
    rig.now_s += 0.1
    rig.run(1)
    rig.run(1)
    assert rig.look(stamp_s=rig.now_s - 0.1).status is Status.DRIVING


def test_a_silence_wants_fresh_frames_and_counts_as_standing():
    rig = Rig().drive()
    rig.run(5)
    rig.now_s += 0.9
    after = rig.run(3)
    assert [d.status.value for d in after] == ['stale', 'stale', 'driving']
    assert 'no frame for 1.00 s, limit 0.30 s' in after[0].reason
    # the command before the silence was in force for 0.3 s of it, then zero was
    assert not rig.agent._context.executed(rig.now_s - 0.3)[0].any()


def test_the_first_frames_after_start_do_not_move_it():
    rig = Rig(fresh_frames=4)
    rig.agent.set_goal(picture(*GOAL))
    assert [d.status.value for d in rig.run(4)] == ['stale'] * 3 + ['driving']


def test_time_that_goes_back_begins_anew():
    rig = Rig().drive()
    rig.run(5)
    rig.now_s = 3.0
    after = rig.run(3)
    assert [d.status.value for d in after] == ['stale', 'stale', 'driving']
    assert 'time went back by' in after[0].reason
    assert math.isnan(after[2].surprise)


def test_a_clock_that_trembles_is_not_a_restart():
    rig = Rig().drive()
    rig.now_s -= 0.15
    assert rig.look().status is Status.STALE
    rig.now_s += 0.15
    assert rig.run(3)[-1].status is Status.DRIVING


# -- numbers that must not move it

@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_costs_that_are_not_finite_are_a_fault(bad):
    rig = Rig().drive()
    rig.model.bad_cost = bad
    fault = rig.run(1)[0]
    assert fault.status is Status.FAULT
    assert '0 finite of 64 values' in fault.reason
    assert not fault.command.any()
    rig.model.bad_cost = None
    assert [d.status.value for d in rig.run(3)] == ['stale', 'stale', 'driving']


def test_a_goal_that_lies_nowhere_is_a_fault():
    rig = Rig().drive()
    rig.model.goal_pose = np.array([1.0, 0.0, 1.0, 0.0, math.nan, 0.1], np.float32)
    fault = rig.run(1)[0]
    assert (fault.status, fault.reason) == (
        Status.FAULT, "the goal's pose has 1 non-finite of 4 values")
    assert not fault.command.any()


def test_a_latent_that_is_not_finite_is_a_fault_and_is_forgotten():
    rig = Rig().drive()
    rig.model.bad_latent = True
    fault = rig.run(1)[0]
    assert (fault.status, fault.reason) == (Status.FAULT, 'latent has 2 non-finite of 2 values')
    assert not fault.command.any()
    rig.model.bad_latent = False
    after = rig.run(12)
    assert after[2].status is Status.DRIVING
    assert after[-1].surprise < 1e-4
