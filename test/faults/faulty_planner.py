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


"""
The planner as it is, around the engine as it is, which fails when it is told to.

What it is told stands in the file ``engine`` of the folder FAULT_FOLDER: a fault and how many
times it is to happen.  Without the file the engine does its work.
"""

from collections.abc import Callable
from dataclasses import replace
import os
from pathlib import Path
import sys
import time
from typing import Any

import numpy as np

from jepa_ros.engines.load import load_engine
from jepa_ros.ros.planner_node import PlannerNode
from jepa_ros.ros.process import run
from jepa_ros.types import Rollout

SLOW_S = 1.0


def order_file() -> Path:
    """Return where orders are read from."""
    return Path(os.environ['FAULT_FOLDER']) / 'engine'


class FaultyEngine:
    """An engine that fails by order; for the rest it is the engine that it was made of."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._order = ''
        self._left = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def _ordered(self) -> str:
        """Return the fault that is to happen now, if any."""
        try:
            order = order_file().read_text()
        except FileNotFoundError:
            order = ''
        if order != self._order:
            self._order = order
            self._left = int(order.split()[1]) if order else 0
        return order.split()[0] if order else ''

    def _happens(self, fault: str) -> bool:
        if self._ordered() != fault or self._left == 0:
            return False
        self._left -= 1
        return True

    def encode(self, image: np.ndarray) -> np.ndarray:
        """Encode, or fail."""
        if self._happens('encode_raises'):
            raise RuntimeError('encode fails by order')
        if self._happens('encode_slow'):
            time.sleep(SLOW_S)
        z = self._engine.encode(image)
        return np.full_like(z, np.nan) if self._happens('encode_nan') else z

    def rollout(self, context: np.ndarray, executed: np.ndarray, candidates: np.ndarray,
                goal: np.ndarray) -> Rollout:
        """Roll out, or fail; only searches do, not what is asked of one candidate."""
        rollout = self._engine.rollout(context, executed, candidates, goal)
        if len(candidates) == 1:
            return rollout
        if self._happens('rollout_raises'):
            raise RuntimeError('rollout fails by order')
        if self._happens('rollout_slow'):
            time.sleep(SLOW_S)
        if self._happens('cost_nan'):
            rollout = replace(rollout, cost=np.full_like(rollout.cost, np.nan))
        if self._happens('latents_nan'):
            rollout = replace(rollout, latents=np.full_like(rollout.latents, np.nan))
        return rollout


def load(*args: Any) -> FaultyEngine:
    """Load the engine that there would be."""
    make: Callable[..., Any] = load_engine
    return FaultyEngine(make(*args))


if __name__ == '__main__':
    sys.exit(run(lambda: PlannerNode(load=load)))
