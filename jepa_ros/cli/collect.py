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

"""``jepa collect``: make a data set in the simulated warehouse, or another environment."""

import argparse
from pathlib import Path

from jepa_ros.cli import gym_collect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--out', type=Path, default=None,
                        help='folder of the data set, data/warehouse_ceiling or one named for '
                        'the environment; what is there already is kept')
    parser.add_argument('--episodes', type=int, default=None,
                        help='episodes in all: 400 in the warehouse, 300 with --gym')
    parser.add_argument('--steps', type=int, default=None, help='actions in an episode: 400 (at '
                        '10 Hz) in the warehouse, 100 with --gym')
    parser.add_argument('--seed', type=int, default=0, help='seed of the data set')
    parser.add_argument('--processes', type=int, default=2, help='worker processes')
    gym_collect.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Collect what is missing, with a progress bar."""
    from tqdm import tqdm

    from jepa_ros.sim.collect import collect, CollectConfig, episode_path
    if args.processes < 1:
        raise ValueError(f'processes is {args.processes}, must be at least 1')
    if args.gym is not None:
        return gym_collect.run(args)
    for name in ('image_px', 'frame_skip', 'proprioception', 'imports'):
        if getattr(args, name):
            raise ValueError(f'--{name.replace("_", "-").replace("imports", "import")} is for '
                             '--gym; the warehouse has pictures of 64 pixels a side')
    out = args.out or Path('data/warehouse_ceiling')
    config = CollectConfig(episodes=400 if args.episodes is None else args.episodes,
                           steps=400 if args.steps is None else args.steps, seed=args.seed)
    have = sum(episode_path(out, i).exists() for i in range(config.episodes))
    with tqdm(total=config.episodes, initial=have, unit='episode', desc='collect') as bar:
        for _ in collect(out, config, args.processes):
            bar.update()
    print(f'{config.episodes} episodes of {config.steps} actions in {out}')
    return 0
