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

"""A corridor that drives go up and down, and its latents: what a critic can be known to learn."""

import numpy as np
import torch

from jepa_ros.engines.networks import ModelConfig, Networks
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.data import Episodes
from jepa_ros.learning.latents import Latents

BLOCK = 5
SPEED = 0.1                 # along the corridor in one action
LENGTH = 10.0               # so 20 blocks from end to end
CONFIG = ModelConfig(image_px=32, width=6, channels=(4, 4), encoder_hidden=8, predictor_hidden=8,
                     critic_hidden=64, block=BLOCK)
TRAIN = CriticConfig(steps=700, batch=256, learning_rate=2e-3, target_rate=0.02, save_every=100)


def latents_at(places: np.ndarray) -> torch.Tensor:
    """Return latents (N, 6) of places along the corridor: smooth, and each place its own."""
    x = np.asarray(places)[:, None] / LENGTH
    waves = [np.cos(np.pi * k * x) for k in (1, 2, 3)] + [np.sin(np.pi * x), x, 1 - x]
    return torch.from_numpy(np.concatenate(waves, axis=1).astype(np.float32))


def corridor(episodes: int = 30, steps: int = 120) -> tuple[Episodes, np.ndarray]:
    """Return drives up and down the corridor, some idle and some at full speed; and places."""
    rng = np.random.default_rng(0)
    places = []
    for _ in range(episodes):
        x, goal, speed = rng.uniform(0, LENGTH), rng.uniform(0, LENGTH), SPEED
        for _ in range(steps + 1):
            places.append(x)
            if abs(goal - x) < SPEED:
                goal, speed = rng.uniform(0, LENGTH), rng.choice([SPEED, SPEED, 0.4 * SPEED])
            x += np.clip(goal - x, -speed, speed)
    n = steps + 1
    first = np.repeat(np.arange(episodes) * n, n)
    blank = np.zeros((len(places), 1, 1, 3), np.uint8)
    return Episodes(blank, np.zeros((len(places), 2), np.float32),
                    np.zeros((len(places), 3), np.float32), first, first + steps), np.array(places)


def corridor_data() -> tuple[Episodes, Latents]:
    """Return the corridor and its latents."""
    episodes, places = corridor()
    return episodes, certain(latents_at(places))


def certain(z: torch.Tensor) -> Latents:
    """Return latents (N, D) that light does not change, and that were predicted as they came."""
    return Latents(z, z, z[:, None].expand(-1, 3, -1).contiguous())


def fresh(config: ModelConfig = CONFIG) -> Networks:
    """Return networks, the same each time."""
    torch.manual_seed(0)
    return Networks(config)


@torch.no_grad()
def cost(critic: torch.nn.Module, places: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Return the blocks (N,) that a critic sees from places to goals (N,)."""
    return critic(latents_at(places)[:, None], latents_at(goals)).numpy()
