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

"""What the buttons of the page do: ask the gate to stop, or to undo a stop, until it has."""

import threading
from typing import Any

from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from jepa_ros.ros.process import STEADY, steady_s
from jepa_ros.web.board import Board

# a request may go to a gate that has just come: it is made again, so long
_AGAIN_S, _PATIENCE_S = 0.2, 5.0
# the gate tells of itself once a second
SILENT_S = 3.0
_ENDS = 'jepa watch is about to end'


class WatchDesk:
    """
    Press the gate's stop, and let go of it; the board says how far that is.

    ``stop`` and ``reset`` are called from the server's thread, everything else from the node's.
    A stop that is not answered is sent again; a reset is not, as it must not come late.
    """

    def __init__(self, node: Node, gate: str, board: Board) -> None:
        self._board, self._gate = board, node.resolve_service_name(gate)
        self._stop = node.create_client(SetBool, f'{gate}/stop')
        self._reset = node.create_client(Trigger, f'{gate}/reset')
        self._heard_s = steady_s()
        self._asked_s: float | None = None      # since when a stop waits for an answer
        self._open = True
        self._lock = threading.RLock()
        node.create_timer(_AGAIN_S, self._go_on, clock=STEADY)
        self._tell('')

    def heard(self) -> None:
        """Note that the gate has told of itself."""
        self._heard_s = steady_s()

    def trouble(self) -> str:
        """Return why the gate cannot be relied on to answer; '' where it can."""
        if not self._stop.service_is_ready():
            return f'{self._gate} is not there: no service {self._gate}/stop'
        silent_s = steady_s() - self._heard_s
        if silent_s > SILENT_S:
            return f'{self._gate} has said nothing for {silent_s:.0f} s, limit {SILENT_S:.0f} s'
        return ''

    def stop(self) -> str:
        """Press the stop; return why it could not be sent, '' where it was."""
        with self._lock:
            if not self._open:
                return _ENDS
            self._asked_s = steady_s()
            self._tell('asked')
            return self._press()

    def reset(self) -> str:
        """Let go of the stop and undo its latch; return why that could not be sent."""
        with self._lock:
            if not self._open:
                return _ENDS
            if not (self._stop.service_is_ready() and self._reset.service_is_ready()):
                return self.trouble() or f'no service {self._gate}/reset'
            self._asked_s = None
            self._tell('')
            self._stop.call_async(SetBool.Request(data=False))
            self._reset.call_async(Trigger.Request())
            return ''

    def close(self) -> None:
        """Take no more: the node goes, and what it asks with goes with it."""
        with self._lock:
            self._open = False

    def _press(self) -> str:
        if not self._stop.service_is_ready():
            return self.trouble()
        self._stop.call_async(SetBool.Request(data=True)).add_done_callback(self._on_answer)
        return self.trouble()

    def _on_answer(self, answer: Any) -> None:
        with self._lock:
            if (self._asked_s is not None and answer.exception() is None
                    and answer.result().success):
                self._asked_s = None
                self._tell('answered')

    def _go_on(self) -> None:
        """Press again while nothing has answered."""
        with self._lock:
            if self._asked_s is None:
                return
            if steady_s() - self._asked_s > _PATIENCE_S:
                self._asked_s = None
                self._tell('failed')
            else:
                self._press()

    def _tell(self, stop: str) -> None:
        """Tell the page of the last press: '', asked, answered or failed."""
        self._board.tell('desk', {'stop': stop})
