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

"""Which clock the nodes of a graph follow: their use_sim_time, and whether /clock ticks."""

import math
import time
from typing import Any

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rosgraph_msgs.msg import Clock as ClockMessage

from jepa_ros.ros import qos
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.process import steady_s
from jepa_ros.ros.sight import Clock

_CLOCK = '/clock'
_SERVICE = '/get_parameters'
_PARAMETER = 'use_sim_time'


class ClockWatch:
    """Listen to /clock, and ask every node whether it follows it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._ticks_s: list[float] = []
        self._time_s = math.nan
        self._asked: dict[str, Any] = {}
        node.create_subscription(ClockMessage, _CLOCK, self._on_clock, qos.SENSOR)

    def _on_clock(self, message: ClockMessage) -> None:
        self._ticks_s.append(steady_s())
        self._time_s = to_seconds(message.clock)

    def now_s(self) -> float:
        """Return simulated time where it ticks, else the system's, in s."""
        return self._time_s if self._ticks_s else time.time()

    def ask(self) -> None:
        """Ask every node with parameters; the answers come while the executor spins."""
        for name, kinds in self._node.get_service_names_and_types():
            if name.endswith(_SERVICE) and 'rcl_interfaces/srv/GetParameters' in kinds:
                client = self._node.create_client(GetParameters, name)
                self._asked[name.removesuffix(_SERVICE)] = client.call_async(
                    GetParameters.Request(names=[_PARAMETER]))

    def clock(self) -> Clock:
        """Return what was heard and answered."""
        ticks_s, count = self._ticks_s, len(self._ticks_s)
        said: dict[bool | None, list[str]] = {True: [], False: [], None: []}
        for name, future in sorted(self._asked.items()):
            said[_value(future)].append(name)
        publishers = {f'{e.node_namespace.rstrip("/")}/{e.node_name}'
                      for e in self._node.get_publishers_info_by_topic(_CLOCK)}
        rate_hz = (count - 1) / (ticks_s[-1] - ticks_s[0]) if count > 2 else math.nan
        return Clock(tuple(sorted(publishers)), rate_hz, tuple(said[True]), tuple(said[False]),
                     tuple(said[None]))


def _value(future: Any) -> bool | None:
    """Return what a node said of use_sim_time; None where it did not answer."""
    if not future.done() or future.exception() is not None or not future.result().values:
        return None
    value = future.result().values[0]
    return value.bool_value if value.type == ParameterType.PARAMETER_BOOL else None
