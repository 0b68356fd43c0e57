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

"""Where goals lie, taught by odometry: what tells one place from another that looks alike."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jepa_ros.engines.networks import Networks
from jepa_ros.learning.data import Episodes

# goals of a window: so many of its own sequence, and as many of all of its drive in the batch
_GOALS = 2
_SMOOTH = 0.03  # m, and of cosine and sine


def seen_from(poses: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return where robots at poses (B, 3), x, y and yaw, see others: m ahead, m left, rad."""
    poses, others = np.asarray(poses, np.float64), np.asarray(others, np.float64)
    away = others - poses
    cosine, sine = np.cos(poses[:, 2]), np.sin(poses[:, 2])
    return np.stack([cosine * away[:, 0] + sine * away[:, 1],
                     cosine * away[:, 1] - sine * away[:, 0],
                     (away[:, 2] + np.pi) % (2 * np.pi) - np.pi], axis=1)


def where_it_lies(episodes: Episodes, rows: np.ndarray, goals: np.ndarray) -> Tensor:
    """Return m ahead, m left, cosine and sine of the turn (B, 4) from rows to goals (B,)."""
    lies = seen_from(episodes.poses[rows], episodes.poses[goals])
    return torch.from_numpy(np.concatenate(
        [lies[:, :2], np.cos(lies[:, 2:]), np.sin(lies[:, 2:])], axis=1).astype(np.float32))


@dataclass(frozen=True)
class Lesson:
    """
    Which frames of a batch are goals, and where they lie.

    For windows that end at (B, W) frames of the sequences: ``sequence`` and ``frame`` (B, W, G)
    of their goals; ``lies`` (B, W, G, 4), m ahead, m left, cosine and sine of the turn, NaN where
    no odometry tells; ``imagined`` (B, W) says whose newest latent is to be the predicted one.
    """

    sequence: Tensor
    frame: Tensor
    lies: Tensor
    imagined: Tensor


def draw_lesson(episodes: Episodes, index: np.ndarray, history: int, groups: int,
                rng: np.random.Generator, by_twos: bool = False) -> Lesson:
    """
    Draw goals for a batch of rows (B, T + R), in ``groups`` equal parts of an episode each.

    Where sequences lie aside of each other ``by_twos``, one goal more is where the other begins.
    """
    count, length = index.shape
    windows = length - history + 1
    size = count // groups
    shape = (count, windows, _GOALS)
    own = np.broadcast_to(np.arange(count)[:, None, None], shape)
    sequence = np.concatenate([own, own // size * size + rng.integers(size, size=shape)], axis=2)
    frame = rng.integers(length, size=sequence.shape)
    if by_twos:
        other = own[:, :, :1] // 2 * 2 + (1 - own[:, :, :1] % 2)
        sequence = np.concatenate([sequence, other], axis=2)
        frame = np.concatenate([frame, np.full_like(other, history - 1)], axis=2)
    ends = np.broadcast_to(index[:, history - 1:, None], sequence.shape)
    lies = where_it_lies(episodes, ends.ravel(), index[sequence, frame].ravel())
    imagined = rng.random((count, windows)) < 0.5
    imagined[:, 0] = False      # nothing was predicted there
    return Lesson(*(torch.from_numpy(x) for x in (sequence, frame)),
                  lies.view(*sequence.shape, 4), torch.from_numpy(imagined))


def whereabouts_loss(networks: Networks, latents: Tensor, predicted: Tensor, lesson: Lesson,
                     mine: slice) -> Tensor:
    """
    Return ``told_loss`` of a batch, in which the predictor's latents stand for some.

    ``latents`` (B, T + R, D) and what was ``predicted`` (B, R, D) of them are of this rank's part
    of the batch, ``mine``.
    """
    history, windows = networks.config.history, predicted.shape[1] + 1
    device = latents.device
    newest = torch.cat([latents[:, history - 1:history], predicted], dim=1)     # (B, W, D)
    newest = torch.where(lesson.imagined[mine, :, None].to(device), newest,
                         latents[:, history - 1:])
    before = torch.stack([latents[:, w:w + history - 1] for w in range(windows)], dim=1)
    seen = torch.cat([before, newest[:, :, None]], dim=2)   # (B, W, T, D)
    sequence = (lesson.sequence[mine] - mine.start).to(device)
    goals = networks.at_rest(latents)[sequence, lesson.frame[mine].to(device)]  # (B, W, G, D)
    told = networks.critic.whereabouts(
        seen[:, :, None].expand(-1, -1, goals.shape[2], -1, -1).flatten(0, 2),
        goals.flatten(0, 2))
    return told_loss(told, lesson.lies[mine].to(device).flatten(0, 2))


def told_loss(told: Tensor, lies: Tensor) -> Tensor:
    """Return the negative log-likelihood, of Laplace, of what was told (B, 6) of (B, 4)."""
    known = torch.isfinite(lies).all(dim=1)
    log_scale = told[:, 4:].repeat_interleave(2, dim=1)
    away = told[:, :4] - torch.nan_to_num(lies)
    # smooth where it is as good as it can be: or what a robot never does would rule the gradient
    error = (away.square() + _SMOOTH ** 2).sqrt() - _SMOOTH
    return ((error * torch.exp(-log_scale) + log_scale).mean(dim=1) * known
            ).sum() / known.sum().clamp(min=1)
