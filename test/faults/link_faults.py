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


"""Faults between the planner and the gate: commands, and the status behind them."""

from collections.abc import Callable, Iterable
import math
from typing import Any

import bends
from diagnostic_msgs.msg import DiagnosticStatus
from fault import Act, Ends, Fault, Graph
from geometry_msgs.msg import Twist, TwistStamped
from live_graph import LiveGraph
from relay import Bend

from jepa_ros.ros import qos

LINK = 'link'


def straight(graph: LiveGraph) -> None:
    """End every bend."""
    graph.relay.straighten()


def fault(name: str, inject: Act, heal: Act = straight, ends: Ends = Ends.BY_ITSELF,
          **more: Any) -> Fault:
    """Return a fault of the link."""
    return Fault(name, LINK, inject, heal, ends, **more)


def command(make: Callable[[], Bend]) -> Act:
    """Return what bends the commands."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.command.bend = make()
    return inject


def status(make: Callable[[], Bend]) -> Act:
    """Return what bends the status."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.status.bend = make()
    return inject


def stamped(name: str, make: Callable[[], Bend], **more: Any) -> Fault:
    """Return a fault of commands that carry a stamp."""
    return fault(name, command(make), graph=Graph.STAMPED, **more)


def told(speed: float | None, turn: float | None = None) -> Bend:
    """Put other numbers into each command."""
    def change(message: Any) -> None:
        twist = message.twist if isinstance(message, TwistStamped) else message
        if speed is not None:
            twist.linear.x = speed
        if turn is not None:
            twist.angular.z = turn
    return bends.changed(change)


def jerked() -> Bend:
    """Turn each second command round."""
    sign = 1.0

    def change(message: Twist) -> None:
        nonlocal sign
        sign = -sign
        message.linear.x, message.angular.z = sign * 0.6, sign * 1.5
    return bends.changed(change)


def value(key: str, text: str | Callable[[str], str] | None) -> Bend:
    """Change a value of the status; None leaves it out."""
    def change(message: DiagnosticStatus) -> None:
        for item in message.values:
            if item.key == key and text is not None:
                item.value = text if isinstance(text, str) else text(item.value)
        if text is None:
            message.values = [item for item in message.values if item.key != key]
    return bends.changed(change)


def later(by_s: float) -> Callable[[str], str]:
    """Return what shifts a number of seconds."""
    return lambda text: f'{float(text) + by_s:.9f}'


def word(text: str) -> Bend:
    """Say another word."""
    def change(message: DiagnosticStatus) -> None:
        message.message = text
    return bends.changed(change)


def late_together(by_s: float) -> Act:
    """Return what delays commands and status alike, as a slow network does."""
    def inject(graph: LiveGraph) -> None:
        graph.relay.command.bend = bends.delayed(by_s)
        graph.relay.status.bend = bends.delayed(by_s)
    return inject


def rogue(graph: LiveGraph) -> None:
    """Publish commands of one's own beside the planner's."""
    publisher = graph.tools.create_publisher(Twist, 'faulty/cmd_vel_nav', qos.COMMAND)
    twist = Twist()
    twist.linear.x = 0.5
    graph.every(0.05, lambda: publisher.publish(twist))
    graph.at_end(lambda: graph.tools.destroy_publisher(publisher))


def lurker(graph: LiveGraph) -> None:
    """Only announce a second publisher, which may speak at any time."""
    publisher = graph.tools.create_publisher(Twist, 'faulty/cmd_vel_nav', qos.COMMAND)
    graph.at_end(lambda: graph.tools.destroy_publisher(publisher))


def end_rogue(graph: LiveGraph) -> None:
    """Let it go."""
    graph.quiet()


def cut_all(graph: LiveGraph) -> None:
    """Let nothing through, on no link but that of the clock."""
    for link in (graph.relay.camera, graph.relay.command, graph.relay.status):
        link.bend = bends.drop


def twice(_: Any) -> Iterable[Any]:
    """Send each message twice."""
    return bends.times(2)(_)


FAULTS = (
    fault('commands_silent', command(lambda: bends.drop), hold_s=2.4, often=True),
    fault('commands_nan', command(lambda: told(math.nan)), often=True),
    fault('commands_turn_nan', command(lambda: told(None, math.nan))),
    fault('commands_inf', command(lambda: told(math.inf))),
    fault('commands_minus_inf', command(lambda: told(-math.inf, -math.inf))),
    fault('commands_nan_once', command(lambda: bends.once(told(math.nan))), pulse=True),
    fault('commands_beyond_float32', command(lambda: told(1e300))),
    fault('commands_too_fast', command(lambda: told(5.0, -9.0)), ends=Ends.DRIVES_ON,
          often=True),
    fault('commands_jerk', command(jerked), ends=Ends.EITHER),
    fault('commands_twice', command(lambda: twice), ends=Ends.DRIVES_ON),
    fault('commands_one_lost', command(lambda: bends.once(bends.drop)), ends=Ends.DRIVES_ON),
    fault('commands_at_2_hz', command(lambda: bends.each_nth(10)), hold_s=1.5),
    fault('link_late_by_0.5_s', late_together(0.5), hold_s=1.2),
    fault('link_cut_everywhere', cut_all),
    fault('status_silent', status(lambda: bends.drop), often=True),
    fault('status_idle', status(lambda: word('idle'))),
    fault('status_unknown_word', status(lambda: word('flying'))),
    fault('status_frame_1_s_old', status(lambda: value('frame_stamp', later(-1.0))),
          often=True),
    fault('status_frame_1_s_ahead', status(lambda: value('frame_stamp', later(1.0)))),
    fault('status_frame_nan', status(lambda: value('frame_stamp', 'nan'))),
    fault('status_frame_no_number', status(lambda: value('frame_stamp', 'now'))),
    fault('status_frame_missing', status(lambda: value('frame_stamp', None))),
    fault('status_of_another_run', status(lambda: value('run', 'another')),
          ends=Ends.AFTER_RESET),
    fault('second_publisher', rogue, end_rogue, often=True),
    fault('second_publisher_silent', lurker, end_rogue),
    stamped('stamped_commands_zero', lambda: bends.stamped_zero, often=True),
    stamped('stamped_commands_1_s_old', lambda: bends.shifted(-1.0)),
    stamped('stamped_commands_1_s_ahead', lambda: bends.shifted(1.0)),
    stamped('stamped_commands_backwards', lambda: bends.stamped_backwards(0.05)),
    stamped('stamped_commands_stand', bends.stamped_as_first),
    stamped('stamped_commands_late', lambda: bends.delayed(0.5), hold_s=1.2),
    stamped('stamped_commands_nan', lambda: told(math.nan)),
    Fault('stamped_camera_silent', LINK, lambda g: setattr(g.relay.camera, 'bend', bends.drop),
          straight, graph=Graph.STAMPED),
)
