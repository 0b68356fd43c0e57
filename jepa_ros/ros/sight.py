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

"""What can be seen of a ROS graph from outside, as frozen values; they go through JSON."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """
    What to look at.

    ``image``: a topic, '' for the one that is found; ``commands``: topics of commands, the last
    the robot's; ``seconds`` to look for; names resolve in ``namespace``.
    """

    image: str
    commands: tuple[str, ...]
    seconds: float
    namespace: str = ''


@dataclass(frozen=True)
class End:
    """A publisher or a subscription: whose, and of which type."""

    node: str
    kind: str


@dataclass(frozen=True)
class Topic:
    """The ends of a topic; ``mismatches`` in words, each of a publisher that is not heard."""

    name: str
    publishers: tuple[End, ...]
    subscribers: tuple[End, ...]
    mismatches: tuple[str, ...]


@dataclass(frozen=True)
class Frames:
    """
    The pictures that came on a topic, ``compressed`` or not.

    ``rate_hz`` and ``age_s`` (median, from the stamp, by the clock of ``sim_time`` or the
    system's) are NaN without enough frames; ``trouble``: why a picture is none, '' if it is one.
    """

    topic: str
    compressed: bool
    count: int
    rate_hz: float
    age_s: float
    encoding: str
    width: int
    height: int
    trouble: str


@dataclass(frozen=True)
class Clock:
    """
    Who publishes /clock, at what rate in Hz, and which nodes follow it.

    ``silent`` are nodes that did not say.
    """

    publishers: tuple[str, ...]
    rate_hz: float
    followers: tuple[str, ...]
    others: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """All that was seen; ``pictures`` are the topics of pictures that somebody publishes."""

    rmw: str
    secure: bool
    nodes: tuple[str, ...]
    pictures: tuple[str, ...]
    image: Topic | None
    frames: tuple[Frames, ...]
    topics: tuple[Topic, ...]
    clock: Clock


def sight_of(told: dict[str, Any]) -> Sight:
    """Return what JSON made of a Sight."""
    image = told['image']
    return Sight(
        rmw=told['rmw'], secure=told['secure'], nodes=tuple(told['nodes']),
        pictures=tuple(told['pictures']), image=None if image is None else _topic(image),
        frames=tuple(Frames(**frames) for frames in told['frames']),
        topics=tuple(map(_topic, told['topics'])),
        clock=Clock(**{key: tuple(value) if isinstance(value, list) else value
                       for key, value in told['clock'].items()}))


def _topic(told: dict[str, Any]) -> Topic:
    return Topic(told['name'], *(tuple(End(**end) for end in told[key])
                                 for key in ('publishers', 'subscribers')),
                 tuple(told['mismatches']))
