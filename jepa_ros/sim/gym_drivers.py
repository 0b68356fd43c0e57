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

"""Drivers that make training data in any environment, and goals to reach: no reward, no expert."""

from collections.abc import Callable

import numpy as np

Driver = Callable[[np.ndarray], np.ndarray]


class RandomDriver:
    """Hold random commands for random times; some move one action only, some jitter, some rest."""

    def __init__(self, rng: np.random.Generator, low: np.ndarray, high: np.ndarray) -> None:
        self._rng, self._low, self._high = rng, low, high
        self._left = 0

    def __call__(self, state: np.ndarray) -> np.ndarray:
        """Return a command (A,) within the limits, whatever the state (S,) is."""
        if self._left <= 0:
            self._left = int(self._rng.integers(3, 16))
            self._kind = self._rng.choice(4, p=[0.65, 0.2, 0.05, 0.1])
            self._command = self._draw()
            if self._kind == 1:
                alone = self._rng.integers(len(self._low))
                self._command[np.arange(len(self._low)) != alone] = 0.0
            elif self._kind == 2:
                self._command[:] = 0.0
        elif self._kind == 3:
            self._command = self._draw()
        self._left -= 1
        return self._command.copy()

    def _draw(self) -> np.ndarray:
        return self._rng.uniform(self._low, self._high).astype(np.float32)


class PushDriver:
    """
    Push-T: go to one random point round the block after another, often right through it.

    The state (5,) is agent x, y, block x, y in pixels and its angle; commands (2,) say how far
    from the agent its target is, in pixels.
    """

    def __init__(self, rng: np.random.Generator, low: np.ndarray, high: np.ndarray) -> None:
        self._rng, self._low, self._high = rng, low, high
        self._random = RandomDriver(rng, low, high)
        self._left = 0

    def __call__(self, state: np.ndarray) -> np.ndarray:
        """Return a command (2,)."""
        if self._left <= 0:
            self._left = int(self._rng.integers(5, 16))
            self._wander = self._rng.random() < 0.25
            self._around = self._rng.uniform(-110.0, 110.0, size=2)
            self._gain = self._rng.uniform(0.4, 1.5)
        self._left -= 1
        if self._wander:
            return self._random(state)
        way = np.clip(state[2:4] + self._around, 20.0, 492.0) - state[:2]
        if np.hypot(*way) < 15.0:
            self._left = 0
        noise = self._rng.normal(scale=8.0, size=2)
        return np.clip(self._gain * way + noise, self._low, self._high).astype(np.float32)
