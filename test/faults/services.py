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


"""What can be asked of the nodes: services, lifecycle transitions, parameters."""

from collections.abc import Callable
import time
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

PATIENCE_S = 40.0
# a server that has not yet met the client's reader sends its answer to nobody: asked again
ANSWER_S = 3.0


def wait_for(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait until something is true and return it; AssertionError says what never came."""
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f'{what}: not within {patience_s} s')


class Services:
    """Ask nodes by their services; clients are kept, so that servers know them already."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._clients: dict[str, Any] = {}

    def call(self, kind: type, name: str, request: Any) -> Any:
        """Call a service and return its answer."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self._node.create_client(kind, name)
        wait_for(client.service_is_ready, f'service {name}')
        futures: list[Any] = []
        asked_s = -ANSWER_S

        def answered() -> bool:
            nonlocal asked_s
            if time.monotonic() > asked_s + ANSWER_S:
                futures.append(client.call_async(request))
                asked_s = time.monotonic()
            return any(future.done() for future in futures)

        wait_for(answered, f'an answer of {name}')
        return next(future.result() for future in futures if future.done())

    def trigger(self, name: str) -> Trigger.Response:
        """Call a trigger, such as planner_node/start."""
        return self.call(Trigger, name, Trigger.Request())

    def transition(self, node: str, name: str) -> bool:
        """Ask a lifecycle node for a transition: configure, activate, deactivate, cleanup."""
        number = getattr(Transition, f'TRANSITION_{name.upper()}')
        return self.call(ChangeState, f'{node}/change_state', ChangeState.Request(
            transition=Transition(id=number))).success

    def state(self, node: str) -> str:
        """Return the state of a lifecycle node."""
        return self.call(GetState, f'{node}/get_state', GetState.Request()).current_state.label

    def ensure_active(self, node: str) -> None:
        """Make a lifecycle node active from whatever state a fault has left it in."""
        steps = {'active': [], 'inactive': ['activate'],
                 'unconfigured': ['configure', 'activate']}
        for step in steps[self.state(node)]:
            assert self.transition(node, step), f'{node}: {step} was refused'

    def set_parameter(self, node: str, name: str, value: Any) -> Any:
        """Set a parameter of a node; return its answer."""
        request = SetParameters.Request(parameters=[Parameter(name, value=value)
                                                    .to_parameter_msg()])
        return self.call(SetParameters, f'{node}/set_parameters', request).results[0]
