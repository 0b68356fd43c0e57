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

"""Links of the live graph that can be bent: what comes in is handed on, as a fault wants it."""

from collections.abc import Callable, Iterable
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_seconds

# Takes a message, which it may change, and returns what is to be sent in its place.
Bend = Callable[[Any], Iterable[Any]]


def straight(message: Any) -> Iterable[Any]:
    """Hand a message on as it is."""
    return (message,)


class Link:
    """A topic on its way from one node to another, through the ``bend``."""

    def __init__(self, node: Node, kind: type, ends: tuple[str, str], profiles: tuple) -> None:
        self.kind = kind
        self._bend: Bend = straight
        self.sent_s: list[float] = []           # system time
        self.bent_s = math.inf                  # the first message of the present bend
        self.newest: Any = None                             # as it came
        self._output = node.create_publisher(kind, ends[1], profiles[1])
        node.create_subscription(kind, ends[0], self._hand_on, profiles[0])

    @property
    def bend(self) -> Bend:
        """Return what happens to each message."""
        return self._bend

    @bend.setter
    def bend(self, bend: Bend) -> None:
        self.bent_s, self._bend = math.inf, bend

    def _hand_on(self, message: Any) -> None:
        bend, self.newest = self._bend, message
        if self.bent_s == math.inf and bend is not straight:
            self.bent_s = time.time()
        for sent in bend(message):
            self.send(sent)

    def clear(self) -> None:
        """Forget when messages were sent, but for the newest."""
        del self.sent_s[:-1]

    def send(self, message: Any) -> None:
        """Send a message to the far end, whatever the bend."""
        self._output.publish(message)
        self.sent_s.append(time.time())

    @property
    def listeners(self) -> int:
        """Return how many hear the far end."""
        return self._output.get_subscription_count()


class Relay(Node):
    """Stand between simulator, planner and gate; ``direct`` leaves the last two to themselves."""

    def __init__(self, stamped: bool, direct: bool) -> None:
        super().__init__('relay')
        kind = TwistStamped if stamped else Twist
        self.clock = Link(self, Clock, ('sim_clock', '/clock'), (qos.SENSOR, qos.SENSOR))
        self.camera = Link(self, Image, ('camera/image_raw', 'faulty/image'),
                           (qos.SENSOR, qos.CAMERA))
        self.links = [self.clock, self.camera]
        if not direct:
            self.command = Link(self, kind, ('cmd_vel_nav', 'faulty/cmd_vel_nav'),
                                (qos.COMMAND, qos.COMMAND))
            self.status = Link(self, DiagnosticStatus, ('planner_node/status', 'faulty/status'),
                               (qos.LATCHED, qos.LATCHED))
            self.links += [self.command, self.status]

    @property
    def now_s(self) -> float:
        """Return the simulator's time, as it came."""
        return to_seconds(self.clock.newest.clock) if self.clock.newest else 0.0

    def straighten(self) -> None:
        """End every bend."""
        for link in self.links:
            link.bend = straight
