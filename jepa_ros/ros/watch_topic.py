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

"""A subscription to a topic that may be of several types: it is what its publishers say."""

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription


class WatchTopic:
    """Listen to one topic, in the type in which somebody publishes it, of those that are known."""

    def __init__(self, node: Node, name: str, kinds: Mapping[str, type],
                 callback: Callable[[Any], None], profile: QoSProfile) -> None:
        self._node, self._kinds = node, kinds
        self.name = node.resolve_topic_name(name)
        self._callback, self._profile = callback, profile
        self._kind = ''
        self._subscription: Subscription | None = None

    def look(self) -> str:
        """Look for publishers; return what is wrong with them in words, '' for nothing."""
        found = [info.topic_type
                 for info in self._node.get_publishers_info_by_topic(self.name)]
        known = [kind for kind in found if kind in self._kinds]
        if not found:
            return f'nobody publishes {self.name}'
        if not known:
            return (f'{self.name} is published as {found[0]}, must be '
                    f'{" or ".join(sorted(self._kinds))}')
        if self._kind not in known:
            if self._subscription is not None:
                self._node.destroy_subscription(self._subscription)
            self._kind = known[0]
            self._subscription = self._node.create_subscription(
                self._kinds[self._kind], self.name, self._callback, self._profile)
        return ''
