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

"""Whoever drives has stopped the robot: the agent forgets what it had begun, not the goal."""

from acting_rig import ActingRig
import numpy as np

from jepa_ros.types import Status


def halted():
    """Return a rig that was stopped while it planned, half a period after its last frame."""
    rig = ActingRig(latency_s=0.2)
    rig.periods(8)
    assert rig.coming is not None
    assert rig.plan is not None
    rig.now_s += 0.05
    rig.agent.halt('the frame is too old', rig.now_s)
    rig.now_s += 0.05
    return rig


def test_a_plan_that_was_being_made_is_void():
    assert halted().answer().plan is None


def test_it_moves_again_after_fresh_frames_and_says_why_not():
    rig = halted()
    rig.plan = rig.coming = None
    statuses = rig.periods(6)
    assert statuses[:3] == [Status.STALE, Status.STALE, Status.DRIVING]
    assert Status.DRIVING in statuses[3:]
    assert rig.agent.has_goal


def test_what_was_planned_for_later_was_never_executed():
    rig = halted()
    rig.plan = rig.coming = None
    rig.periods(2)
    question = rig.agent.ask(rig.perceive(), rig.now_s + 0.3)
    assert not question.committed.any()
    assert not np.any(question.last_command)


def test_the_reason_is_told():
    rig = halted()
    percept = rig.perceive()
    assert percept.reason == '1 fresh frames, 3 wanted: the frame is too old'
