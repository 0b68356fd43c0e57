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

"""
Make episodes: drive the world, keep what the ceiling camera saw and what was commanded.

An episode file holds ``frames`` (N + 1, h, w, 3) uint8, ``actions`` (N, 2) in m/s and rad/s,
``poses`` (N + 1, 3) in m and rad (for probes and baselines only).  Action k was commanded on
seeing frame k; it takes effect a little later, as on a robot.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
import json
import multiprocessing
from pathlib import Path

import numpy as np

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.files import whole_file
from jepa_ros.sim.drivers import MixedDriver
from jepa_ros.sim.world import World, WorldConfig


@dataclass(frozen=True)
class CollectConfig:
    """How much to collect; ``latency_s`` bounds the delays between a frame and its command."""

    episodes: int = 400
    steps: int = 400
    period_s: float = 0.1
    image_px: int = 64
    seed: int = 0
    latency_s: tuple[float, float] = (0.03, 0.08)
    appearance: float = 0.5

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if self.episodes < 1 or self.steps < 10:
            raise ValueError(f'episodes {self.episodes} must be at least 1, '
                             f'steps {self.steps} at least 10')
        if not 0.0 <= self.latency_s[0] <= self.latency_s[1] <= self.period_s:
            raise ValueError(f'latency_s {self.latency_s} must lie in [0, {self.period_s}]')
        if not 16 <= self.image_px <= 480:
            raise ValueError(f'image_px is {self.image_px}, must be in [16, 480]')


def episode_path(folder: Path, index: int) -> Path:
    """Return where an episode is kept."""
    return folder / f'episode_{index:05d}.npz'


def drive(world: World, previous: np.ndarray, command: np.ndarray, period_s: float,
          latency_s: float) -> None:
    """Advance one period: the previous command stays in force until the new one takes effect."""
    if latency_s > 0:
        world.step(previous, latency_s)
    world.step(command, period_s - latency_s)


def record_episode(world: World, config: CollectConfig, index: int) -> dict[str, np.ndarray]:
    """Drive one episode; the same config and index give the same arrays."""
    seed = int(np.random.SeedSequence([config.seed, index]).generate_state(1)[0])
    rng = np.random.default_rng(seed)
    world.reset(seed)
    driver = MixedDriver(rng, world)
    # physics advances in 5 ms steps
    latency_s = round(rng.uniform(*config.latency_s) / 0.005) * 0.005
    frames, actions, poses = [], [], []
    previous = np.zeros(2, np.float32)
    for step in range(config.steps + 1):
        frames.append(to_model_image(world.render('ceiling'), config.image_px, config.image_px))
        pose = world.pose
        poses.append((pose.x, pose.y, pose.yaw))
        if step == config.steps:
            break
        command = driver(pose)
        drive(world, previous, command, config.period_s, latency_s)
        actions.append(command)
        previous = command
    return {'frames': np.stack(frames), 'actions': np.stack(actions).astype(np.float32),
            'poses': np.array(poses, np.float32)}


_world: World | None = None


def _work(job: tuple[Path, CollectConfig, int]) -> int:
    global _world
    folder, config, index = job
    if _world is None:
        _world = World(WorldConfig(appearance=config.appearance))
    path = episode_path(folder, index)
    with whole_file(path) as file:
        np.savez(file, **record_episode(_world, config, index))
    return index


def collect(folder: Path, config: CollectConfig, processes: int = 2) -> Iterator[int]:
    """
    Record what is missing of a data set, yielding the index of each episode kept.

    Killed and started again, it goes on where it was; ValueError where the folder was made with
    another config.
    """
    folder.mkdir(parents=True, exist_ok=True)
    meta = folder / 'collect.json'
    # the number of episodes may grow; everything else must stay what it was
    wanted = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()
              if k != 'episodes'}
    if meta.exists():
        found = json.loads(meta.read_text())
        if found != wanted:
            raise ValueError(f'{folder} was collected with {found}, not with {wanted}; '
                             'choose another folder or the same options')
    else:
        meta.write_text(json.dumps(wanted, indent=2) + '\n')
    for leftover in folder.glob('*.partial'):
        leftover.unlink()
    jobs = [(folder, config, i) for i in range(config.episodes)
            if not episode_path(folder, i).exists()]
    if processes <= 1:
        yield from map(_work, jobs)
        return
    with multiprocessing.get_context('spawn').Pool(processes) as pool:
        yield from pool.imap_unordered(_work, jobs)
