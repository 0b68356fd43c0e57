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

"""Fuzz what other nodes say: commands, states, and changes of parameters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import math
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from fuzz_run import Target
from geometry_msgs.msg import Twist, TwistStamped
from hypothesis import strategies as st
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from jepa_ros.config import GateConfig
from jepa_ros.ros import command_gate, messages, params, planner_params

_FLOATS = st.floats(allow_subnormal=True) | st.sampled_from(
    [0.0, 1.0, -1.0, 1e308, -1e308, 1e-320, math.nan, math.inf, -math.inf])
_TEXTS = st.text(max_size=12) | st.sampled_from(
    ['1.5', ' 2 ', 'nan', 'inf', '-inf', '1e999', '1_0', '٣', '0x10', '9' * 5000, 'x' * 5000,
     '', '\0', '1\n', 'linear_x', 'linear_y', 'angular_z', 'frame_stamp', 'driving'])
_NAMES = st.lists(st.sampled_from(['linear_x', 'linear_y', 'angular_z', 'angular_x', '', 'é']),
                  max_size=5)


@contextmanager
def commands(folder: Path) -> Iterator[Target]:
    """Twists of any numbers, states of any texts, stamps of any times."""
    def check(value: tuple) -> None:
        numbers, names, stamped, stamp, pairs, key = value
        twist = Twist()
        twist.linear.x, twist.linear.y, twist.angular.z = numbers
        message: Any = twist
        if stamped:
            message = TwistStamped(twist=twist)
            message.header.stamp.sec, message.header.stamp.nanosec = stamp
            assert math.isfinite(messages.to_seconds(message.header.stamp))
        status = DiagnosticStatus(values=[KeyValue(key=k, value=v) for k, v in pairs])
        assert isinstance(messages.status_value(status, key), float)
        messages.check_names(names)
        command = messages.from_twist(message, names)
        assert (command.shape, command.dtype) == ((len(names),), np.float64)
        back = messages.from_twist(messages.to_twist(command, names), names)
        np.testing.assert_array_equal(back, command)

    yield Target('commands', st.tuples(
        st.tuples(_FLOATS, _FLOATS, _FLOATS), _NAMES, st.booleans(),
        st.tuples(st.integers(-2 ** 31, 2 ** 31 - 1), st.integers(0, 2 ** 32 - 1)),
        st.lists(st.tuples(_TEXTS, _TEXTS), max_size=4), _TEXTS), check, (ValueError,), 32.0)


# what a parameter can hold, of every type that there is
_PARAMETERS = (
    st.none() | st.booleans() | st.integers(-2 ** 63, 2 ** 63 - 1) | st.integers(-2, 100)
    | _FLOATS | st.floats(0.0, 2.0) | _TEXTS
    | st.sampled_from(['cem', 'icem', 'mppi', 'openvino', 'auto'])
    | st.lists(st.integers(-2 ** 63, 2 ** 63 - 1) | st.integers(0, 640), max_size=6)
    | st.lists(_FLOATS, max_size=5) | st.lists(st.text(max_size=3), max_size=3)
    | st.lists(st.booleans(), max_size=3) | st.binary(max_size=4).map(lambda b: [b[:1]] * 2))


# a share of a parameter's own range, a little beyond it too
_SHARES = st.tuples(st.floats(-0.05, 1.05))


def _near(entry: params.Entry, share: float) -> Any:
    """Return a value of an entry's own type: in its range, nearly."""
    if isinstance(entry.default, bool):
        return share > 0.5
    if isinstance(entry.default, str):
        return ('cem', 'icem', 'mppi')[int(share * 2.9) % 3] if entry.name == 'planner' else 'a'
    if isinstance(entry.default, list):
        return [int(share * 640)] * 4
    low, high = entry.low or 0.0, entry.high or 1.0
    return type(entry.default)(low + share * (high - low))


def _parameter(name: str, value: Any) -> Parameter:
    """Return a parameter; an empty list and None are of no type that can be guessed."""
    if value is None:
        return Parameter(name, Parameter.Type.NOT_SET)
    if value == []:
        return Parameter(name, Parameter.Type.INTEGER_ARRAY, [])
    return Parameter(name, value=value)


def _apply(node: Node, table: tuple[params.Entry, ...], configs: Callable[[dict], Any],
           changes: list[tuple[int, Any]]) -> None:
    """Set parameters together; whatever comes of it, what is set then makes a configuration."""
    chosen = {}
    for i, value in changes:
        entry = table[i % len(table)]
        chosen[entry.name] = _near(entry, *value) if isinstance(value, tuple) else value
    result = node.set_parameters_atomically([_parameter(n, v) for n, v in chosen.items()])
    now = params.values(node, table)
    try:
        configs(now)
    except ValueError as error:
        raise AssertionError(f'what is set makes no configuration: {error}') from error
    for entry in table:
        value = now[entry.name]
        assert type(value) is type(entry.default) or isinstance(entry.default, list), entry.name
        # rclpy takes what is all but the limit for the limit
        near = 1e-5 * max(abs(entry.low or 0.0), abs(entry.high or 0.0))
        assert entry.low is None or entry.low - near <= value <= entry.high + near, entry.name
    if not result.successful:
        raise ValueError(result.reason)
    # the next input must not depend on this one
    back = node.set_parameters_atomically([Parameter(e.name, value=e.default) for e in table])
    assert back.successful, back.reason


def _planner(values: dict[str, Any]) -> None:
    planner_params.check(values)


def _gate(values: dict[str, Any]) -> None:
    assert isinstance(command_gate.gate_config(values), GateConfig)


@contextmanager
def parameters(folder: Path) -> Iterator[Target]:
    """Set any parameters of planner and gate to anything, together, in nodes that are real."""
    context = rclpy.context.Context()
    rclpy.init(context=context)
    pairs = []
    for name, table, check in (('fuzzed_planner', planner_params.TABLE, _planner),
                               ('fuzzed_gate', command_gate.TABLE, _gate)):
        node = Node(name, context=context)
        params.declare(node, table)
        params.guard(node, table, check)
        pairs.append((node, tuple(table), check))

    def apply(value: tuple) -> None:
        which, changes = value
        _apply(*pairs[which], changes)

    try:
        yield Target('parameters', st.tuples(st.integers(0, 1), st.lists(st.tuples(
            st.integers(0, 1000), _SHARES | _PARAMETERS), min_size=1, max_size=5)), apply,
            (ValueError,), 32.0)
    finally:
        for node, _, _ in pairs:
            node.destroy_node()
        rclpy.shutdown(context=context)
