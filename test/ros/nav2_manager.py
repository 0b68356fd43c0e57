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

"""Nav2's lifecycle manager as far as a launch needs it: up, in order, and no bonds."""

import time

from graph import MEETING_S
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter


class LifecycleManager(Node):
    """Configure every node in order, then activate every node in order."""

    def __init__(self) -> None:
        super().__init__('lifecycle_manager')
        self.declare_parameter('node_names', Parameter.Type.STRING_ARRAY)
        self.declare_parameter('autostart', False)
        self.declare_parameter('bond_timeout', 4.0)

    def bring_up(self, executor: SingleThreadedExecutor) -> None:
        """Start all; RuntimeError names the one that did not, or that has no bond."""
        if not self.get_parameter('autostart').value:
            return
        names = self.get_parameter('node_names').value
        for number, state in (
                (Transition.TRANSITION_CONFIGURE, State.PRIMARY_STATE_INACTIVE),
                (Transition.TRANSITION_ACTIVATE, State.PRIMARY_STATE_ACTIVE)):
            for name in names:
                self._ask(executor, ChangeState, f'{name}/change_state', ChangeState.Request(
                    transition=Transition(id=number)))
                answer = self._ask(executor, GetState, f'{name}/get_state', GetState.Request())
                if answer.current_state.id != state:
                    raise RuntimeError(f'{name} is {answer.current_state.label}')
        if self.get_parameter('bond_timeout').value > 0.0:
            raise RuntimeError('no bond: bond_timeout must be 0.0')
        self.get_logger().info('Managed nodes are active')

    def _ask(self, executor: SingleThreadedExecutor, kind: type, name: str, request: object
             ) -> object:
        client = self.create_client(kind, name)
        client.wait_for_service()
        # a server answers nobody before it has met the client, and a change is asked for once:
        # whether it happened the state tells
        time.sleep(MEETING_S)
        while True:
            future = client.call_async(request)
            executor.spin_until_future_complete(future, timeout_sec=5.0)
            if future.done() or kind is ChangeState:
                self.destroy_client(client)
                return future.result()
