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

"""Environments that a plain module registers: a point in a square, and some without use."""

import gymnasium
from gymnasium import spaces
import numpy as np

PX = 32


class Point(gymnasium.Env):
    """A bright spot on a dark slope goes where it is pushed, 0.1 of the square a step at most."""

    metadata = {'render_modes': ['rgb_array'], 'render_fps': 20}  # noqa: RUF012
    least, most = -1.0, 1.0

    def __init__(self, render_mode=None):
        self.render_mode = render_mode
        self.action_space = spaces.Box(self.least, self.most, (2,), np.float32)
        self.observation_space = spaces.Box(0.0, 1.0, (2,), np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.np_random.uniform(0.2, 0.8, size=2)
        self.steps = 0
        return self.place.copy(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.steps += 1
        half = (self.most - self.least) / 2
        self.place = np.clip(self.place + 0.1 * (action - self.least - half) / half, 0.0, 1.0)
        return self.place.copy(), 0.0, False, False, {}

    def render(self):
        slope = np.linspace(0, 80, PX).astype(np.uint8)
        image = np.repeat(np.tile(slope, (PX, 1))[..., None], 3, axis=2)
        x, y = np.rint(self.place * (PX - 5)).astype(int)
        image[y:y + 5, x:x + 5] = (250, 200, 60)
        return image


class Offset(Point):
    """Zero is not among its actions."""

    least, most = 1.0, 3.0


class Short(Point):
    """Its actions are half as large."""

    least, most = -0.5, 0.5


class Steps(Point):
    """Its actions can be counted."""

    def __init__(self, render_mode=None):
        super().__init__(render_mode)
        self.action_space = spaces.Discrete(3)


class Unlimited(Point):
    """Its actions have no limits."""

    least, most = -np.inf, np.inf


class Blind(Point):
    """It has nothing to show."""

    metadata = {'render_modes': []}  # noqa: RUF012


class Deaf(Point):
    """It cannot be asked to show anything."""

    def __init__(self):
        super().__init__()


class Grey(Point):
    """Its pictures have no colours."""

    def render(self):
        return super().render()[..., 0]


class Pictures(Point):
    """It tells nothing but what it shows."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.render(), {}

    def step(self, action):
        _, *rest = super().step(action)
        return self.render(), *rest


class Elsewhere(Point):
    """It begins where it likes, whatever the seed."""

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = np.random.default_rng().uniform(0.2, 0.8, size=2)
        return self.place.copy(), {}


class Brief(Point):
    """It ends after five steps."""

    def step(self, action):
        place, reward, *_ = super().step(action)
        return place, reward, self.steps >= 5, False, {}


class Stuck(Point):
    """Nothing moves it."""

    def step(self, action):
        return self.place.copy(), 0.0, False, False, {}


for kind in (Point, Offset, Short, Steps, Unlimited, Blind, Deaf, Grey, Pictures, Elsewhere, Brief,
             Stuck):
    gymnasium.register(f'Tiny/{kind.__name__}-v0', entry_point=kind)
