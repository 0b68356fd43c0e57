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

"""Candidates for a search: noise, white or coloured, obvious plans, and the shifted last plan."""

from itertools import permutations, product
import math

import numpy as np

from jepa_ros.core.actions import bounds
from jepa_ros.types import ActionSpec, Array

# Corners double with each action: beyond this many actions they would crowd out the rest.
_MOST_CORNER_ACTIONS = 3


def gaussian(rng: np.random.Generator, count: int, mean: Array, std: Array, action: ActionSpec
             ) -> Array:
    """
    Draw ``count`` knots (count, H, A) around mean (H, A) with std (H, A), in physical units.

    What falls outside the limits lies on them: the fastest way is often at a limit.
    """
    noise = rng.standard_normal((count, *mean.shape), np.float32)
    return np.clip(mean + std * noise, *bounds(action.low, action.high))


def coloured(rng: np.random.Generator, count: int, horizon: int, width: int, beta: float) -> Array:
    """
    Draw noise (count, H, A) of unit variance whose power falls with frequency as f**-beta.

    The horizon is the time axis: beta 0 is white, the larger beta the longer a deviation lasts.
    Drawn as a spectrum with random phases and transformed back; frequency 0, where the power law
    has none, has the power of the lowest.  Timmer and Koenig, Astronomy and Astrophysics 300
    (1995), as iCEM uses it, arXiv 2008.06389.
    """
    frequency = np.maximum(np.fft.rfftfreq(horizon), 1 / horizon)
    amplitude = frequency ** (-beta / 2)
    # 0 and, of an even horizon, the highest frequency are real and there once, others twice
    once = np.ones(len(frequency), bool)
    once[1:(horizon + 1) // 2] = False
    amplitude /= np.sqrt(np.square(amplitude).sum() + np.square(amplitude[~once]).sum())
    real, imaginary = rng.standard_normal((2, count, len(frequency), width), np.float32)
    phases = np.where(once[:, None], real, (real + 1j * imaginary) / np.sqrt(2))
    spectrum = horizon * amplitude[:, None] * phases  # (count, H // 2 + 1, A)
    return np.fft.irfft(spectrum, horizon, axis=1).astype(np.float32)


def obvious(horizon: int, action: ActionSpec) -> Array:
    """
    Return plans within limits that a search should never miss, (N, H, A), the zero plan first.

    Then: each action alone at each limit (straight on, back, turn left, turn right), each corner
    of the limits, and one action for the first block with another from there on (turn, then go).
    """
    low, high = bounds(action.low, action.high)
    singles = []
    for i, limits in enumerate(zip(low, high, strict=True)):
        for limit in limits:
            command = np.zeros(action.width, np.float32)
            command[i] = limit
            singles.append((i, command))
    plans: list[Array] = [np.zeros((horizon, action.width), np.float32)]
    plans += [np.tile(command, (horizon, 1)) for _, command in singles]
    if 2 <= action.width <= _MOST_CORNER_ACTIONS:
        plans += [np.tile(np.array(corner, np.float32), (horizon, 1))
                  for corner in product(*zip(low, high, strict=True))]
    if horizon > 1:
        plans += [np.vstack([first, np.tile(then, (horizon - 1, 1))])
                  for (i, first), (j, then) in permutations(singles, 2) if i != j]
    return np.clip(np.stack(plans), low, high)      # where zero is beyond a limit of positions


def shift(knots: Array, elapsed_blocks: float) -> Array:
    """
    Move a plan (H, A) to a start ``elapsed_blocks`` later.

    A knot becomes the mean of the old plan over its new window.  Past the old end the last knot
    stands, halved with each block.  ValueError for a negative or non-finite time.
    """
    if not (math.isfinite(elapsed_blocks) and elapsed_blocks >= 0.0):
        raise ValueError(f'elapsed_blocks is {elapsed_blocks}, must be finite and at least 0')
    horizon = len(knots)
    whole = min(math.floor(elapsed_blocks), horizon)
    part = np.float32(elapsed_blocks - math.floor(elapsed_blocks))
    fading = 0.5 ** np.arange(1, whole + 2, dtype=np.float32)
    longer = np.concatenate([knots, knots[-1] * fading[:, None]])  # (H + whole + 1, A)
    start, end = longer[whole:whole + horizon], longer[whole + 1:whole + 1 + horizon]
    return np.asarray((1 - part) * start + part * end, np.float32)
