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

"""``jepa calibrate``: make a bundle's int8 graphs from bags of the robot's camera."""

import argparse
from dataclasses import asdict
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle; the int8 graphs are put into it')
    parser.add_argument('--bag', type=Path, nargs='+', default=[], metavar='BAG',
                        help='rosbag2 folders, sqlite3 or MCAP, of drives like those to come')
    parser.add_argument('--image', metavar='TOPIC', default=None,
                        help='topic of the pictures, raw or compressed; not needed where a bag '
                        'has only one')
    parser.add_argument('--region', type=int, nargs=4, default=None,
                        metavar=('X', 'Y', 'WIDTH', 'HEIGHT'),
                        help='part of the pictures that the robot will look at, in pixels; '
                        'without it what the model was trained on')
    parser.add_argument('--frames', type=int, default=256,
                        help='pictures to take, at most, spread evenly over all the bags')
    parser.add_argument('--limit', type=float, default=0.1,
                        help='relative error of latents or of costs beyond which nothing is '
                        'written')
    parser.add_argument('--seed', type=int, default=0,
                        help='of the plans that the graphs are tried with')


def run(args: argparse.Namespace) -> int:
    """Read, calibrate, compare, and write what is good enough."""
    from jepa_ros.cli.bag_frames import bag_frames
    from jepa_ros.cli.bar import Bar
    from jepa_ros.engines.calibration import calibrate
    from jepa_ros.engines.int8_graphs import write_int8
    from jepa_ros.engines.manifest import load_manifest

    if not args.bag:
        raise ValueError('name at least one bag: --bag BAG')
    if not args.limit > 0.0:
        raise ValueError(f'limit is {args.limit}, must be above 0')
    manifest = load_manifest(args.model)
    spec = manifest.spec
    region = args.region or manifest.region or (0, 0, 0, 0)
    frames, topic = bag_frames(args.bag, args.image, args.frames, spec.image_height,
                               spec.image_width, region)
    try:
        with Bar('calibrating') as told:
            made = calibrate(manifest, frames, args.seed, told)
    except ImportError as error:
        raise RuntimeError(f'{error}; pip install -r requirements/train.txt') from error
    print(f'{manifest.name}: int8 from {made.frames} frames of {topic}, compared with fp32 on '
          f'{made.compared} others')
    for engine, d in made.differences.items():
        print(f'  {engine:12} latents differ by {d.latents:.2%}, costs by {d.cost:.2%}, '
              f'{d.elites:.0%} of the best candidates stay')
    for engine, d in made.differences.items():
        worst = max(d.latents, d.cost)
        if not worst <= args.limit:
            raise ValueError(f'int8 differs by {worst:.3f} on {engine}, limit {args.limit}: '
                             'nothing was written; try more frames, of more drives')
    write_int8(manifest, made.graphs, {
        'frames': made.frames, 'topic': topic, 'bags': [bag.resolve().name for bag in args.bag],
        'seed': made.seed, 'differences': {n: asdict(d) for n, d in made.differences.items()}})
    print(f'written into {args.model}; on a GPU build its engines next: jepa build-engine '
          f'--model {args.model} --precision int8')
    return 0
