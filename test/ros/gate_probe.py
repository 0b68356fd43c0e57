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

"""The other end of the command gate, for tests of it."""


from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from graph import Probe, wait_for
import numpy as np

from jepa_ros.core.monitor import Reason
from jepa_ros.ros import messages, qos
from jepa_ros.ros.messages import from_twist, status_value, to_command_message, to_status

GATE = 'jepa_ros.ros.command_gate'
PERIOD_S = 0.05


class Planner:
    """The other end of the gate: sends commands and status, hears what comes out."""

    def __init__(self, probe: Probe, stamped: bool = False, now_s=None) -> None:
        self._now_s = now_s or (lambda: probe.node.get_clock().now().nanoseconds * 1e-9)
        self.command = np.zeros(2)
        self.word = 'idle'
        self.run = 'one'
        self.speaking = True
        self.command_age_s = self.frame_age_s = 0.0
        self._probe, self._stamped = probe, stamped
        kind = TwistStamped if stamped else Twist
        self.out = probe.listen(kind, 'cmd_vel', qos.COMMAND)
        self.state = probe.listen(DiagnosticStatus, 'command_gate/state', qos.LATCHED)
        self._commands = probe.publisher(kind, 'cmd_vel_nav', qos.COMMAND)
        self._status = probe.publisher(DiagnosticStatus, 'planner_node/status', qos.LATCHED)
        probe.every(PERIOD_S, self._speak)

    def _speak(self) -> None:
        if not self.speaking:
            return
        now = self._now_s()
        self._status.publish(to_status('planner', DiagnosticStatus.OK, self.word, '',
                                       {'frame_stamp': now - self.frame_age_s,
                                        'run': self.run}))
        self._commands.publish(to_command_message(
            self.command, messages.to_stamp(now - self.command_age_s), 'base_link',
            self._stamped))

    def wait_state(self, state: str, number: int | None = None) -> DiagnosticStatus:
        """Wait until the gate says that it is in a state, for a reason of that number."""
        return wait_for(lambda: next((
            s for s in self.state[-1:] if s.message == state
            and number in (None, status_value(s, 'reason_number'))), None), f'{state} {number}')

    def wait_refused(self, number: int) -> DiagnosticStatus:
        """
        Wait until the gate does not move for a reason of that number.

        Where the machine stood still just before, it stopped for that, and waits for this.
        """
        return wait_for(lambda: next((
            s for s in self.state[-1:] if s.message in ('stopped', 'waiting')
            and status_value(s, 'reason_number') == number), None), f'refused for {number}')

    def drive(self, speed: float, turn: float) -> None:
        """Drive, once the gate has heard that nothing drives."""
        self.wait_state('waiting', Reason.PLANNER)
        self.command, self.word = np.array([speed, turn]), 'driving'
        self.wait_out(speed, turn)

    def wait_out(self, speed: float, turn: float) -> None:
        """Wait until a command comes out."""
        wait_for(lambda: self.out and np.allclose(from_twist(self.out[-1]), (speed, turn)),
                 f'command ({speed}, {turn})')
