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
from jepa_ros.ros import params, planner_params, qos
from jepa_ros.ros.bundle_path import find_bundle
from jepa_ros.ros.convert import to_picture
from jepa_ros.ros.lifecycle import ManagedNode
from jepa_ros.ros.pace import Pace
from jepa_ros.ros.picture import Picture
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_loop import PlannerLoop
from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.ros.planner_setup import make_agent, make_eye
from jepa_ros.ros.process import now_s, run, STEADY, steady_s

# ~/start waits this long for a frame that is being encoded.
START_PATIENCE_S = 0.2


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
                     lambda: planner_params.FIXED if self.configured else ())
        self.add_post_set_parameters_callback(lambda _: self._loop.post(self._renew_agent))
        self._outputs = PlannerOutputs(self)
        self._drive = Drive(self._outputs, lambda: now_s(self), steady_s)
        self._loop = PlannerLoop(self, self._drive, self._outputs)
        self._pace: Pace | None = None
        self._model: Engine | None = None
        self._goal: Picture | None = None           # the newest, driven to or not
        self.create_subscription(Image, 'image', self._loop.offer, qos.SENSOR)
        self.create_subscription(CompressedImage, 'image/compressed', self._loop.offer,
                                 qos.SENSOR)
        self.create_subscription(Image, 'goal_image', self._on_goal, qos.RELIABLE)
        self.create_service(Trigger, '~/start', self._on_start)
        self.create_service(Trigger, '~/cancel', self._on_cancel)
        self.create_timer(1.0, lambda: self._outputs.diagnostics(self._loop.figures()),
                          clock=STEADY)

    # -- goals

    def _on_goal(self, message: Image) -> None:
        if not self._drive.active:
            self.get_logger().warning('goal refused: the node is not active')
            return
        self._loop.post(lambda: self._take_goal(message))

    def _take_goal(self, message: Image) -> None:
        if not self._drive.active:
            return
        try:
            goal = to_picture(message)
            if self.get_parameter('start_on_goal').value:
                with self._loop.lock:
                    self._show(goal)
                self.get_logger().info('driving to a new goal')
            self._goal = goal
        except ValueError as error:
            self.get_logger().error(f'goal refused: {error}')

    def _show(self, goal: Picture) -> None:
        """Make a picture the agent's goal: the part of it that is looked at."""
        region = planner_params.region(params.values(self, planner_params.TABLE))
        self._loop.agent.set_goal(goal.part(region).rgb())

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._drive.active:
            response.message = 'the node is not active'
        elif self._goal is None:
            response.message = 'no goal has come since the node became active'
        elif not self._loop.lock.acquire(timeout=START_PATIENCE_S):
            response.message = 'a frame is being encoded for too long'
        else:
            try:
                self._show(self._goal)
                response.success, response.message = True, 'driving to the newest goal'
            except ValueError as error:
                response.message = str(error)
            finally:
                self._loop.lock.release()
        return response

    def _on_cancel(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stop('cancelled')
        response.success, response.message = True, 'cancelled'
        return response

    def _stop(self, reason: str) -> None:
        """Send zero at once; take the goal from the agent when it has done encoding."""
        self._drive.hold(reason)
        self._loop.post(lambda: self._loop.cancel(reason))

    # -- lifecycle

    def configure(self) -> None:
        """Load the model and let it plan once, so that the first frame does not pay for it."""
        values = params.values(self, planner_params.TABLE)
        planner_params.check(values)
        bundle = find_bundle(values['model'])
        model = self._load(bundle, values['engine'], values['threads'], values['precision'])
        self._outputs.configure(model, values['stamped'], values['frame_id'])
        self._model = model
        self._renew_agent()
        self._pace = Pace(1.0 / values['command_rate_hz'], self._drive.tick,
                          partial(self._loop.fail, 'no command could be sent'))
        self.get_logger().info(f'model {bundle.name}: {model.engine} on {model.device}, '
                               f'{model.precision}: {model.why}')

    def activate(self) -> None:
        """Wait for a goal; one from before is forgotten."""
        self._goal = None
        self._drive.begin('waiting for a goal')

    def deactivate(self) -> None:
        """Send zero and forget the goal."""
        self._stop('deactivated')
        self._drive.end()

    def cleanup(self) -> None:
        """Let go of the model."""
        if self._pace is not None:
            self._pace.close()
            self._pace = None
        self._loop.forget()
        self._model = None
        self._outputs.cleanup()

    def _renew_agent(self) -> None:
        """Take the parameters over; a goal that is being driven to is kept."""
        model = self._model
        if model is None:
            return
        values = params.values(self, planner_params.TABLE)
        agent = make_agent(model, values)
        self._drive.configure(model.spec.action, values['max_frame_age_s'])
        with self._loop.lock:
            before = self._loop.agent
            self._loop.use(agent, make_eye(model.spec, values), values['deadline_s'])
            if before is not None and before.has_goal and self._goal is not None:
                self._show(self._goal)

    def close(self) -> None:
        """Say the last zero, then end the threads."""
        super().close()
        self._loop.close()


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(PlannerNode)


if __name__ == '__main__':
    sys.exit(main())
