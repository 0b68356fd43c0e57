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

"""``jepa route``: make a route, a graph of goal pictures, of recorded drives."""

import argparse
from pathlib import Path
import sys

# pictures looked at in the time of a block
PER_BLOCK = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--bag', type=Path, nargs='+', default=[], metavar='BAG',
                        help='rosbag2 folders or files, one drive each; the route leads to the '
                        'end of the last')
    parser.add_argument('--image', metavar='TOPIC', default=None,
                        help='topic of the pictures, raw or compressed; not needed where a bag '
                        'has only one')
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_front'),
                        help='folder of the bundle that is to follow it')
    parser.add_argument('--out', type=Path, default=None, metavar='ROUTE',
                        help='folder that is made of it; it must not be there')
    parser.add_argument('--region', type=int, nargs=4, default=[0, 0, 0, 0],
                        metavar=('X', 'Y', 'WIDTH', 'HEIGHT'),
                        help="part of the picture to use, in pixels, as the planner's parameter "
                        'region; width 0 is all of it')
    parser.add_argument('--apart', type=float, default=3.0, metavar='BLOCKS',
                        help='how far it is, by the critic, from one picture to the next')
    parser.add_argument('--most', type=float, default=5.0, metavar='BLOCKS',
                        help='time driven from one picture to the next, at most')
    parser.add_argument('--same', type=float, default=0.6, metavar='BLOCKS',
                        help='how far apart, both ways, two places may be that are one')
    parser.add_argument('--engine', default='auto', help='what runs the graphs')


def run(args: argparse.Namespace) -> int:
    """Read the drives, choose pictures, find where drives meet, and write the route."""
    from jepa_ros.cli.route_folder import Kept, write_route
    from jepa_ros.core.route_plan import at_rest, joined, kept, Spacing
    from jepa_ros.engines.load import load_engine
    from jepa_ros.engines.route_files import encoder_hash

    if not args.bag:
        raise ValueError('name at least one bag: --bag BAG')
    if args.out is None:
        raise ValueError('name the folder to make: --out ROUTE')
    if args.out.exists():
        raise ValueError(f'{args.out} is there already; name another folder, or remove it')
    spacing = Spacing(apart=args.apart, most=args.most, same=args.same)
    model = load_engine(args.model, args.engine)
    action = model.spec.action
    block_s = action.block * action.period_s
    distance = at_rest(model)
    drives, nodes, driven = [], [], []
    for bag in args.bag:
        times_s, pictures, latents, topic = _drive(bag, args, model, block_s / PER_BLOCK)
        try:
            chosen, blocks = kept(latents, [t / block_s for t in times_s], distance, spacing)
        except ValueError as error:
            raise ValueError(f'{bag}: {error}') from error
        drives.append(Kept(bag.resolve().name, topic, len(pictures),
                           [pictures[i] for i in chosen], [times_s[i] for i in chosen]))
        nodes += [latents[i] for i in chosen]
        driven.append(blocks)
    of = [d for d, drive in enumerate(drives) for _ in drive.pictures]
    import numpy as np
    route = joined(np.stack(nodes), of, driven, distance, spacing)
    write_route(args.out, route, drives, {
        'name': args.model.resolve().name, 'encoder': encoder_hash(args.model),
        'height': model.spec.image_height, 'width': model.spec.image_width}, spacing, args.region)
    _tell(args.out, route, drives, driven, block_s)
    return 0


def _drive(bag: Path, args: argparse.Namespace, model, every_s: float):
    """
    Return times (s), pictures and latents of a bag's drive, and the topic that they are of.

    A picture is taken when ``every_s`` has gone by since the last; for one that cannot be read
    the next that can.  ValueError where there are too few, or more than one in a hundred cannot
    be read, or their clock goes back.
    """
    from tqdm import tqdm

    from jepa_ros.bags.decode import MOST_UNREADABLE
    from jepa_ros.bags.pictures import fitter
    from jepa_ros.bags.reader import (
        checked_count,
        has_header,
        header_stamp,
        messages,
        opened,
        topics,
        words,
    )
    from jepa_ros.bags.topics import image_topic
    from jepa_ros.core.goal import goal_latent

    fit = fitter(model.spec.image_height, model.spec.image_width, tuple(args.region))
    times_s, pictures, latents, empty, unreadable = [], [], [], 0, 0
    with opened(bag) as reader:
        found = topics(reader, bag)
        topic = image_topic(found, args.image, bag)
        total = checked_count(found[topic][1], topic, bag)
        stamped = has_header(reader, found[topic][0])
        held = messages(reader, bag, {topic})
        for number, connection, received_ns, raw in tqdm(
                held, total=total, desc=f'reading {topic}', unit=' frames', file=sys.stderr):
            time_s = ((header_stamp(raw) if stamped else 0) or received_ns) * 1e-9
            if times_s and time_s < times_s[-1] - every_s:
                raise ValueError(f'{bag}, picture {number}: its stamp is '
                                 f'{times_s[-1] - time_s:.1f} s before the last, limit '
                                 f'{every_s:.2f} s; a route is of one drive, cut the bag there')
            if times_s and time_s - times_s[-1] < 0.95 * every_s and number < total - 1:
                continue
            try:
                picture = fit(reader.deserialize(raw, connection.msgtype))
            except Exception as error:
                # a bag brings the definition of its messages along: nothing is sure
                unreadable += 1
                if unreadable > int(MOST_UNREADABLE * total):
                    raise ValueError(
                        f'{bag}, picture {number}: {words(error)} ({unreadable} of {total} '
                        f'cannot be read, limit {MOST_UNREADABLE:.0%})') from error
                continue
            try:
                latents.append(goal_latent(model, picture))
            except ValueError:
                empty += 1
                continue
            times_s.append(time_s)
            pictures.append(picture)
    if unreadable:
        print(f'{bag}: {unreadable} pictures cannot be read and are left out', file=sys.stderr)
    if empty:
        print(f'{bag}: {empty} pictures show almost nothing and are left out', file=sys.stderr)
    if len(pictures) < 2:
        raise ValueError(f'{bag} has {len(pictures)} pictures of {topic} to go by, needs at '
                         'least 2')
    return [t - times_s[0] for t in times_s], pictures, latents, topic


def _tell(out: Path, route, drives, driven, block_s: float) -> None:
    """Print what was made, and what to look at."""
    for drive, blocks in zip(drives, driven, strict=True):
        print(f'{drive.bag}: {len(drive.pictures)} of {drive.looked_at} pictures of '
              f'{drive.topic}, {sum(blocks):.0f} blocks of {block_s:.2g} s, at most '
              f'{max(blocks):.1f} from one to the next')
    meetings = sum(edge.seen for edge in route.edges) // 2
    print(f'{meetings} pairs of pictures look like the same place' if meetings else
          'no two pictures look like the same place')
    print(f'written to {out}; look at {out / "route.png"}, then start the planner with '
          f'route:={out}')
