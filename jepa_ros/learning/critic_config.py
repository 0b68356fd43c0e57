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

"""How the critic is trained, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CriticConfig:
    """
    ``expectile`` leans towards the shortest way seen; costs are in blocks.

    Goals are drawn from the same episode: near in the future, anywhere in the future, or at
    any time (``near``, ``future`` and the rest of 1); ``same`` is how often a goal is the
    latent itself, and ``alike`` how often it is what looks most like it of ``alike_of`` moments of
    the same drive, four blocks or more away in time: another place, perhaps, that is easily taken
    for this one.  ``aside``, which wants odometry, is how often it is a place beside this one, no
    more than 0.8 m and 0.5 rad away, out of ``aside_of`` moments of the drive: wheels do not go
    there, so what is near in time never is.  ``imagined`` is how often it is where the predictor
    expects the robot after up to ``imagined_blocks`` blocks, each of one command, of any share of
    its limits: that share of a block is what it costs, so that what takes a short turn is not far
    because no drive shows it.  Bootstraps look 1 to ``most_blocks`` blocks ahead of what was
    driven; ``lookahead`` of them also 1 block ahead of what could have been, by the best of
    ``lookahead_of`` blocks of one command that the predictor imagined, and take what is less.

    ``noise`` is added to latents, whose spread is 1.  With ``relative`` above 0 errors count
    relative to what it costs and so many blocks, or those far from a goal rule.  ``open_floor``
    above 0 wants odometry: for this part of the steps, the first, costs are those of the way over
    open floor; from then on they are never less.
    """

    steps: int = 8000
    batch: int = 1024
    learning_rate: float = 5e-4
    expectile: float = 0.9
    target_rate: float = 0.005
    near: float = 0.3
    future: float = 0.4
    same: float = 0.03
    alike: float = 0.0
    alike_of: int = 128
    aside: float = 0.0
    aside_of: int = 256
    imagined: float = 0.0
    imagined_blocks: int = 1
    lookahead: float = 0.0
    lookahead_of: int = 6
    noise: float = 0.0
    relative: float = 0.0
    open_floor: float = 0.0
    most_blocks: int = 4
    largest_cost: float = 60.0
    seed: int = 0
    save_every: int = 500

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if not 0.5 <= self.expectile < 1.0:
            raise ValueError(f'expectile is {self.expectile}, must be in [0.5, 1)')
        if self.near < 0 or self.future < 0 or self.near + self.future > 1:
            raise ValueError(f'near {self.near} and future {self.future} must be shares of 1')
        if not 0.0 <= self.alike <= 1.0 or self.alike_of < 1:
            raise ValueError(f'alike is {self.alike}, must be in [0, 1], and alike_of is '
                             f'{self.alike_of}, must be at least 1')
        for name in ('aside', 'imagined', 'lookahead', 'open_floor'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be in [0, 1]')
        for name in ('noise', 'relative'):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 0')
        for name in ('aside_of', 'imagined_blocks', 'lookahead_of'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}, must be at least 1')
        if self.steps < 1 or self.batch < 1 or self.most_blocks < 1:
            raise ValueError(f'steps {self.steps}, batch {self.batch} and most_blocks '
                             f'{self.most_blocks} must be at least 1')
