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

"""Options of the verbs that learn from bags, and what they ask for."""

import argparse
from pathlib import Path


def add_bag_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--bag`` and what goes with it, all of it optional."""
    group = parser.add_argument_group('bags')
    group.add_argument('--bag', type=Path, nargs='+', default=[], metavar='BAG',
                       help='rosbag2 folders or files, sqlite3 or MCAP, of drives to learn from')
    add_topic_arguments(group)


def add_topic_arguments(group) -> None:
    """Declare which topics of bags are used, and how."""
    group.add_argument('--image', metavar='TOPIC', default=None,
                       help='pictures, raw or compressed; not needed where a bag has only one '
                       'such topic')
    group.add_argument('--action', metavar='TOPIC', default=None,
                       help='commands: Twist, TwistStamped, JointTrajectory, JointState or '
                       'Float64MultiArray; not needed where a bag has only one such topic')
    group.add_argument('--odom', metavar='TOPIC', default=None,
                       help='odometry, for a model that feels its speed, and for the report')
    group.add_argument('--period', type=float, default=None, metavar='SECONDS',
                       help='how long an action lasts; without it the multiple of the '
                       "camera's interval that is nearest to 0.1")
    group.add_argument('--hold', type=float, default=None, metavar='SECONDS',
                       help='how long a command counts where no other follows; without it 0.5 '
                       'for speeds, for ever for positions')
    group.add_argument('--action-field', choices=('velocity', 'position'), default=None,
                       help='what is taken of joints; without it what is filled: of states '
                       'velocity first, of trajectories position')
    group.add_argument('--action-names', nargs='+', default=[], metavar='NAME',
                       help='components of the action to use, or names for the numbers of a '
                       'Float64MultiArray; without it those of the messages')
    group.add_argument('--action-units', nargs='+', default=[], metavar='UNIT',
                       help='of the numbers of a Float64MultiArray, one for each or one for all: '
                       'rad/s, m/s or another that ends in /s for speeds, rad, m, deg or %% for '
                       'positions')
    group.add_argument('--low', type=float, nargs='+', default=[], metavar='NUMBER',
                       help='lowest value of each component; without it from the data')
    group.add_argument('--high', type=float, nargs='+', default=[], metavar='NUMBER',
                       help='highest value of each component; without it from the data')
    group.add_argument('--region', type=int, nargs=4, default=[0, 0, 0, 0],
                       metavar=('X', 'Y', 'WIDTH', 'HEIGHT'),
                       help="part of the picture to use, in pixels, as the planner's parameter "
                       'region; width 0 is all of it')


def bag_settings(args: argparse.Namespace, height: int, width: int):
    """Return the ``BagSettings`` of parsed options, pictures of that size; ValueError if none."""
    from jepa_ros.bags.settings import BagSettings
    return BagSettings(
        height=height, width=width, image=args.image, action=args.action, odom=args.odom,
        region=tuple(args.region), period_s=args.period, hold_s=args.hold,
        field=args.action_field, names=tuple(args.action_names), low=tuple(args.low),
        high=tuple(args.high), units=tuple(args.action_units))


def bag_data_set(args: argparse.Namespace, height: int, width: int):
    """
    Return the ``learning.data.DataSet`` of the bags in parsed options.

    Says on the terminal what was used and left out.  ValueError says what is wrong, in one line.
    """
    from jepa_ros.learning.bag_data import bag_data_set as data_set_of

    data = data_set_of(args.bag, bag_settings(args, height, width))
    print('\n'.join(summary(data.about)), flush=True)
    return data


def summary(about: dict) -> list[str]:
    """Return lines that say what was made of bags."""
    action, topics = about['action'], about['topics']
    lines = [f"{about['frames']} frames of {topics['image']} in {about['episodes']} episodes, "
             f"{about['held_out_frames']} of {about['held_out_episodes']} held out; an action "
             f"of {topics['action']} every {action['period_s']:.4g} s:"]
    lines += [f'  {name} {low:g} to {high:g} {unit}' for name, unit, low, high in zip(
        action['names'], action['units'], action['low'], action['high'], strict=True)]
    lines += [f'  {what}: {number}' for what, number in about['noted'].items()]
    return lines
