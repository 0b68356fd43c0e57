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
import numpy as np
from std_srvs.srv import SetBool, Trigger

from jepa_ros.config import GateConfig
from jepa_ros.core.gate import Gate, GateState
from jepa_ros.core.latch import Latch
from jepa_ros.core.monitor import judge_clock, Reason
from jepa_ros.core.obedience import Obedience, PlannerWord
from jepa_ros.ros import gate_commands, messages, params, qos
from jepa_ros.ros.gate_commands import GateCommands
from jepa_ros.ros.gate_figures import GateFigures
from jepa_ros.ros.lifecycle import ManagedNode
from jepa_ros.ros.process import now_s, run, STEADY, steady_s
from jepa_ros.ros.share import leave_shared_memory
from jepa_ros.types import Status

TABLE = (
    *gate_commands.TABLE,
    params.Entry('timeout_s', GateConfig.timeout_s, 's', 'the robot rests when commands have '
                 'stopped for this long', 0.02, 5.0),
    params.Entry('max_frame_age_s', GateConfig.max_frame_age_s, 's', 'the robot rests when the '
                 'frame behind a command, or its stamp, is this old', 0.02, 5.0),
    params.Entry('stop_s', GateConfig.stop_s, 's', 'how long a stop takes, without a jerk; a '
                 'pressed stop is at once', 0.0, 4.0),
    params.Entry('zero_repeat_s', GateConfig.zero_repeat_s, 's', 'a stop is repeated this long',
                 0.1, 60.0),
    params.Entry('rate_hz', float(GateConfig.rate_hz), 'Hz', 'checks and commands in a second',
                 5.0, 200.0),
    params.Entry('fresh_commands', GateConfig.fresh_commands, 'count',
                 'fresh commands in a row before motion resumes', 1, 100),
    params.Entry('surprise_frames', GateConfig.surprise_frames, 'count', 'surprising frames in a '
                 'row that stop the robot; 0: none do', 0, 1000),
    params.Entry('watch_planner', GateConfig.watch_planner, 'bool', 'commands come from '
                 'planner_node, which tells of its frames; false for any other source'),
    params.Entry('exclusive', GateConfig.exclusive, 'bool', 'stop when a second node publishes '
                 'commands to the gate'),
)
# Simulated time may run this much faster than a clock on the wall.
_SIMULATED_RATE = 20.0


def gate_config(values: dict[str, Any]) -> GateConfig:
    """Return the gate's configuration; ValueError names a wrong value and its limit."""
    return GateConfig(**gate_commands.limits(values), **{name: values[name] for name in (
        'timeout_s', 'max_frame_age_s', 'stop_s', 'zero_repeat_s', 'rate_hz', 'fresh_commands',
        'surprise_frames', 'watch_planner', 'exclusive')})


