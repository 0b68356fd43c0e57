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


"""How encoder and predictor are trained, as one value, and the learning rate of each step."""

from dataclasses import dataclass
import math

from jepa_ros.learning.machine import DeviceName


@dataclass(frozen=True)
class TrainConfig:
    """
    How to train encoder and predictor.

    ``batch`` counts sequences of ``rollout`` frames after the T of the model's history, a block
    apart, drawn from ``episodes`` episodes in equal parts.  ``sigreg_weight`` and
    ``rollout_weight`` multiply their terms; steps are optimiser steps.  ``random_encoder`` leaves
    the encoder untrained, the baseline.  ``frame_light`` and ``episode_light`` in [0, 1] say how
    far light is changed, as in ``jitter``.  ``rest`` is the part of the sequences that are made up
    of one frame: nothing is commanded, and nothing changes; for robots that zero stops.
    ``aside``, which wants odometry, is the part of the sequences, by twos, of which one begins
    aside of the other, at most 0.8 m and 0.5 rad away: what wheels seldom show.
    ``whereabouts_weight`` multiplies the loss of ``Whereabouts``, where the model has it.
    ``start`` is a run or a bundle whose weights to begin with, instead of random ones.
    ``device`` 'auto' is CUDA where there is one; ``threads`` 0 is as many as torch takes.
    """

    steps: int = 7000
    batch: int = 128
    episodes: int = 8
    rollout: int = 3
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warmup: int = 100
    sigreg_weight: float = 0.09
    rollout_weight: float = 0.5
    directions: int = 256
    clip: float = 1.0
    seed: int = 0
    frame_light: float = 1.0
    episode_light: float = 0.0
    rest: float = 0.0
    aside: float = 0.0
    whereabouts_weight: float = 0.1
    save_every: int = 100
    bfloat16: bool = True
    random_encoder: bool = False
    start: str = ''
    device: DeviceName = 'auto'
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        for name in ('steps', 'batch', 'rollout', 'directions', 'save_every'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 1')
        if self.episodes < 1 or self.batch % self.episodes or self.batch == self.episodes:
            raise ValueError(f'batch is {self.batch}, must be a multiple of episodes, '
                             f'{self.episodes}, and more: SIGReg needs a spread in each')
        if self.aside and self.batch // self.episodes % 2:
            raise ValueError(f'batch {self.batch} of {self.episodes} episodes is '
                             f'{self.batch // self.episodes} sequences of each; with aside '
                             f'{self.aside} that must be even')
        if not 0.0 < self.learning_rate <= 1.0:
            raise ValueError(f'learning_rate is {self.learning_rate}, must be in (0, 1]')
        if self.start and self.random_encoder:
            raise ValueError(f'start is {self.start} and random_encoder is true: a random encoder '
                             'starts from nothing')
        for name in ('frame_light', 'episode_light', 'rest', 'aside'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be in [0, 1]')
        if not self.clip > 0.0:
            raise ValueError(f'clip is {self.clip}, must be above 0')
        for name in ('sigreg_weight', 'rollout_weight', 'whereabouts_weight', 'weight_decay',
                     'warmup', 'threads'):
            if not getattr(self, name) >= 0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 0')


def schedule(step: int, config: TrainConfig) -> float:
    """Return the learning rate of a step: linear warm-up, then a cosine down to 2 %."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
