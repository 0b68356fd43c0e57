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
An intrinsic cost: commands that lately did not do what the model expected are distrusted.

A model that sees one frame cannot tell contact from a gap of a pixel; a robot that is held up
would push on for ever, because pushing looks best.  What tells is that nothing moved.
"""

from collections import deque
import copy
from dataclasses import replace

import numpy as np

from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import ActionSpec, Array, Image, ModelSpec, Rollout

# Held up: less than this share of the change of latent that was expected has come about.
_HELD_UP_SHARE = 0.3
# Changes of latent (mean square) below this are noise, and tell nothing.
_LEAST_EXPECTED = 0.02


class Distrust:
    """
    Remember commands that moved nothing, and make plans that begin like them cost more.

    Each such frame adds ``weight`` (blocks) for plans that begin with the same command, less for
    others (a Gaussian of ``width``, in half-ranges); it fades with ``fade_s``.  However many
    there are, they never add more than ``most`` times the cost-to-go of where the robot is: far
    from the goal any way out is worth a try, near it the goal must still count.
    """

    def __init__(self, action: ActionSpec, weight: float = 2.0, width: float = 0.8,
                 fade_s: float = 4.0, most: float = 2.0) -> None:
        self._half_range = action.half_range
        self._weight, self._width, self._fade_s = weight, width, fade_s
        self._most = most
        self._events: deque[tuple[float, Array]] = deque(maxlen=30)

    def clear(self) -> None:
        """Trust again."""
        self._events.clear()

    def note(self, before: Array, expected: Array, now: Array, block: Array, stamp_s: float
             ) -> bool:
        """
        Compare latents (L, D): one block ago, expected now, seen now; return True if held up.

        ``block`` (K, A) is what was executed meanwhile.
        """
        change = float(np.square(expected - before).mean())
        if change < _LEAST_EXPECTED:
            return False
        if float(np.square(now - before).mean()) > _HELD_UP_SHARE * change:
            return False
        self._events.append((stamp_s, block.mean(axis=0) / self._half_range))
        return True

    def copy(self) -> 'Distrust':
        """Return one that remembers the same, and learns nothing more of what this one does."""
        twin = copy.copy(self)
        twin._events = self._events.copy()
        return twin

    def cost(self, candidates: Array, stamp_s: float, cost_to_go: float, committed: int = 0
             ) -> Array:
        """
        Return what distrust adds to candidates (S, H, K, A), in blocks, (S,).

        ``cost_to_go`` (blocks) is the critic's, of where the robot is.  The first ``committed``
        actions are the same in all of them; what is judged is the block's worth after those.
        """
        count, _, size, width = candidates.shape
        actions = candidates.reshape(count, -1, width)[:, committed:committed + size]
        first = actions.mean(axis=1) / self._half_range  # (S, A)
        total = np.zeros(len(candidates), np.float32)
        for then_s, command in self._events:
            age_s = max(stamp_s - then_s, 0.0)
            near = np.exp(-np.square(first - command).sum(axis=1) / (2 * self._width ** 2))
            total += self._weight * np.float32(np.exp(-age_s / self._fade_s)) * near
        limit = np.float32(max(self._most * cost_to_go, 1e-6))
        saturated: Array = -np.expm1(-total / limit)
        return limit * saturated


class Distrusted:
    """A world model whose costs include distrust, at one moment; for ``committed`` see there."""

    def __init__(self, model: WorldModel, distrust: Distrust, stamp_s: float, committed: int = 0
                 ) -> None:
        self._model, self._distrust, self._stamp_s = model, distrust, stamp_s
        self._committed = committed

    @property
    def spec(self) -> ModelSpec:
        """Return the spec of the model behind."""
        return self._model.spec

    def encode(self, image: Image) -> Array:
        """Encode an image as the model behind does."""
        return self._model.encode(image)

    def rollout(self, context: Array, executed: Array, candidates: Array, goal: Array) -> Rollout:
        """Predict as the model behind does; add distrust to the cost."""
        rollout = self._model.rollout(context, executed, candidates, goal)
        extra = self._distrust.cost(candidates, self._stamp_s, float(rollout.cost_to_go[0, 0]),
                                    self._committed)
        return replace(rollout, cost=rollout.cost + extra)