class CommandGate(ManagedNode):
    """
    Forward fresh commands within limits, and rest in every other case.

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
        # what a person has pressed, and which planner was heard, outlive any configuration
        self._latch, self._obedience = Latch(), Obedience()
        self._gate: Gate | None = None
        self._active, self._left_s = False, -math.inf   # and when it was deactivated
        self._heard: DiagnosticStatus | None = None     # the planner's newest word
        self._said = ('inactive', '', Reason.INACTIVE)
        self._clock_s = (math.nan, math.nan)            # the node's time, and a steady one
        self._figures = GateFigures()

    # -- lifecycle

    def configure(self) -> None:
        """Make the gate and the topics that the parameters name."""
        values = params.values(self, TABLE)
        self._config = gate_config(values)
        gate = Gate(self._config, self._latch, self._obedience)
        self._commands = GateCommands(self, values, self._on_command, gate.on_joints)
        self._gate = gate       # there is something to clean up from here on
        self._watchdog = self.create_timer(self._config.period_s, self._tick, clock=STEADY)

    def activate(self) -> None:
        """Begin to forward; nothing passes before the planner is heard and fresh commands come."""
        self._gate.begin()
        self._clock_s = (math.nan, math.nan)
        self._active = True
        self._say(GateState.WAITING.value, 'activated', Reason.NO_COMMAND)
        if self._heard is not None:
            self._on_status(self._heard)

    def deactivate(self) -> None:
        """Rest, and forward no more; the stop is repeated while the node is inactive."""
        self._active, self._left_s = False, steady_s()
        self._publish(self._gate.halt(steady_s()), rest=True)
        self._say('inactive', 'deactivated', Reason.INACTIVE)

    def cleanup(self) -> None:
        """Remove what configure made; what was sent last gets out."""
        self._active = False
        if self._gate is None:
            return
        self._gate = None
        self.destroy_timer(self._watchdog)
        self._commands.close()

    # -- commands

    def _to_steady(self, stamp_s: float) -> float:
        """Return the steady time at which something with this stamp was as old as it is now."""
        if not math.isfinite(stamp_s) or stamp_s <= 0.0:
            return -math.inf        # nobody stamped it
        return steady_s() - (now_s(self) - stamp_s)

    def _on_command(self, command: np.ndarray, stamp_s: float | None) -> None:
        """Take a command, without a stamp where its message has none."""
        if not self._active:
            return
        self._figures.command_came()
        steady = steady_s() if stamp_s is None else self._to_steady(stamp_s)
        self._gate.on_command(command, steady, steady_s())
        self._tick()

    def _on_status(self, status: DiagnosticStatus) -> None:
        self._heard = status
        if not self._active:
            return
        self._figures.planner_spoke()
        frame_s, surprise, limit = (messages.status_value(status, key) for key in (
            'frame_stamp', 'surprise', 'surprise_limit'))
        self._gate.on_status(PlannerWord(
            driving=status.message == Status.DRIVING.value, frame_s=self._to_steady(frame_s),
            run=messages.status_text(status, 'run'),
            by_hand=messages.status_text(status, 'begun') == 'start',
            surprise=surprise, surprise_limit=limit, frame=frame_s,
            halted=status.message in (Status.STALE.value, Status.FAULT.value)), steady_s())

    def _tick(self) -> None:
        if self._gate is None:
            return
        if not self._active:
            if steady_s() - self._left_s < self._config.zero_repeat_s:
                self._publish(self._gate.rest(steady_s()), rest=True)
            return
        self._watch_clock()
        self._gate.on_publishers(self._commands.count())
        output = self._gate.tick(steady_s())
        self._publish(output.command, rest=output.state is not GateState.MOVING)
        self._say(output.state.value, output.reason, output.number)

    def _watch_clock(self) -> None:
        """Stop where the node's time has jumped."""
        before, self._clock_s = self._clock_s, (now_s(self), steady_s())
        # before the first message on /clock simulated time is 0, and its first jump is none
        if before[0] > 0.0:
            simulated = self.get_parameter('use_sim_time').value
            verdict = judge_clock(self._clock_s[0] - before[0], self._clock_s[1] - before[1],
                                  self._config.max_jump_s, _SIMULATED_RATE if simulated else 1.0)
            if not verdict.ok:
                self.get_logger().warning(f'stopping: {verdict.reason}')
                self._gate.on_jump(verdict, steady_s())

    def _publish(self, command: np.ndarray | None, rest: bool) -> None:
        if command is None:
            return
        self._figures.command_left()
        exact = command.astype(np.float64)
        # an arm that was led beyond its limits rests there; to clip that would move it
        if not (rest and self._config.measured):
            # in the message's own precision: float32 rounds a limit of 0.6 up
            exact = np.clip(exact, self._config.low, self._config.high)
        self._commands.publish(exact, rest)

    # -- services and state

    def _on_stop(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Press or let go, in any state of the node: a stop must not wait for an activation."""
        self._latch.press(request.data)
        if self._active:
            self._tick()
        response.success, response.message = True, self._said[0]
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._active:
            response.message = 'the node is not active'
            return response
        self._gate.reset(steady_s())
        self._tick()
        response.success, response.message = True, self._said[0]
        return response

    def _say(self, state: str, reason: str, number: Reason) -> None:
        """Publish the state where it, or the kind of its reason, has changed."""
        changed = (state, number) != (self._said[0], self._said[2])
        if state == GateState.STOPPED.value and self._said[0] != state:
            self._figures.stopped()
        self._said = (state, reason, number)
        if changed:
            self._state.publish(self._message({}))
            self.get_logger().info(f'{state}: {reason}' if reason else state)

    def _message(self, figures: dict[str, float | str]) -> DiagnosticStatus:
        state, reason, number = self._said
        level = {'stopped': DiagnosticStatus.WARN, 'latched': DiagnosticStatus.ERROR,
                 }.get(state, DiagnosticStatus.OK)
        if self._active and self._config.watch_planner and self._figures.planner_is_silent():
            level = DiagnosticStatus.STALE
        elif level == DiagnosticStatus.OK and int(figures.get('others_on_output', '0')):
            level = DiagnosticStatus.WARN
        return messages.to_status(f'{messages.name_of(self)}: gate', level, state, '', {
            'reason': reason, 'reason_number': str(int(number)), **figures})

    def _publish_diagnostics(self) -> None:
        figures = self._figures.values()
        if self._gate is not None:
            figures |= self._commands.counts()
        self._diagnostics.publish(messages.to_diagnostics(
            self.get_clock().now().to_msg(), self._message(figures)))


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    leave_shared_memory()
    return run(CommandGate)


if __name__ == '__main__':
    sys.exit(main())
