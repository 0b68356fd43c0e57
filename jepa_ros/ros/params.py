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

"""Parameters from one table: described, with unit and range, refused with the reason."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter


@dataclass(frozen=True)
class Entry:
    """
    One parameter of a node.

    ``unit`` is a physical unit, or what the value is ('bool', 'count', 'name').  ``low`` and
    ``high`` bound a number, both included; both are given or neither.  A list has neither.
    """

    name: str
    default: bool | int | float | str | list[int] | list[float] | list[str]
    unit: str
    description: str
    low: float | None = None
    high: float | None = None

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(
            name=self.name, description=f'{self.description} [{self.unit}]')
        if self.low is None or self.high is None:
            return descriptor
        if isinstance(self.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(self.low), to_value=float(self.high))]
        else:
            descriptor.integer_range = [
                IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)]
        return descriptor


def declare(node: Node, table: Sequence[Entry]) -> None:
    """Declare every entry; rclpy refuses a start value of another type or out of its range."""
    for entry in table:
        node.declare_parameter(entry.name, entry.default, entry.descriptor())


def values(node: Node, table: Sequence[Entry]) -> dict[str, Any]:
    """Return the present value of every entry, by name."""
    return {entry.name: node.get_parameter(entry.name).value for entry in table}


def guard(node: Node, table: Sequence[Entry], check: Callable[[dict[str, Any]], None],
          fixed: Callable[[], Collection[str]] = tuple) -> None:
    """
    Refuse changes that ``check`` answers with a ValueError; the old values are kept.

    ``check`` is given all values of the table as they would be after the change.  ``fixed``
    returns the names that cannot change now.
    """
    names = {entry.name for entry in table}

    def on_set(changes: list[Parameter]) -> SetParametersResult:
        changed = {p.name: p.value for p in changes if p.name in names}
        locked = sorted(set(changed) & set(fixed()))
        if locked:
            return SetParametersResult(
                successful=False,
                reason=f'{", ".join(locked)} cannot change once the node is configured; '
                       'clean it up first')
        try:
            check(values(node, table) | changed)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)


def after_change(node: Node, act: Callable[[], object]) -> None:
    """Do something, in the executor's thread, each time that parameters have changed."""
    add = getattr(node, 'add_post_set_parameters_callback', None)
    if add is not None:
        add(lambda _: act())
        return
    # Humble calls back before a change alone: what is triggered then is done after it
    changed = node.create_guard_condition(act)

    def on_set(_: list[Parameter]) -> SetParametersResult:
        changed.trigger()
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(on_set)
