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


"""What the model imagines: the frames whose latents are nearest to its predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from jepa_ros.learning.data import blocks_at, blocks_before, rows_before
from jepa_ros.learning.report_measures import Subject


@dataclass(frozen=True)
class Imagined:
    """
    Held-out starts, what came 1 to H blocks later, and what was imagined.

    ``starts`` (M,) and ``real`` (M, H) are held-out rows, ``nearest`` (M, H) training rows.
    """

    starts: np.ndarray
    real: np.ndarray
    nearest: np.ndarray


@torch.no_grad()
def imagine(subject: Subject, count: int = 4) -> Imagined:
    """
    Roll out what was really commanded from a few starts, and look up the nearest frames.

    The starts are those, of many drawn, during which the view changes most: where nothing
    moves, any model is right.  ValueError where no held-out episode is long enough.
    """
    networks, held_out, z = subject.networks, subject.held_out, subject.latents.clean
    config = networks.config
    block, length, width = config.block, config.horizon, config.encoded_width
    rows = held_out.starts(block, config.history, after=block * length)
    if not len(rows):
        before = 0 if held_out.at_rest.all() else config.history
        raise ValueError(f'no held-out episode has {block * (before + length) + 1} frames, as '
                         f'many as {before + length} blocks of {block} actions need')
    drawn = np.random.default_rng(4).choice(rows, min(len(rows), 20 * count), replace=False)
    change = (z[drawn] - z[drawn + block * length])[:, :width].square().mean(dim=1)
    starts = np.sort(drawn[change.argsort(descending=True)[:count].numpy()])
    seen = list(z[rows_before(held_out, starts, block, config.history)].unbind(1))
    before = blocks_before(held_out, starts, block, config.history)
    nearest = []
    for h in range(length):
        action = blocks_at(held_out, starts + h * block, block)
        seen.append(networks.predictor(torch.stack(seen[h:], dim=1), before, action))
        before = torch.cat([before[:, 1:], action[:, None]], dim=1)
        apart = torch.cdist(seen[-1][:, :width], subject.training_latents[:, :width])
        nearest.append(apart.argmin(dim=1).numpy())
    later = starts[:, None] + block * np.arange(1, length + 1)
    return Imagined(starts, later, np.stack(nearest, axis=1))


def draw_imagined(axes: Any, subject: Subject, imagined: Imagined) -> None:
    """Draw, for each start, the real frames and beneath them the imagined ones."""
    real, seen = subject.held_out.frames, subject.training.frames
    gap = 2
    px = real.shape[1]
    count, length = imagined.real.shape
    across, down = px + gap, 2 * px + 4 * gap
    sheet = np.full((count * down - 2 * gap, (length + 1) * across - gap, 3), 255, np.uint8)
    for m in range(count):
        top = m * down
        sheet[top:top + px, :px] = real[imagined.starts[m]]
        for h in range(length):
            left = (h + 1) * across
            sheet[top:top + px, left:left + px] = real[imagined.real[m, h]]
            sheet[top + px + gap:top + 2 * px + gap, left:left + px] = seen[imagined.nearest[m, h]]
    axes.imshow(sheet)
    axes.set(title='Real (above) and imagined (below: the frame of the training data nearest to '
             'the prediction)')
    axes.set_xticks((np.arange(length + 1) + 0.5) * across,
                    ['start', '1 block', *(f'{h} blocks' for h in range(2, length + 1))])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
