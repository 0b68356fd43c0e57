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

"""Which topics of a bag hold pictures, commands and odometry: named, or the only candidate."""

from collections.abc import Sequence
from pathlib import Path

from jepa_ros.bags.commands import COMMANDS, STATES
from jepa_ros.bags.pictures import PICTURES
from jepa_ros.bags.reader import listed

ODOMETRY = 'nav_msgs/msg/Odometry'
Topics = dict[str, tuple[str, int]]


def image_topic(found: Topics, named: str | None, bag: Path) -> str:
    """Return the topic of the pictures; ValueError names those that there are."""
    return _topic(found, named, bag, PICTURES, 'pictures', '--image')


def action_topic(found: Topics, named: str | None, bag: Path) -> str:
    """
    Return the topic of the commands; ValueError names those that there are.

    Joint states count only where they are named, or where a bag has no commands at all.
    """
    guess = COMMANDS if any(kind in COMMANDS for kind, _ in found.values()) else STATES
    return _topic(found, named, bag, COMMANDS + STATES, 'commands', '--action', guess)


def odometry_topic(found: Topics, named: str | None, bag: Path) -> str | None:
    """Return the topic of the odometry, used only where it is named; ValueError if not there."""
    return named and _topic(found, named, bag, (ODOMETRY,), 'odometry', '--odom')


def _topic(found: Topics, named: str | None, bag: Path, kinds: Sequence[str], what: str,
           option: str, guess: Sequence[str] | None = None) -> str:
    if named is not None:
        if named not in found:
            raise ValueError(f'{bag} has no topic {named}; it has {listed(found)}')
        if found[named][0] not in kinds:
            raise ValueError(f'{named} in {bag} holds {found[named][0]}, must be '
                             f'{" or ".join(kinds)}')
        return named
    there = [name for name, (kind, _) in found.items() if kind in (guess or kinds)]
    # what never spoke is no candidate beside what did
    there = [name for name in there if found[name][1] != 0] or there
    if len(there) == 1:
        return there[0]
    raise ValueError(f'{bag} has {len(there)} topics with {what}, name one with {option}; '
                     f'it has {listed(found)}')
