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

"""What the agent asks of a planner; sampling_planner has three answers."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Plan


class NonFiniteError(ValueError):
    """No candidate has a finite cost: there is nothing to choose from."""


class Planner(Protocol):
    """Finds the candidate whose predicted future comes closest to the goal."""

    def plan(self, model: WorldModel, context: Array, executed: Array, goal: Array,
             last_command: Array, committed: Array, start_s: float, rng: np.random.Generator,
             clock: Callable[[], float]) -> Plan:
        """
        Return the best plan found before the deadline.

        Takes context (T, L, D), executed (T, K, A), goal (L, D), the command (A,) now in force,
        and when the plan starts; ``clock`` (s, monotonic) measures the deadline only.  Every
        candidate begins with ``committed`` (C, A), C from 0 to H * K - 1: what will have been
        executed by the time the plan takes effect.  Real-time chunking, arXiv 2506.07339.
        Raises NonFiniteError where no candidate has a finite cost, ValueError where committed
        leaves nothing to plan.
        """

    def reset(self) -> None:
        """Forget the last plan: the next one starts from nothing."""
