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
Make episodes in a Gymnasium environment: what was seen, and what was done on seeing it.

An episode file holds ``frames`` (N + 1, px, px, 3) uint8, ``actions`` (N, A), ``states``
(N + 1, S) for probes only, and, where it was asked for, ``proprioception`` (N + 1, P).  An action
is in force from its frame to the next: nothing delays it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np

from jepa_ros.files import whole_file
from jepa_ros.sim.collect import episode_path
from jepa_ros.sim.gym_env import GymConfig, GymEnv, seed_of

# an episode that the environment ends sooner teaches nothing of where actions lead
LEAST_STEPS = 30
_MOST_TRIES = 50


@dataclass(frozen=True)
class GymCollectConfig:
    """How much to collect of which environment; ``steps`` are actions in an episode."""

    env: GymConfig
    episodes: int = 300
    steps: int = 100
    seed: int = 0
    proprioception: bool = False

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if self.episodes < 1 or self.steps < LEAST_STEPS:
            raise ValueError(f'episodes {self.episodes} must be at least 1, '
                             f'steps {self.steps} at least {LEAST_STEPS}')
        if self.seed < 0:
            raise ValueError(f'seed is {self.seed}, must be at least 0')


def record_episode(env: GymEnv, config: GymCollectConfig, index: int) -> dict[str, np.ndarray]:
    """
    Drive one episode at random; the same config and index give the same arrays.

    ValueError where the environment ends every one of them too soon.
    """
    for attempt in range(_MOST_TRIES):
        seed = seed_of(config.seed, index, attempt)
        env.reset(seed)
        driver = env.driver(np.random.default_rng([seed, 1]))
        frames, states, felt, actions = [env.picture()], [env.state()], [env.felt()], []
        ended = False
        while len(actions) < config.steps and not ended:
            actions.append(driver(env.state()))
            ended = env.step(actions[-1])
            frames.append(env.picture())
            states.append(env.state())
            felt.append(env.felt())
        if len(actions) >= LEAST_STEPS:
            episode = {'frames': np.stack(frames), 'states': np.stack(states).astype(np.float32),
                       'actions': np.stack(actions).astype(np.float32)}
            return {**episode, 'proprioception': np.stack(felt)} if config.proprioception \
                else episode
    raise ValueError(f'{config.env.env_id} ended {_MOST_TRIES} episodes of random actions before '
                     f'{LEAST_STEPS} steps, the last after {len(actions)}')


def description(env: GymEnv, config: GymCollectConfig) -> dict[str, Any]:
    """Return what collect.json holds: how the episodes were made, and what an action is."""
    action = env.action
    said = {'gym': config.env.env_id, 'imports': list(config.env.imports),
            'image_px': config.env.image_px, 'frame_skip': env.frame_skip,
            'steps': config.steps, 'seed': config.seed,
            'action': {**{key: list(asdict(action)[key])
                          for key in ('names', 'units', 'low', 'high')},
                       'period_s': action.period_s, 'delay_s': 0.0},
            'rest': env.rest.tolist()}
    if config.proprioception:
        if not env.adapter.felt_names:
            raise ValueError(f'{config.env.env_id}: nothing is known of its proprioception')
        said['proprioception'] = list(env.adapter.felt_names)
    return said


_env: GymEnv | None = None


def _start(config: GymConfig) -> None:
    global _env
    _env = GymEnv(config)


def _work(job: tuple[Path, GymCollectConfig, int]) -> int:
    if _env is None:
        raise RuntimeError('worker was not started')
    return _record(_env, *job)


def _record(env: GymEnv, folder: Path, config: GymCollectConfig, index: int) -> int:
    path = episode_path(folder, index)
    with whole_file(path) as file:
        np.savez(file, **record_episode(env, config, index))
    return index


def collect(folder: Path, config: GymCollectConfig, processes: int = 2) -> Iterator[int]:
    """
    Record what is missing of a data set, yielding the index of each episode kept.

    Killed and started again, it goes on where it was; ValueError where the environment cannot be
    used, or the folder was made with another config.
    """
    # made here even where others work: what is wrong with it would kill a worker without a word
    env = GymEnv(config.env)
    try:
        _describe(folder, description(env, config))
        for leftover in folder.glob('*.partial'):
            leftover.unlink()
        jobs = [(folder, config, i) for i in range(config.episodes)
                if not episode_path(folder, i).exists()]
        if processes <= 1:
            for job in jobs:
                yield _record(env, *job)
            return
    finally:
        env.close()
    with multiprocessing.get_context('spawn').Pool(processes, _start, (config.env,)) as pool:
        yield from pool.imap_unordered(_work, jobs)


def _describe(folder: Path, wanted: dict[str, Any]) -> None:
    """Write collect.json, or compare with what it says; the number of episodes may grow."""
    meta = folder / 'collect.json'
    if meta.exists():
        found = json.loads(meta.read_text())
        if found != wanted:
            other = sorted(k for k in {*found, *wanted} if found.get(k) != wanted.get(k))
            raise ValueError(f'{folder} was collected with another {", ".join(other)} '
                             f'({[found.get(k) for k in other]}, not '
                             f'{[wanted.get(k) for k in other]}); choose another folder or the '
                             'same options')
        return
    folder.mkdir(parents=True, exist_ok=True)
    meta.write_text(json.dumps(wanted, indent=2) + '\n')
