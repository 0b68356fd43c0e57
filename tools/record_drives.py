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
Record drives in the simulated warehouse as a person would on a robot: one bag for each seed.

The simulator, the driver and the recorder run as processes in a ROS domain of their own.  What is
complete is kept, so that it goes on where it was stopped.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
import os
from pathlib import Path
import shutil
import struct
import sys
import time

from tqdm import tqdm

from jepa_ros.cli.children import Children, node_command
from jepa_ros.ros.bag_recovery import is_unfinished
from jepa_ros.ros.share import own_domain, use_fast_dds_profile

TOPICS = {'ceiling': ('camera/image_raw', '/robot1/overhead/image'),
          'front': ('front_camera/image_raw', '/robot1/front/image')}
ODOMETRY = '/odom'
# what a machine that is busy with more than this may lag behind
QUEUE_MB = 1000
# to start a simulator and meet its topics; nothing is recorded for longer than that: an error
START_S = 60.0


@dataclass(frozen=True)
class Counts:
    """What a bag holds: frames, those that never came by the gaps of their stamps, commands."""

    frames: int
    lost: int
    commands: int
    megabytes: float


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='the folder for the bags')
    parser.add_argument('--bags', type=int, default=15, help='how many, a seed each')
    parser.add_argument('--minutes', type=float, default=2.0, help='simulated minutes of each')
    parser.add_argument('--camera', choices=sorted(TOPICS), default='ceiling')
    parser.add_argument('--width', type=int, default=1280, help='pixels')
    parser.add_argument('--height', type=int, default=720, help='pixels')
    parser.add_argument('--encoding', default='bgra8')
    parser.add_argument('--rate', type=float, default=10.0, help='frames in a simulated second')
    parser.add_argument('--noise', type=float, default=1.0,
                        help='grey levels, standard deviation; most of the size of a bag')
    parser.add_argument('--appearance', type=float, default=0.5,
                        help='how far colours and light vary with the seed, 0 to 1')
    parser.add_argument('--factor', type=float, default=1.0,
                        help='simulated seconds in a real one')
    parser.add_argument('--driver', choices=['mixed', 'random', 'goal'], default='mixed')
    parser.add_argument('--stamped', action='store_true', help='commands are TwistStamped')
    parser.add_argument('--image-topic', help='default: /robot1/overhead/image or '
                        '/robot1/front/image, by the camera')
    parser.add_argument('--action-topic', default='/robot1/cmd')
    parser.add_argument('--seed', type=int, default=0, help='of the first bag; the next has the '
                        'next')
    return parser.parse_args()


def node(name: str, parameters: dict[str, object], names: dict[str, str]) -> list[str]:
    """Return the command line of a node with parameters and other names for its topics."""
    words = [f'{key}:={str(value).lower() if isinstance(value, bool) else value}'
             for key, value in parameters.items()]
    return [*node_command(name), '--ros-args', *(w for word in words for w in ('-p', word)),
            *(w for old, new in names.items() for w in ('-r', f'{old}:={new}'))]


def record(args: argparse.Namespace, seed: int, folder: Path, say) -> None:
    """Record one bag into a new folder; RuntimeError with a log's end where a node fails."""
    own_topic, topic = TOPICS[args.camera]
    topic = args.image_topic or topic
    logs = folder.parent
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
    with Children(logs, environment) as robot, Children(logs, environment) as recorder:
        robot.start('simulator', node('simulator_node', {
            'seed': seed, 'image_width_px': args.width, 'image_height_px': args.height,
            'encoding': args.encoding, 'camera_rate_hz': args.rate, 'noise': args.noise,
            'appearance': args.appearance, 'real_time_factor': args.factor,
            'front_camera': args.camera == 'front', 'stamped': args.stamped,
            # a real moment is a long time where time runs fast
            'cmd_timeout_s': 0.3 * max(1.0, args.factor)},
            {own_topic: topic, 'cmd_vel': args.action_topic}))
        robot.start('driver', node('driver_node', {
            'seed': seed, 'driver': args.driver, 'stamped': args.stamped, 'use_sim_time': True},
            {'cmd_vel': args.action_topic}))
        recorder.start('recorder', node('recorder_node', {
            'topics': f'[{topic}, {args.action_topic}, {ODOMETRY}]', 'out': folder,
            'duration_s': 60.0 * args.minutes, 'wait_s': START_S, 'queue_mb': QUEUE_MB,
            'use_sim_time': True}, {}))
        while recorder.code('recorder') is None:
            robot.check()
            say(last_line(logs / 'recorder.log'))
            time.sleep(0.5)
        if recorder.code('recorder') != 0:
            recorder.check()


def last_line(log: Path) -> str:
    """Return what a node said last, without level, time and name."""
    lines = log.read_text(errors='replace').split('\n')[:-1]
    return lines[-1].rpartition(']: ')[2] if lines else 'starting'


def count(bag: Path, args: argparse.Namespace) -> Counts:
    """Read a bag back."""
    from rosbags.highlevel import AnyReader

    topic = args.image_topic or TOPICS[args.camera][1]
    stamps, commands = [], 0
    with AnyReader([bag]) as reader:
        for connection, _, data in reader.messages():
            if connection.topic == topic:
                # an Image begins with its stamp, behind the four bytes of CDR
                seconds, nanoseconds = struct.unpack_from('<iI', data, 4)
                stamps.append(seconds + 1e-9 * nanoseconds)
            elif connection.topic == args.action_topic:
                commands += 1
    gaps = [later - earlier for earlier, later in pairwise(stamps)]
    return Counts(len(stamps), sum(round(gap * args.rate) - 1 for gap in gaps), commands,
                  sum(path.stat().st_size for path in bag.iterdir()) / 1e6)


def main() -> int:
    """Record what is missing; return the exit code."""
    args = options()
    os.environ.update(own_domain())
    use_fast_dds_profile()
    bags = {args.seed + i: args.out / f'drive_{args.seed + i:04d}' for i in range(args.bags)}
    with tqdm(total=args.bags, desc='drives', unit='bag', file=sys.stderr) as bar:
        for seed, bag in bags.items():
            if not bag.exists() or is_unfinished(bag):
                # of a bag that was begun nothing is kept: its drive is not whole
                partial = args.out / f'partial_{seed}'    # others may record here as well
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                record(args, seed, partial / bag.name, bar.set_postfix_str)
                found = count(partial / bag.name, args)
                shutil.rmtree(bag, ignore_errors=True)
                (partial / bag.name).rename(bag)
                shutil.rmtree(partial, ignore_errors=True)
                bar.write(f'{bag}: {found.frames} frames, {found.lost} lost, {found.commands} '
                          f'commands, {found.megabytes:.0f} MB', file=sys.stderr)
            bar.update()
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (RuntimeError, OSError, ValueError) as error:
        sys.exit(f'record_drives: {error}')
    except KeyboardInterrupt:
        sys.exit('record_drives: stopped; complete bags stay, start it again to go on')
