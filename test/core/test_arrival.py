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

"""Arrival: below the critic's limit for some frames, or near it for more."""

from point_world import spec
import pytest

from jepa_ros.config import AgentConfig
from jepa_ros.core.arrival import Arrival, Remaining
from jepa_ros.types import GoalPose

NAN = float('nan')


def first(costs, **config):
    """Return the frame at which a row of costs counts as arrival, and the reason."""
    arrival = Arrival(spec(), AgentConfig(**config))
    for i, cost in enumerate(costs):
        reason = arrival.judge(Remaining(cost))
        if reason:
            return i, reason
    return None, ''


# the point's arrival cost is 0.4 blocks
@pytest.mark.parametrize('costs, at', [
    ([5.0, 0.39, 0.39, 0.39], 3),
    ([0.39, 0.39, 0.41, 0.39, 0.39, 0.39], 5),      # in a row
    ([0.4] * 19, None),                             # not below, and near for too few
    ([0.5] * 20, 19),
    ([0.59] * 19 + [0.61] + [0.59] * 20, 39),       # in a row too
    ([0.61] * 40, None),
    ([NAN] * 40, None),
    ([0.3, 0.3, NAN, 0.3, 0.3, 0.3], 5),
])
def test_when_it_has_arrived(costs, at):
    assert first(costs)[0] == at


def test_the_reasons_name_value_and_limit():
    assert first([0.3] * 3)[1] == 'cost-to-go 0.30 is below 0.40 blocks'
    assert first([0.5] * 20)[1] == ('cost-to-go 0.50 has been below 0.60 blocks for 20 frames, '
                                    'and nothing brings it down')


def test_the_config_comes_before_the_model():
    assert first([1.0] * 9, arrival_cost=2.0, arrival_frames=5)[0] == 4
    assert first([1.0] * 9, arrival_cost=0.9, settled_frames=2)[0] == 1


def test_a_new_goal_begins_anew():
    arrival = Arrival(spec(), AgentConfig())
    here = Remaining(0.1, GoalPose(0.0, 0.0, 0.0, 0.0))
    arrival.judge(here)
    arrival.judge(here)
    arrival.clear()
    assert not arrival.judge(here)


# distance, error and 0.3 m for a radian together, limit 0.18 m
@pytest.mark.parametrize('pose, arrives', [
    ((0.03, -0.04, 0.0, 0.1), True),
    ((0.03, -0.04, 0.0, 0.2), False),
    ((0.03, -0.04, -0.2, 0.1), False),
    ((0.03, -0.04, 0.0, NAN), False),
    ((-0.2, 0.0, 0.0, 0.03), False),
])
def test_a_goal_that_is_told_to_lie_here_is_reached(pose, arrives):
    arrival = Arrival(spec(), AgentConfig(settled_frames=1000))
    reasons = [arrival.judge(Remaining(3.0, GoalPose(*pose))) for _ in range(3)]
    assert reasons[:2] == ['', '']
    assert reasons[2] == ('the goal is within 0.15 m, limit 0.18 m' if arrives else '')


def test_where_a_goal_lies_is_not_asked_at_a_limit_of_0():
    arrival = Arrival(spec(), AgentConfig(arrival_m=0.0))
    assert not any(arrival.judge(Remaining(3.0, GoalPose(0.0, 0.0, 0.0, 0.0)))
                   for _ in range(40))
