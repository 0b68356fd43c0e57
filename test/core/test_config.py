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

"""Configurations refuse nonsense, naming the value and the limit."""

import dataclasses

import pytest

from jepa_ros.config import AgentConfig, GateConfig, PlannerConfig

LIMITS = {'low': (-1.0,), 'high': (1.0,)}


@pytest.mark.parametrize('kind, values, says', [
    (PlannerConfig, {'candidates': 1}, 'candidates is 1, must be between 2'),
    (PlannerConfig, {'candidates': 4, 'elites': 5}, 'elites is 5, must be between 1 and 4'),
    (PlannerConfig, {'iterations': 0}, 'iterations is 0'),
    (PlannerConfig, {'deadline_s': float('nan')}, 'deadline_s is nan'),
    (PlannerConfig, {'action_rate_weight': -0.1}, 'action_rate_weight is -0.1'),
    (PlannerConfig, {'init_std': 0.0}, 'init_std is 0.0'),
    (PlannerConfig, {'init_std': 0.1, 'min_std': 0.2}, 'min_std is 0.2, .* and 0.1'),
    (PlannerConfig, {'momentum': 1.0}, 'momentum is 1.0'),
    (PlannerConfig, {'method': 'genetic'}, "planner method is 'genetic', .* of cem, icem, mppi"),
    (PlannerConfig, {'noise_beta': -0.5}, 'noise_beta is -0.5, must be between 0.0 and 10.0'),
    (PlannerConfig, {'keep_elites': 1.1}, 'keep_elites is 1.1, must be between 0.0 and 1.0'),
    (PlannerConfig, {'shrink': 0.0}, 'shrink is 0.0, must be between 0.1 and 1.0'),
    (PlannerConfig, {'temperature': 0.0}, 'temperature is 0.0, must be between 0.001'),
    (AgentConfig, {'max_frame_age_s': 0.0}, 'max_frame_age_s is 0.0'),
    (AgentConfig, {'fresh_frames': 0}, 'fresh_frames is 0'),
    (AgentConfig, {'arrival_frames': 0}, 'arrival_frames is 0'),
    (AgentConfig, {'arrival_cost': -1.0}, 'arrival_cost is -1.0'),
    (AgentConfig, {'max_future_s': -1.0}, 'max_future_s is -1.0'),
    (AgentConfig, {'restart_s': -1.0}, 'restart_s is -1.0'),
    (GateConfig, {'low': (-1.0,), 'high': (1.0, 2.0)}, 'low has 1 entries and high 2'),
    (GateConfig, {'low': (), 'high': ()}, 'low has 0 entries'),
    (GateConfig, {'low': (0.1,), 'high': (1.0,)}, 'low 0.1 and high 1.0'),
    (GateConfig, {'low': (-1.0,), 'high': (float('inf'),)}, 'high inf'),
    (GateConfig, {**LIMITS, 'timeout_s': 0.0}, 'timeout_s is 0.0'),
    (GateConfig, {**LIMITS, 'max_frame_age_s': -1.0}, 'max_frame_age_s is -1.0'),
    (GateConfig, {**LIMITS, 'zero_repeat_s': -1.0}, 'zero_repeat_s is -1.0'),
    (GateConfig, {**LIMITS, 'rate_hz': 0.0}, 'rate_hz is 0.0'),
    (GateConfig, {**LIMITS, 'fresh_commands': 0}, 'fresh_commands is 0'),
])
def test_nonsense_is_refused(kind, values, says):
    with pytest.raises(ValueError, match=says):
        kind(**values)


def test_defaults_stand_and_are_frozen():
    for config in (PlannerConfig(), AgentConfig(), GateConfig(**LIMITS)):
        name = dataclasses.fields(config)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(config, name, 1)
