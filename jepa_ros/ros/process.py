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

"""A node's process: spin until SIGINT or SIGTERM, then close in order and exit with 0."""

from collections.abc import Callable
import os
import threading
import traceback
from typing import Protocol

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from jepa_ros.ros import signals
from jepa_ros.ros.security import check_security

# How long a signal may wait for the executor to look up.
_WAKE_S = 0.1
# So many callbacks in a row may fail before the process ends.
_MOST_ERRORS = 10

STEADY = Clock(clock_type=ClockType.STEADY_TIME)


def steady_s() -> float:
    """Return seconds on a clock that neither jumps nor follows simulated time."""
    return STEADY.now().nanoseconds * 1e-9


def now_s(node: Node) -> float:
    """Return the node's time in seconds: that of the system, or simulated time."""
    return node.get_clock().now().nanoseconds * 1e-9


class NodeEndsError(RuntimeError):
    """What a callback raises so that the node's process ends, with exit code 1."""


class Closing(Protocol):
    """A node that has something to do before it goes."""

    def close(self) -> None:
        """Say the last words, such as a zero command; everything still works when it is called."""


def run(make: Callable[[], Node], until: threading.Event | None = None) -> int:
    """
    Make a node and spin it until SIGINT, SIGTERM or ``until``; return the exit code.

    rclpy's own signal handlers would shut the context down first, and a last zero command
    could no longer be sent; so the signals only ask this loop to end.  An error in a callback is
    logged and survived, but for NodeEndsError, and for ten in a row.
    """
    asked_to_stop = signals.hear()
    if asked_to_stop.is_set():
        return 0
    until = until or asked_to_stop
    logger = rclpy.logging.get_logger('jepa_ros')
    try:
        remark = check_security(os.environ)
        if remark:
            logger.warning(remark)
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = make()
    except (ParameterException, ValueError, OSError, RuntimeError) as error:
        logger.fatal(f'cannot start: {error}')
        rclpy.try_shutdown()
        return 1
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    callbacks, code = _Callbacks(executor, node), 0
    try:
        while not (code or asked_to_stop.is_set() or until.is_set()) and rclpy.ok():
            code = callbacks.run_one()
    finally:
        node.close()
        executor.shutdown(timeout_sec=2.0)
        node.destroy_node()
        # a late signal must not change the exit code, neither while rclpy ends nor while the
        # interpreter does
        signals.ignore()
        rclpy.try_shutdown()
    return code


class _Callbacks:
    """
    Run a node's callbacks; an error in one is logged and survived.

    A request that rclpy cannot digest must not take the robot's stop away.
    """

    def __init__(self, executor: SingleThreadedExecutor, node: Node) -> None:
        self._executor, self._node = executor, node
        self._errors = 0        # in a row

    def run_one(self) -> int:
        """Wait for one and run it; return 1 where the process is to end, 0 where it goes on."""
        try:
            self._executor.spin_once(timeout_sec=_WAKE_S)
        except NodeEndsError as error:
            self._node.get_logger().fatal(f'stopping: {error}')
            return 1
        except Exception:
            self._errors += 1
            self._node.get_logger().error(f'error in a callback:\n{traceback.format_exc()}')
            if self._errors < _MOST_ERRORS and not self._stuck():
                return 0
            self._node.get_logger().fatal(f'stopping: {self._errors} errors in a row, '
                                          f'limit {_MOST_ERRORS}, or none can follow')
            return 1
        self._errors = 0
        return 0

    def _stuck(self) -> bool:
        """Tell whether callbacks wait for one that will never end: its message was none."""
        return getattr(self._node.default_callback_group, '_active_entity', None) is not None
