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

"""Between knots, which the planner searches, blocks, which the model takes, and commands."""

from collections.abc import Sequence

import numpy as np

from jepa_ros.types import ActionSpec, Array, Plan, POSITION_UNITS


def knots_to_blocks(knots: Array, block: int) -> Array:
    """Hold each knot (..., H, A) for the K actions of its block; return (..., H, K, A)."""
    return np.repeat(knots[..., None, :], block, axis=-2)


def pin(blocks: Array, committed: Array) -> Array:
    """
    Return blocks (..., H, K, A) whose first C of H * K actions are ``committed`` (C, A).

    ValueError where they are of another width, or leave no action free.
    """
    horizon, block, width = blocks.shape[-3:]
    most = horizon * block - 1
    if committed.ndim != 2 or committed.shape[1] != width or len(committed) > most:
        raise ValueError(f'committed has shape {committed.shape}, must be at most {most} actions '
                         f'of width {width}')
    pinned = blocks.copy()  # contiguous, so that the reshaped is a view
    pinned.reshape(*blocks.shape[:-3], -1, width)[..., :len(committed), :] = committed
    return pinned


def moving(actions: Array, units: Sequence[str], begins: Array) -> Array:
    """
    Return what of actions (N, A) moves the robot: a position by its change, anything else itself.

    Rows that ``begins`` (N,) marks have none before them to change from.
    """
    change = np.diff(actions, axis=0, prepend=actions[:1])
    change[begins] = 0.0
    return np.where([unit in POSITION_UNITS for unit in units], change, actions)


def command_at(plan: Plan, time_s: float, holds: bool = False) -> Array:
    """
    Return the command (A,) of a plan at a time: the first before its start, rest after it.

    Rest is zero or, where ``holds``, the last command.
    """
    commands = plan.blocks.reshape(-1, plan.blocks.shape[-1])  # (H * K, A)
    step = int(np.floor((time_s - plan.start_s) / plan.period_s + 1e-6))
    if step >= len(commands):
        return np.array(commands[-1]) if holds else np.zeros_like(commands[0])
    return np.array(commands[max(step, 0)])


def bounds(low: Sequence[float], high: Sequence[float]) -> tuple[Array, Array]:
    """Return limits (A,) as float32, rounded towards the inside: never a hair beyond."""
    least, most = np.asarray(low, np.float32), np.asarray(high, np.float32)
    return (np.where(least < np.asarray(low), np.nextafter(least, np.float32(np.inf)), least),
            np.where(most > np.asarray(high), np.nextafter(most, np.float32(-np.inf)), most))


def clamp(command: Array, spec: ActionSpec) -> Array:
    """Bring a finite command (..., A) within its limits; ValueError where it is not finite."""
    if not np.isfinite(command).all():
        raise ValueError(f'command {command.tolist()} is not finite, and NaN is never clipped')
    return np.clip(command, *bounds(spec.low, spec.high))
