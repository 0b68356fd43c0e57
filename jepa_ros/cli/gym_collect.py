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

"""``jepa collect --gym``: make a data set in a Gymnasium environment."""

import argparse
from pathlib import Path
import re

EPISODES, STEPS = 300, 100


def slug(env_id: str) -> str:
    """Return a folder's name for an environment's id."""
    return re.sub(r'[^A-Za-z0-9]+', '_', env_id).strip('_').lower() or 'gym'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only environments want."""
    group = parser.add_argument_group('Gymnasium environments')
    group.add_argument('--gym', metavar='ENV_ID', default=None,
                       help='collect in this environment, such as gym_pusht/PushT-v0, '
                       'PointMaze_UMaze-v3, dm_control/reacher-hard-v0')
    group.add_argument('--import', dest='imports', action='append', default=[],
                       metavar='MODULE', help='a module that registers environments; it is '
                       'imported, from this folder too')
    group.add_argument('--image-px', type=int, default=None,
                       help='pixels of a picture a side, 64 by default')
    group.add_argument('--frame-skip', type=int, default=None,
                       help='steps of the environment that an action lasts; what is usual for '
                       'it by default')
    group.add_argument('--proprioception', action='store_true',
                       help='keep what the robot feels of itself too, where that is known')


def run(args: argparse.Namespace) -> int:
    """Collect what is missing, with a progress bar."""
    import sys

    from tqdm import tqdm

    from jepa_ros.sim.collect import episode_path
    from jepa_ros.sim.gym_collect import collect, GymCollectConfig
    from jepa_ros.sim.gym_env import GymConfig
    out = args.out or Path('data') / slug(args.gym)
    config = GymCollectConfig(
        GymConfig(args.gym, tuple(args.imports), args.image_px or 64, args.frame_skip),
        EPISODES if args.episodes is None else args.episodes,
        STEPS if args.steps is None else args.steps, args.seed, args.proprioception)
    have = sum(episode_path(out, i).exists() for i in range(config.episodes))
    with tqdm(total=config.episodes, initial=have, unit='episode', desc='collect',
              file=sys.stderr) as bar:
        for _ in collect(out, config, args.processes):
            bar.update()
    print(f'{config.episodes} episodes of up to {config.steps} actions in {out}; next: '
          f'jepa train --data {out}')
    return 0
