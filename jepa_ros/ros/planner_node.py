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

"""The planner as a lifecycle node: receive, encode, check, plan, publish."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
import sys

from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import Trigger

from jepa_ros.engines.load import Engine, load_engine
from jepa_ros.engines.signature import check_signature
from jepa_ros.ros import params, planner_params, qos
from jepa_ros.ros.bundle_path import find_bundle
from jepa_ros.ros.controllers import choose
from jepa_ros.ros.joint_watch import JointWatch
from jepa_ros.ros.lifecycle import ManagedNode
from jepa_ros.ros.odometry import OdometryWatch
from jepa_ros.ros.pace import Pace
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_failures import Failures
from jepa_ros.ros.planner_goals import Goals
from jepa_ros.ros.planner_health import HealthWatch
from jepa_ros.ros.planner_loop import PlannerLoop
from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.ros.planner_route import make_route
from jepa_ros.ros.planner_setup import make_agent, make_eye, region_remark
from jepa_ros.ros.process import now_s, run, STEADY, steady_s
from jepa_ros.types import Status


class PlannerNode(ManagedNode):
    """
    Drive towards a goal picture.

    Frames are looked at in one thread and planned for in another, the newest only, and commands
    leave at the pace of a third: none waits for another, nor do clock and services.  The pace is
    of a steady clock: neither a stopped camera nor stopped simulated time leaves the robot
    driving.
    """

    def __init__(self, load: Callable[[Path, str, int, str], Engine] = load_engine) -> None:
        super().__init__('planner_node')
        self._load = load
        params.declare(self, planner_params.TABLE)
        params.guard(self, planner_params.TABLE, planner_params.check,
                     lambda: planner_params.fixed(self._goals.route is not None)
                     if self.configured else ())
        params.after_change(self, lambda: self._loop.post('renew', self._renew_agent))
        self._outputs = PlannerOutputs(self)
        self._drive = Drive(self._outputs, lambda: now_s(self), steady_s)
        self._failures = Failures(self, self._drive, self._give_up)
        self._odometry = OdometryWatch(self)
        self._joints = JointWatch(self)
        self._loop = PlannerLoop(self, self._drive, self._outputs, self._failures,
                                 self._odometry)
        self._goals = Goals(self, self._drive, self._loop, self._failures)
        self._health = HealthWatch()
        self._pace: Pace | None = None
        self._model: Engine | None = None
        self._active_since_s = 0.0
        self._gave_up = ''                          # why, until the node is activated again
        # transitions belong to the executor's thread
        self._give_up_guard = self.create_guard_condition(self._on_given_up)
        self.create_subscription(Image, 'image', self._loop.offer, qos.SENSOR)
        self.create_subscription(CompressedImage, 'image/compressed', self._loop.offer,
                                 qos.SENSOR)
        self.create_subscription(Image, 'goal_image', self._goals.offer, qos.RELIABLE)
        self.create_service(Trigger, '~/start', self._on_start)
        self.create_service(Trigger, '~/cancel', self._on_cancel)
        self.create_timer(1.0, self._report, clock=STEADY)

    # -- services

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = self._goals.start()
        return response

    def _on_cancel(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stop('cancelled', Status.IDLE, self._goals.cancel)
        response.success, response.message = True, 'cancelled'
        return response

    def _stop(self, reason: str, status: Status, cancel: Callable[[str], None]) -> None:
        """Send zero at once; take the goal from the agent when it has done encoding."""
        self._drive.hold(reason, status)
        self._loop.post('cancel', partial(cancel, reason))

    # -- how it fares

    def _give_up(self, reason: str) -> None:
        """Stop for good, from any thread; the executor deactivates the node."""
        if self._drive.active and not self._gave_up:
            self._gave_up = reason
            self._drive.hold(reason, Status.FAULT)
            self._give_up_guard.trigger()

    def _on_given_up(self) -> None:
        if self._drive.active and self._gave_up:
            self.get_logger().error(f'deactivating: {self._gave_up}; activate it to try again')
            self.trigger_deactivate()

    def _report(self) -> None:
        values = params.values(self, planner_params.TABLE)
        figures = self._loop.figures()
        active_s = steady_s() - self._active_since_s if self._drive.active else None
        health = self._health.judge(self._outputs.word, active_s, figures, {
            'max_frame_age_s': values['max_frame_age_s'],
            'deadline_ms': values['deadline_s'] * 1e3,
            'surprise_limit': self._outputs.surprise_limit}, steady_s())
        for wrong in health.news:
            self.get_logger().warning(wrong)
        self._outputs.diagnostics(
            {**figures, 'wrong': '; '.join(health.wrongs.values())}, health.level)

    # -- lifecycle

    def configure(self) -> None:
        """Load the model and let it plan once, so that the first frame does not pay for it."""
        values = params.values(self, planner_params.TABLE)
        planner_params.check(values)
        bundle = find_bundle(values['model'])
        if values['trusted_key']:
            key = check_signature(bundle, Path(values['trusted_key']).expanduser())
            self.get_logger().info(f'{bundle.name} is signed, key {key}')
        model = self._load(bundle, values['engine'], values['threads'], values['precision'])
        try:
            self._outputs.configure(model, choose.of_planner(
                model.spec.action, values,
                lambda: self._joints.within(values['max_frame_age_s'])), values['frame_id'])
            self._joints.watch(choose.joints_wanted(model.spec.action, values))
            self._odometry.watch(model.spec.proprioception)
            self._model = model
            self._goals.route = make_route(model, bundle, values, self.get_logger().warning)
            self._renew_agent()
        except ValueError as error:
            raise ValueError(f'{bundle} is no model for this robot: {error}') from error
        remark = region_remark(bundle, values)
        if remark:
            self.get_logger().warning(remark)
        self._pace = Pace(1.0 / values['command_rate_hz'], self._tick,
                          partial(self._failures.fail, 'command', 'no command could be sent'))
        self.get_logger().info(f'model {bundle.name}: {model.engine} on {model.device}, '
                               f'{model.precision}: {model.why}')

    def activate(self) -> None:
        """Wait for a goal; one from before is forgotten."""
        self._gave_up = ''
        self._goals.forget()
        self._active_since_s = steady_s()
        self._loop.begin()
        self._drive.begin('waiting for a goal')

    def deactivate(self) -> None:
        """Send zero and forget the goal."""
        self._stop(self._gave_up or 'deactivated',
                   Status.FAULT if self._gave_up else Status.IDLE, self._loop.cancel)
        self._drive.end()

    def cleanup(self) -> None:
        """Let go of the model."""
        if self._pace is not None:
            self._pace.close()
            self._pace = None
        self._loop.forget()
        self._model = self._goals.route = None
        self._odometry.watch(None)
        self._joints.watch(())
        self._outputs.cleanup()

    def _tick(self) -> None:
        self._drive.tick()
        self._failures.succeeded('command')

    def _renew_agent(self) -> None:
        """Take the parameters over; a goal that is being driven to is kept."""
        model = self._model
        if model is None:
            return
        values = params.values(self, planner_params.TABLE)
        agent = make_agent(model, values)
        self._drive.configure(model.spec.action, values['max_frame_age_s'])
        with self._loop.lock:
            self._loop.use(agent, make_eye(model.spec, values),
                           planner_params.loop_config(values))
            self._goals.show_again()

    def close(self) -> None:
        """Say the last zero, then end the threads."""
        super().close()
        self._loop.close()


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(PlannerNode)


if __name__ == '__main__':
    sys.exit(main())
