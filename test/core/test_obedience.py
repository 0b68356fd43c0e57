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

"""Whose drive is obeyed, word by word."""

import pytest

from jepa_ros.core.monitor import Reason
from jepa_ros.core.obedience import Obedience, PlannerWord

REST, DRIVE, HALT = PlannerWord(False), PlannerWord(True), PlannerWord(False, halted=True)
BY_HAND = PlannerWord(True, by_hand=True)


def of(run, word):
    return PlannerWord(word.driving, run=run, by_hand=word.by_hand, halted=word.halted)


@pytest.mark.parametrize('heard, number', [
    ([], Reason.UNHEARD),
    ([of('a', REST)], Reason.NONE),
    ([of('a', REST), of('a', DRIVE)], Reason.NONE),
    # the gate came in the middle of a drive, whoever began it
    ([of('a', DRIVE)], Reason.OBEDIENCE),
    ([of('a', BY_HAND)], Reason.OBEDIENCE),
    ([of('a', BY_HAND), of('a', BY_HAND)], Reason.OBEDIENCE),
    ([of('a', HALT), of('a', BY_HAND)], Reason.OBEDIENCE),
    ([of('a', DRIVE), of('a', HALT), of('a', DRIVE)], Reason.OBEDIENCE),
    ([of('a', DRIVE), of('a', REST), of('a', DRIVE)], Reason.NONE),
    # the planner came back
    ([of('a', REST), of('b', REST)], Reason.OBEDIENCE),
    ([of('a', DRIVE), of('b', REST), of('b', DRIVE)], Reason.OBEDIENCE),
    ([of('a', REST), of('b', REST), of('b', BY_HAND)], Reason.NONE),
    ([of('a', REST), of('b', REST), of('b', BY_HAND), of('b', DRIVE)], Reason.NONE),
    ([of('a', REST), of('b', BY_HAND), of('c', DRIVE)], Reason.OBEDIENCE),
])
def test_who_is_obeyed(heard, number):
    obedience = Obedience()
    for word in heard:
        obedience.hear(word)
    assert obedience.judge().number is number
    if heard:
        obedience.clear()
        assert obedience.judge().ok


def test_a_new_beginning_forgets_no_restart():
    """The planner was restarted, then the gate was activated again: nobody has begun a drive."""
    obedience = Obedience()
    for word in (of('a', REST), of('b', REST)):
        obedience.hear(word)
    obedience.begin()
    for word in (of('b', REST), of('b', DRIVE)):
        obedience.hear(word)
        assert obedience.judge().number is Reason.OBEDIENCE


def test_a_new_beginning_in_a_drive_begun_by_hand_waits_for_its_end():
    obedience = Obedience()
    for word in (of('a', REST), of('a', BY_HAND)):
        obedience.hear(word)
    obedience.begin()
    obedience.hear(of('a', BY_HAND))
    assert 'drove already' in obedience.judge().reason
    for word in (of('a', REST), of('a', DRIVE)):
        obedience.hear(word)
        assert obedience.judge().ok
