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

"""Early warnings while a world model trains: what is going wrong, why, and what to do."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
import math

import torch
from torch import Tensor

from jepa_ros.learning.parallel import ALONE, Ranks

# a dimension below this standard deviation says nothing; SIGReg wants 1
FLAT_STD = 0.05
# known by heart: frames that were trained on have less than this part of the error of others
LEARNT = 0.5
# what a sample of a true Gaussian gets: the integral of (1 - exp(-t^2)) exp(-t^2 / 2)
_GAUSSIAN_SIGREG = math.sqrt(2 * math.pi) * (1 - 1 / math.sqrt(3))


@torch.no_grad()
def spread(moving: Tensor, ranks: Ranks = ALONE) -> dict[str, float]:
    """
    Return how latents (N, D), centred by episode, fill their space; over all ranks together.

    ``flat``: dimensions whose standard deviation is below ``FLAT_STD``; ``std_median``;
    ``rank``: exp(entropy) of the normalised singular values, 1 to D.
    """
    moving = moving.to(torch.float64)
    gram = ranks.total(moving.T @ moving)
    count = moving.shape[0] * ranks.count
    std = (gram.diagonal() / count).clamp_min(0.0).sqrt()
    values = torch.linalg.eigvalsh(gram).clamp_min(0.0).sqrt()
    p = values / values.sum().clamp_min(1e-30)
    return {'flat': float((std < FLAT_STD).sum()), 'std_median': std.median().item(),
            'rank': torch.exp(-(p * torch.log(p + 1e-12)).sum()).item()}


@torch.no_grad()
def joint_std(z: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """Return the standard deviation (D,) of latents (N, D) of all ranks together."""
    if ranks.count == 1:
        return z.std(0)
    mean = ranks.mean(z.mean(0))
    squares: Tensor = ranks.total((z - mean).square().sum(0))
    return (squares / (z.shape[0] * ranks.count - 1)).sqrt()


@dataclass(frozen=True)
class Health:
    """
    Limits of what a window of steps may look like; nothing is judged before ``patience`` steps.

    ``copy_ratio``: the next-latent error, divided by that of copying the last latent, above
    which actions explain nothing.  ``by_heart``: that of held-out frames at the horizon above
    which drives are learnt by heart, where frames that were trained on have less than half.
    ``rank_share``: the least effective rank, as a part of the dimensions, where the window's
    error ratio does not excuse it.
    """

    window: int = 100
    patience: int = 500
    copy_ratio: float = 0.8
    by_heart: float = 0.5
    flat_share: float = 0.25
    rank_share: float = 0.1
    sigreg_times: float = 20.0
    gradient_times: float = 20.0

    @staticmethod
    def of(steps: int) -> 'Health':
        """Return limits for a run of so many steps: a short one is judged sooner."""
        patience = min(500, max(100, steps // 4))
        return Health(min(100, patience // 2), patience)

    def warnings(self, rows: Iterable[dict[str, float]], width: int, clip: float,
                 sigreg_weight: float) -> dict[str, str]:
        """Return the causes found in all rows of a run, each with its first words."""
        watch = Watch(self, width, clip, sigreg_weight)
        for row in rows:
            watch.see(row)
        return watch.found


class Watch:
    """Look at the rows of a training as they come; say each cause once, when it shows."""

    def __init__(self, limits: Health, width: int, clip: float, sigreg_weight: float) -> None:
        self._limits, self._width, self._clip = limits, width, clip
        self._sigreg_weight = sigreg_weight
        self._rows: deque[dict[str, float]] = deque(maxlen=limits.window)
        self._known, self._new = 1.0, 0.0   # errors over copy-last as they were last told
        self.found: dict[str, str] = {}

    def see(self, row: dict[str, float]) -> list[str]:
        """Take the metrics of a step; return the warnings that are new."""
        self._rows.append(row)
        self._known = row.get('error_trained', self._known)
        self._new = row.get('error_held_out', self._new)
        step = int(row['step'])
        if step + 1 < self._limits.patience or len(self._rows) < self._limits.window:
            return []
        new = {cause: words for cause, words in self._causes(step + 1).items()
               if cause not in self.found}
        self.found.update(new)
        return list(new.values())

    def _median(self, key: str) -> float:
        values = sorted(row[key] for row in self._rows)
        return values[len(values) // 2]

    def _causes(self, steps: int) -> dict[str, str]:
        limits, causes = self._limits, {}
        if 'flat' in self._rows[-1]:    # a frozen encoder cannot collapse
            flat, rank = int(self._median('flat')), self._median('rank')
            if flat > limits.flat_share * self._width:
                causes['collapse'] = (
                    f'std of {flat} of {self._width} dimensions is below {FLAT_STD} after {steps} '
                    'steps: latents collapse; raise train.sigreg_weight '
                    f'({self._sigreg_weight:g})')
            elif rank < limits.rank_share * self._width:
                causes['rank'] = (
                    f'effective rank is {rank:.1f} of {self._width} after {steps} steps, limit '
                    f'{limits.rank_share * self._width:.1f}: latents fill few dimensions; raise '
                    f'train.sigreg_weight ({self._sigreg_weight:g}), or use data in which more '
                    'things move')
            sigreg = self._median('sigreg')
            if 'collapse' not in causes and sigreg > limits.sigreg_times * _GAUSSIAN_SIGREG:
                causes['sigreg'] = (
                    f'SIGReg is {sigreg:.1f} after {steps} steps, limit '
                    f'{limits.sigreg_times * _GAUSSIAN_SIGREG:.0f}: latents are far from a '
                    'Gaussian; raise train.sigreg_weight '
                    f'({self._sigreg_weight:g}) or lower train.learning_rate')
        error, copied = self._median('next_latent'), self._median('copy_last')
        if 'collapse' not in causes and error > limits.copy_ratio * copied:
            causes['actions'] = (
                f'prediction is no better than copy-last after {steps} steps ({error:.3g} '
                f'against {copied:.3g}, limit {limits.copy_ratio:g} of it): actions do not '
                'explain the frames; check the action topic and the clock offset between camera '
                'and commands')
        if self._new > limits.by_heart and self._known < LEARNT * self._new:
            causes['by heart'] = (
                f"of held-out frames the error at the horizon is {self._new:.2f} of copy-last's "
                f'after {steps} steps (limit {limits.by_heart:g}), of those trained on '
                f'{self._known:.2f}: drives are learnt by heart, and longer training makes it '
                'worse; record more drives, or use model.keypoints, as '
                'config/train_overhead.yaml does')
        norm = self._median('gradient_norm')
        if norm > limits.gradient_times * self._clip:
            causes['gradient'] = (
                f'the gradient norm is {norm:.3g} after {steps} steps and clipped to '
                f'{self._clip:g}, limit {limits.gradient_times * self._clip:g}: steps are all '
                'of one length; lower train.learning_rate')
        return causes
