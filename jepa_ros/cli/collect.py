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

"""``jepa collect``: make a data set in the simulated warehouse."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--out', type=Path, default=Path('data/warehouse_ceiling'),
                        help='folder of the data set; what is there already is kept')
    parser.add_argument('--episodes', type=int, default=400, help='episodes in all')
    parser.add_argument('--steps', type=int, default=400, help='actions in an episode, at 10 Hz')
    parser.add_argument('--seed', type=int, default=0, help='seed of the data set')
    parser.add_argument('--processes', type=int, default=2, help='worker processes')


def run(args: argparse.Namespace) -> int:
    """Collect what is missing, with a progress bar."""
    from tqdm import tqdm

    from jepa_ros.sim.collect import collect, CollectConfig, episode_path
    if args.processes < 1:
        raise ValueError(f'processes is {args.processes}, must be at least 1')
    config = CollectConfig(episodes=args.episodes, steps=args.steps, seed=args.seed)
    have = sum(episode_path(args.out, i).exists() for i in range(args.episodes))
    with tqdm(total=args.episodes, initial=have, unit='episode', desc='collect') as bar:
        for _ in collect(args.out, config, args.processes):
            bar.update()
    print(f'{args.episodes} episodes of {args.steps} actions in {args.out}')
    return 0
