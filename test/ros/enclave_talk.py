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
A node that speaks or listens in an enclave, in a process of its own, and prints how it went.

Its parameters: ``topic`` (a Twist), ``speak`` or listen; ``call`` (a SetBool service) calls it.
"""

import sys

from geometry_msgs.msg import Twist
from rclpy.node import Node
from std_srvs.srv import SetBool

from jepa_ros.ros.process import run


class Talk(Node):
    """Print 'refused', 'heard 0.25' or 'answered True'; a line each time, at once."""

    def __init__(self) -> None:
        super().__init__('talk')
        for name, default in (('topic', ''), ('speak', False), ('call', '')):
            self.declare_parameter(name, default)
        topic, speak, call = (self.get_parameter(n).value for n in ('topic', 'speak', 'call'))
        try:
            if call:
                self._client = self.create_client(SetBool, call)
                self.create_timer(0.5, self._ask)
            elif speak:
                self._speaker = self.create_publisher(Twist, topic, 1)
                self.create_timer(0.1, self._say)
            else:
                self.create_subscription(Twist, topic, self._on_twist, 1)
        except RuntimeError as error:
            print('refused', error, flush=True)
        print('ready', flush=True)

    def _say(self) -> None:
        message = Twist()
        message.linear.x = 0.25
        self._speaker.publish(message)
        print('said', flush=True)

    def _on_twist(self, message: Twist) -> None:
        print('heard', message.linear.x, flush=True)

    def _ask(self) -> None:
        if self._client.service_is_ready():
            self._client.call_async(SetBool.Request(data=True)).add_done_callback(
                lambda future: print('answered', future.result().success, flush=True))

    def close(self) -> None:
        """Nothing is owed to anyone."""


if __name__ == '__main__':
    sys.exit(run(Talk))
