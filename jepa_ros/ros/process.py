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

STEADY = Clock(clock_type=ClockType.STEADY_TIME)


def steady_s() -> float:
    """Return seconds on a clock that neither jumps nor follows simulated time."""
    return STEADY.now().nanoseconds * 1e-9


def now_s(node: Node) -> float:
    """Return the node's time in seconds: that of the system, or simulated time."""
    return node.get_clock().now().nanoseconds * 1e-9


class Closing(Protocol):
    """A node that has something to do before it goes."""

    def close(self) -> None:
        """Say the last words, such as a zero command; everything still works when it is called."""


def run(make: Callable[[], Node], until: threading.Event | None = None) -> int:
    """
    Make a node and spin it until SIGINT, SIGTERM or ``until``; return the exit code.

    rclpy's own signal handlers would shut the context down first, and a last zero command
    could no longer be sent; so the signals only ask this loop to end.
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
    code = 0
    try:
        while not (asked_to_stop.is_set() or until.is_set()) and rclpy.ok():
            executor.spin_once(timeout_sec=_WAKE_S)
    except Exception:
        logger.fatal(f'stopping after an error in a callback:\n{traceback.format_exc()}')
        code = 1
    finally:
        node.close()
        executor.shutdown(timeout_sec=2.0)
        node.destroy_node()
        # a late signal must not change the exit code, neither while rclpy ends nor while the
        # interpreter does
        signals.ignore()
        rclpy.try_shutdown()
    return code
