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

"""Data that can be understood: a bright square that moves as it is told."""

from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path

import numpy as np
import pytest

if find_spec('torch') is None:
    pytest.skip('torch is not installed', allow_module_level=True)

from small_bundle import small_bundle  # noqa: E402  (only where there is torch)
import torch  # noqa: E402

from jepa_ros.learning.data import Episodes  # noqa: E402

IMAGE_PX = 32
SQUARE_PX = 8


def draw_square(x: float, y: float) -> np.ndarray:
    """Draw a square whose place is (x, y) in [-1, 1] on grey; edges are smooth."""
    image = np.full((IMAGE_PX, IMAGE_PX, 3), 40.0)
    room = (IMAGE_PX - SQUARE_PX) / 2
    left, top = room * (1 + x), room * (1 + y)
    pixels = np.arange(IMAGE_PX)
    columns = np.clip(np.minimum(pixels + 1 - left, left + SQUARE_PX - pixels), 0, 1)
    rows = np.clip(np.minimum(pixels + 1 - top, top + SQUARE_PX - pixels), 0, 1)
    image += 190 * (rows[:, None] * columns[None, :])[..., None]
    return image.astype(np.uint8)


def square_episode(rng: np.random.Generator, steps: int) -> dict[str, np.ndarray]:
    """Return an episode in which action (2,) in [-1, 1] moves the square by a tenth of it."""
    place = rng.uniform(-1, 1, 2)
    frames, actions, poses = [], [], []
    velocity = rng.uniform(-1, 1, 2)
    for step in range(steps + 1):
        frames.append(draw_square(*place))
        poses.append((*place, np.arctan2(*place)))
        if step == steps:
            break
        if rng.random() < 0.3:
            velocity = rng.uniform(-1, 1, 2)
        velocity = np.where(np.abs(place + 0.1 * velocity) > 1, -velocity, velocity)
        place = place + 0.1 * velocity
        actions.append(velocity)
    return {'frames': np.array(frames), 'actions': np.array(actions, np.float32),
            'poses': np.array(poses, np.float32)}


def join(parts: list[dict[str, np.ndarray]]) -> Episodes:
    """Return episodes in memory, without the files."""
    counts = np.array([len(p['frames']) for p in parts])
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return Episodes(
        np.concatenate([p['frames'] for p in parts]),
        np.concatenate([np.pad(p['actions'], ((0, 1), (0, 0))) for p in parts]),
        np.concatenate([p['poses'] for p in parts]), first, first + np.repeat(counts, counts) - 1)


@pytest.fixture(scope='session')
def squares() -> Episodes:
    """Return ten short episodes of the square."""
    rng = np.random.default_rng(0)
    return join([square_episode(rng, 60) for _ in range(10)])


@pytest.fixture(scope='session')
def many_squares() -> Episodes:
    """Return more episodes than a short training can learn by heart."""
    rng = np.random.default_rng(1)
    return join([square_episode(rng, 60) for _ in range(40)])


@pytest.fixture(scope='session')
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small bundle; never write into it."""
    return small_bundle(tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Leave the other core to the rest of the machine, and sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope='session')
def quick() -> list[str]:
    """Return settings of a training of the square that takes seconds, with the same bits."""
    return ['model.image_px=32', 'model.width=8', 'model.channels=[8, 16]',
            'model.encoder_hidden=16', 'model.predictor_hidden=16', 'model.predictor_layers=1',
            'model.critic_hidden=16', 'model.block=3', 'model.horizon=3', 'train.batch=16',
            'train.episodes=4', 'train.rollout=2', 'train.directions=16', 'train.warmup=5',
            'train.bfloat16=false', 'train.device=cpu', 'train.threads=1', 'critic.batch=32']


@pytest.fixture(scope='session')
def square_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with twelve episodes of the square, as jepa collect leaves them."""
    folder = tmp_path_factory.mktemp('squares')
    rng = np.random.default_rng(0)
    for i in range(12):
        np.savez(folder / f'episode_{i:05d}.npz', **square_episode(rng, 60))
    (folder / 'collect.json').write_text(json.dumps({'action': {
        'names': ['right', 'down'], 'units': ['1/s', '1/s'], 'low': [-1.0, -1.0],
        'high': [1.0, 1.0], 'period_s': 0.1, 'delay_s': 0.0}}))
    return folder
