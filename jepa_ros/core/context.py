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

"""Short-term memory: a stamped ring of latents, and the commands in force, past and to come."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from jepa_ros.types import Array, ModelSpec

Times = NDArray[np.float64]

# A bound on memory whatever the frame rate: 2048 commands at 100 Hz are 20 s.
_MOST_LATENTS = 512
_MOST_COMMANDS = 2048


class Context:
    """
    What a rollout starts from: T latents one block apart, and the block executed before each.

    Stamps are seconds and must not decrease.  Kept is what the last T + 2 blocks need: enough to
    ask also for the context of one block ago.
    """

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._block_s = spec.action.block * spec.action.period_s
        self._latents: deque[tuple[float, Array]] = deque(maxlen=_MOST_LATENTS)
        self._commands: deque[tuple[float, Array]] = deque(maxlen=_MOST_COMMANDS)

    def clear(self) -> None:
        """Forget everything."""
        self._latents.clear()
        self._commands.clear()

    def push(self, z: Array, stamp_s: float) -> None:
        """Add the latent z (L, D) of a frame taken at ``stamp_s``; ValueError if it is older."""
        shape = (self._spec.tokens, self._spec.width)
        if z.shape != shape:
            raise ValueError(f'latent has shape {z.shape}, must be {shape}')
        self._check_order('latent', stamp_s, self._latents)
        self._latents.append((stamp_s, z))
        oldest_s = stamp_s - (self._spec.history + 2) * self._block_s
        while self._latents[0][0] < oldest_s:
            self._latents.popleft()
        # the last command before the window is still in force at its start
        while len(self._commands) > 1 and self._commands[1][0] <= oldest_s:
            self._commands.popleft()

    def record(self, command: Array, stamp_s: float) -> None:
        """Note a command (A,) in force from ``stamp_s`` on; ValueError if it is older."""
        self._check_order('command', stamp_s, self._commands)
        self._commands.append((stamp_s, np.array(command, np.float32)))

    def schedule(self, commands: Array, start_s: float, since_s: float) -> None:
        """
        Note that commands (N, A), each for a period from ``start_s`` on, are in force.

        What was in force before ``since_s`` stands; zero follows the last of them, or, where
        actions are no speeds, nothing new does.
        """
        while self._commands and self._commands[-1][0] >= since_s:
            self._commands.pop()
        period_s = self._spec.action.period_s
        rest = commands[-1] if self._spec.action.holds else np.zeros_like(commands[-1])
        for i, command in enumerate((*commands, rest)):
            ends_s = start_s + (i + 1) * period_s
            if ends_s > since_s or i == len(commands):
                self.record(command, max(start_s + i * period_s, since_s))

    def stand(self, since_s: float) -> None:
        """Note that the robot rests from ``since_s`` on: at zero, or at the command in force."""
        rest: Array = np.zeros(self._spec.action.width, np.float32)
        if self._spec.action.holds:
            rest = next((command for stamp_s, command in reversed(self._commands)
                         if stamp_s <= since_s), rest)
        self.schedule(rest[None], since_s, since_s)

    @staticmethod
    def _check_order(what: str, stamp_s: float, kept: deque[tuple[float, Array]]) -> None:
        if kept and stamp_s < kept[-1][0]:
            raise ValueError(f'{what} stamp {stamp_s:.3f} s is before the last, '
                             f'{kept[-1][0]:.3f} s')

    def has(self, at_s: float) -> bool:
        """Say whether a latent was taken within half a period of ``at_s``."""
        return any(abs(stamp_s - at_s) <= self._spec.action.period_s / 2 + 1e-6
                   for stamp_s, _ in self._latents)

    def latents(self, at_s: float) -> Array:
        """
        Return (T, L, D): what was seen nearest to ``at_s`` and to whole blocks before it.

        Before the first frame the first latent stands: as if the robot had stood there.
        ValueError where nothing was pushed yet.
        """
        if not self._latents:
            raise ValueError('context has 0 latents, needs at least 1')
        stamps = np.array([stamp_s for stamp_s, _ in self._latents])
        wanted = self._ends(at_s)
        nearest = np.abs(stamps[None, :] - wanted[:, None]).argmin(axis=1)  # (T,)
        return np.stack([self._latents[i][1] for i in nearest])

    def executed(self, at_s: float) -> Array:
        """
        Return the blocks (T, K, A) that ended at ``at_s`` and at whole blocks before it.

        Each action is the mean over its period of the commands in force, each held until the
        next; zero before the first.
        """
        block_s, size = self._block_s, self._spec.action.block
        return np.stack([self.commands(end_s - block_s, size) for end_s in self._ends(at_s)])

    def commands(self, start_s: float, count: int) -> Array:
        """Return the mean command of each of ``count`` periods from ``start_s`` on, (count, A)."""
        period_s = self._spec.action.period_s
        edges: Times = start_s + period_s * np.arange(count + 1, dtype=np.float64)
        return (np.diff(self._integral(edges), axis=0) / period_s).astype(np.float32)

    def _ends(self, at_s: float) -> Times:
        """Return the times (T,) at which the blocks end, the newest last."""
        before = np.arange(self._spec.history - 1, -1, -1, dtype=np.float64)
        return at_s - before * self._block_s

    def _integral(self, times_s: Times) -> Times:
        """Return the commands in force (..., A) summed over time up to each of ``times_s``."""
        if not self._commands:
            return np.zeros((*times_s.shape, self._spec.action.width))
        stamps = np.array([stamp_s for stamp_s, _ in self._commands])
        values = np.array([command for _, command in self._commands], np.float64)  # (N, A)
        whole = np.concatenate([np.zeros((1, values.shape[1])),
                                np.cumsum(values[:-1] * np.diff(stamps)[:, None], axis=0)])
        index = np.searchsorted(stamps, times_s, side='right') - 1
        held_s = times_s - stamps[np.maximum(index, 0)]
        total = whole[np.maximum(index, 0)] + values[np.maximum(index, 0)] * held_s[..., None]
        return np.where(index[..., None] >= 0, total, 0.0)
