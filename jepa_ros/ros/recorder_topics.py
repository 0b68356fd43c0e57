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

"""The topics of a recording: found on the graph, heard as their publishers offer them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import time

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription

from jepa_ros.ros.bag_thread import Topic
from jepa_ros.ros.bag_types import definition, matching, message_class, profiles_text

# So many messages wait while the interpreter is busy elsewhere.
_DEPTH = 100


@dataclass(frozen=True)
class Heard:
    """A topic that has a publisher, and how it is listened to."""

    topic: Topic
    profile: QoSProfile
    subscription: Subscription


class RecorderTopics:
    """
    Subscribe to topics as soon as somebody publishes them, serialised, in the node's own names.

    ``take`` is called with the topic, each message as it came, and when the middleware received
    it, in ns on the system's clock.
    """

    def __init__(self, node: Node, names: Sequence[str],
                 take: Callable[[Topic, bytes, int], None]) -> None:
        self._node, self._take = node, take
        self.names = [node.resolve_topic_name(name) for name in names if name]
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if not self.names or twice:
            raise ValueError(f'topics are named twice: {", ".join(twice)}' if twice else
                             'topics is empty; name at least one topic to record')
        self._heard: dict[str, Heard] = {}

    @property
    def missing(self) -> list[str]:
        """Return the topics that nobody has published yet."""
        return [name for name in self.names if name not in self._heard]

    def kinds(self) -> dict[str, str]:
        """Return the types of the topics that somebody has published, by name."""
        return {name: heard.topic.kind for name, heard in self._heard.items()}

    def look(self) -> None:
        """
        Look for publishers; listen to those that came.

        ValueError where two publish different types, or a type is not installed.
        """
        for name in self.names:
            found = self._node.get_publishers_info_by_topic(name)
            if not found:
                continue
            kinds = sorted({info.topic_type for info in found})
            if len(kinds) > 1:
                raise ValueError(f'{name} is published as {" and as ".join(kinds)}; '
                                 'a bag holds one type of a topic')
            profiles = [info.qos_profile for info in found]
            profile = matching(profiles, _DEPTH)
            heard = self._heard.get(name)
            if heard is None:
                topic = Topic(name, kinds[0], *definition(kinds[0]), profiles_text(profiles),
                              profile.durability == DurabilityPolicy.TRANSIENT_LOCAL)
            elif kinds[0] != heard.topic.kind:
                raise ValueError(f'{name} was {heard.topic.kind} and is now {kinds[0]}; '
                                 'a bag holds one type of a topic')
            elif _same(profile, heard.profile):
                continue
            else:       # a publisher came that could not be heard as before
                topic = heard.topic
                self._node.destroy_subscription(heard.subscription)
            self._heard[name] = Heard(topic, profile, self._listen(topic, profile))

    def _listen(self, topic: Topic, profile: QoSProfile) -> Subscription:
        def on_message(data: bytes, info: Mapping[str, int]) -> None:
            self._take(topic, data, received_ns(info))

        return self._node.create_subscription(
            message_class(topic.kind), topic.name, on_message, profile, raw=True)


def received_ns(info: Mapping[str, int]) -> int:
    """Return when a message came; now, where the middleware does not say."""
    return info['received_timestamp'] or time.time_ns()


def _same(one: QoSProfile, other: QoSProfile) -> bool:
    return (one.reliability, one.durability) == (other.reliability, other.durability)
