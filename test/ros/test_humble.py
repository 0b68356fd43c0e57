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

"""What the code does without where a distro, as Humble, has it not."""

from geometry_msgs.msg import Twist
from graph import wait_for
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription

from jepa_ros.ros import command_gate, params, qos
from jepa_ros.ros.gate_commands import GateCommands


@pytest.fixture(params=['as it is', 'as in Humble'])
def distro(request, monkeypatch):
    """Hold the rclpy that is installed, and what is left of it in Humble."""
    if request.param == 'as in Humble':
        monkeypatch.delattr(Node, 'add_post_set_parameters_callback')
        monkeypatch.delattr(Subscription, 'get_publisher_count')
    return request.param


@pytest.fixture
def node(probe, distro):
    """Hold a node that is spun."""
    node = Node('without')
    probe._executor.add_node(node)
    yield node
    probe._executor.remove_node(node)
    node.destroy_node()


def test_it_is_done_after_a_parameter_has_changed(probe, node):
    seen: list[int] = []
    node.declare_parameter('count', 1)
    params.after_change(node, lambda: seen.append(node.get_parameter('count').value))
    for count in (2, 3):
        # as others do, so that it happens in the executor's thread
        answer = probe.call(SetParameters, 'without/set_parameters', SetParameters.Request(
            parameters=[Parameter('count', value=count).to_parameter_msg()]))
        assert answer.results[0].successful
        wait_for(lambda count=count: seen[-1:] == [count], 'what is done')
    assert 1 not in seen


def test_the_gate_counts_those_who_publish_to_it(probe, node):
    params.declare(node, command_gate.TABLE)
    commands = GateCommands(node, params.values(node, command_gate.TABLE), print, print)
    assert commands.count() == 0
    for count in (1, 2):
        probe.publisher(Twist, 'cmd_vel_nav', qos.COMMAND)
        wait_for(lambda count=count: commands.count() == count, f'{count} publishers')
    commands.close()
