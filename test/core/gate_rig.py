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

"""A gate at rest, one that moves, and what they are fed, for tests of it."""

import math

import numpy as np

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.obedience import PlannerWord

CONFIG = GateConfig(low=(-0.6, -1.5), high=(0.6, 1.5))
GO = (0.5, -1.0)


def word(driving=True, frame_s=-math.inf, **more):
    return PlannerWord(driving, frame_s, run='one', frame=frame_s, **more)


def at_rest(config=CONFIG, now_s=0.0):
    """Return a gate that has heard the planner before it drives."""
    gate = Gate(config)
    gate.on_status(word(False), now_s)
    return gate


def moving(start_s=0.0, config=CONFIG, command=GO):
    """Return a gate that moves, and the time."""
    gate = at_rest(config, start_s)
    for i in range(config.fresh_commands):
        now_s = start_s + 0.1 * i
        gate.on_status(word(True, now_s - 0.05), now_s)
        gate.on_command(np.array(command), now_s, now_s)
    assert gate.tick(now_s).state is GateState.MOVING
    return gate, now_s


def feed(gate, now_s, command=GO, stamp_s=None, frame_s=None, **more):
    gate.on_status(word(True, now_s if frame_s is None else frame_s, **more), now_s)
    gate.on_command(np.array(command), now_s if stamp_s is None else stamp_s, now_s)
    return gate.tick(now_s)
