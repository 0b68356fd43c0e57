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

"""The last node before the wheels: a command passes only while everything behind it is fresh."""

import math
import sys
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
import numpy as np
from std_srvs.srv import SetBool, Trigger

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateOutput
from jepa_ros.ros import messages, params, qos
from jepa_ros.ros.lifecycle import ManagedNode
from jepa_ros.ros.process import now_s, run, STEADY, steady_s
from jepa_ros.types import Status

TABLE = (
    params.Entry('max_speed_m_s', 0.6, 'm/s', 'linear.x is clamped to this, both ways',
                 0.01, 10.0),
    params.Entry('max_turn_rad_s', 1.5, 'rad/s', 'angular.z is clamped to this, both ways',
                 0.01, 20.0),
    params.Entry('timeout_s', GateConfig.timeout_s, 's', 'zero when commands stop for this long',
                 0.02, 5.0),
    params.Entry('max_frame_age_s', GateConfig.max_frame_age_s, 's',
                 'zero when the frame behind a command, or its stamp, is older', 0.02, 5.0),
    params.Entry('zero_repeat_s', GateConfig.zero_repeat_s, 's', 'zero is repeated this long',
                 0.1, 60.0),
    params.Entry('rate_hz', float(GateConfig.rate_hz), 'Hz', 'checks and commands in a second',
                 5.0, 200.0),
    params.Entry('fresh_commands', GateConfig.fresh_commands, 'count',
                 'fresh commands in a row before motion resumes', 1, 100),
    params.Entry('stamped', False, 'bool', 'cmd_vel_nav and cmd_vel are TwistStamped, not Twist'),
    params.Entry('frame_id', 'base_link', 'name', 'frame of a stamped command'),
)


def gate_config(values: dict[str, Any]) -> GateConfig:
    """Return the gate's configuration; ValueError names a wrong value and its limit."""
    high = (values['max_speed_m_s'], values['max_turn_rad_s'])
    return GateConfig(
        low=tuple(-h for h in high), high=high,
        **{name: values[name] for name in ('timeout_s', 'max_frame_age_s', 'zero_repeat_s',
                                           'rate_hz', 'fresh_commands')})


class CommandGate(ManagedNode):
    """
    Forward fresh commands within limits, and zero in every other case.

    It is a process of its own, so that it outlives the planner.  Everything is judged on a
    steady clock: a stamp counts by its age on arrival, so stopped simulated time stops the robot.
    """

    def __init__(self) -> None:
        super().__init__('command_gate')
        params.declare(self, TABLE)
        params.guard(self, TABLE, gate_config,
                     lambda: [e.name for e in TABLE] if self.configured else ())
        self._state = self.create_publisher(DiagnosticStatus, '~/state', qos.LATCHED)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self.create_subscription(DiagnosticStatus, 'planner_node/status', self._on_status,
                                 qos.LATCHED)
        self.create_service(SetBool, '~/stop', self._on_stop)
        self.create_service(Trigger, '~/reset', self._on_reset)
        self.create_timer(1.0, self._publish_diagnostics, clock=STEADY)
        self._gate: Gate | None = None
        self._active = False
        self._said = ('inactive', '')

    # -- lifecycle

    def configure(self) -> None:
        """Make the gate and the topics that the parameters name."""
        values = params.values(self, TABLE)
        self._config = gate_config(values)
        self._gate = Gate(self._config)
        kind = TwistStamped if values['stamped'] else Twist
        self._stamped, self._frame_id = values['stamped'], values['frame_id']
        self._output = self.create_lifecycle_publisher(kind, 'cmd_vel', qos.COMMAND)
        self._input = self.create_subscription(kind, 'cmd_vel_nav', self._on_command, qos.COMMAND)
        self._watchdog = self.create_timer(1.0 / values['rate_hz'], self._tick, clock=STEADY)

    def activate(self) -> None:
        """Begin to forward; nothing passes before fresh commands come."""
        self._active = True
        self._say('waiting', 'activated')

    def deactivate(self) -> None:
        """Send zero and forward no more."""
        self._active = False
        self._publish(np.zeros(2))
        self._say('inactive', 'deactivated')

    def cleanup(self) -> None:
        """Remove what configure made."""
        if self._gate is None:
            return
        self._gate = None
        self.destroy_timer(self._watchdog)
        self.destroy_subscription(self._input)
        self.destroy_lifecycle_publisher(self._output)

    # -- commands

    def _to_steady(self, stamp_s: float) -> float:
        """Return the steady time at which something with this stamp was as old as it is now."""
        return steady_s() - (now_s(self) - stamp_s)

    def _on_command(self, message: Twist | TwistStamped) -> None:
        if not self._active:
            return
        stamp_s = steady_s()
        if isinstance(message, TwistStamped):
            stamp_s = self._to_steady(messages.to_seconds(message.header.stamp))
        self._gate.on_command(messages.from_twist(message), stamp_s, steady_s())
        self._tick()

    def _on_status(self, status: DiagnosticStatus) -> None:
        if self._active:
            frame_s = messages.status_value(status, 'frame_stamp')
            self._gate.on_status(
                status.message == Status.DRIVING.value,
                self._to_steady(frame_s) if math.isfinite(frame_s) else -math.inf, steady_s())

    def _tick(self) -> None:
        if not self._active:
            return
        output: GateOutput = self._gate.tick(steady_s())
        if output.command is not None:
            self._publish(output.command)
        self._say(getattr(output.state, 'value', output.state), output.reason)

    def _publish(self, command: np.ndarray) -> None:
        # in the message's own precision: float32 rounds a limit of 0.6 up
        exact = np.clip(np.float64(command), self._config.low, self._config.high)
        self._output.publish(messages.to_command_message(
            exact, self.get_clock().now().to_msg(), self._frame_id, self._stamped))

    # -- services and state

    def _on_stop(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if not self._active:
            response.message = 'the node is not active'
            return response
        self._gate.stop(request.data)
        self._tick()
        response.success, response.message = True, self._said[0]
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._active:
            response.message = 'the node is not active'
            return response
        self._gate.reset()
        self._tick()
        response.success, response.message = True, self._said[0]
        return response

    def _say(self, state: str, reason: str) -> None:
        """Publish the state where its word has changed."""
        changed = state != self._said[0]
        self._said = (state, reason)
        if changed:
            self._state.publish(self._message())
            self.get_logger().info(f'{state}: {reason}' if reason else state)

    def _message(self) -> DiagnosticStatus:
        state, reason = self._said
        level = DiagnosticStatus.WARN if state in ('stopped', 'latched') else DiagnosticStatus.OK
        return messages.to_status(f'{self.get_name()}: gate', level, state, '',
                                  {'reason': reason})

    def _publish_diagnostics(self) -> None:
        self._diagnostics.publish(messages.to_diagnostics(
            self.get_clock().now().to_msg(), self._message()))


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(CommandGate)


if __name__ == '__main__':
    sys.exit(main())
