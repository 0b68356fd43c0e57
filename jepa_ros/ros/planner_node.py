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
from pathlib import Path
import sys
import threading
import time
import traceback

import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import Trigger

from jepa_ros.core.agent import Agent
from jepa_ros.core.sampling_planner import SamplingPlanner
from jepa_ros.engines.load import Engine, load_engine
from jepa_ros.ros import params, planner_params, qos
from jepa_ros.ros.bundle_path import find_bundle
from jepa_ros.ros.convert import ImageError, to_rgb
from jepa_ros.ros.lifecycle import ManagedNode
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.ros.process import now_s, run, STEADY, steady_s
from jepa_ros.ros.worker import Worker
from jepa_ros.types import Frame, Observation, Status

DEADMAN_PERIOD_S = 0.05
# ~/start waits this long for a plan that is being made; the deadman waits with it.
START_PATIENCE_S = 0.2


class PlannerNode(ManagedNode):
    """
    Drive towards a goal picture.

    Frames are worked on in a thread of their own, the newest only, so that clock, services and
    the deadman timer go on while a plan is made.  The deadman runs on a steady clock: neither
    a stopped camera nor stopped simulated time leaves the robot driving.
    """

    def __init__(self, load: Callable[[Path, str, int], Engine] = load_engine) -> None:
        super().__init__('planner_node')
        self._load = load
        params.declare(self, planner_params.TABLE)
        params.guard(self, planner_params.TABLE, planner_params.check,
                     lambda: planner_params.FIXED if self.configured else ())
        self.add_post_set_parameters_callback(lambda _: self._worker.post(self._renew_agent))
        self._outputs = PlannerOutputs(self)
        self._drive = Drive(self._outputs, lambda: now_s(self), steady_s)
        self._model: Engine | None = None
        self._agent: Agent | None = None
        self._agent_lock = threading.Lock()         # held while a plan is made
        self._goal: np.ndarray | None = None        # the newest picture, driven to or not
        self._worker = Worker(self._on_image, self._on_failed_job)
        self.create_subscription(Image, 'image', self._worker.offer, qos.SENSOR)
        self.create_subscription(CompressedImage, 'image/compressed', self._worker.offer,
                                 qos.SENSOR)
        self.create_subscription(Image, 'goal_image', self._on_goal, qos.RELIABLE)
        self.create_service(Trigger, '~/start', self._on_start)
        self.create_service(Trigger, '~/cancel', self._on_cancel)
        self.create_timer(DEADMAN_PERIOD_S, self._drive.watch, clock=STEADY)
        self.create_timer(1.0, self._outputs.diagnostics, clock=STEADY)

    # -- the loop

    def _on_image(self, message: Image | CompressedImage) -> None:
        """Receive, encode, check, plan, publish."""
        if not self._drive.active:
            return
        try:
            frame = Frame(to_rgb(message), to_seconds(message.header.stamp))
        except ImageError as error:
            # as if it had not come: if no better one does, the deadman stops the robot
            self.get_logger().error(f'frame dropped: {error}', throttle_duration_sec=1.0)
            return
        with self._agent_lock:
            if self._agent is None:
                return
            stops = self._drive.frame_came()
            try:
                decision = self._agent.step(Observation(frame), now_s(self))
            except Exception:
                self.get_logger().error(f'planning failed:\n{traceback.format_exc()}',
                                        throttle_duration_sec=1.0)
                self._drive.halt(Status.FAULT, 'planning failed, see the log')
                return
        self._drive.publish(decision, stops)

    # -- goals

    def _on_goal(self, message: Image) -> None:
        if not self._drive.active:
            self.get_logger().warning('goal refused: the node is not active')
            return
        self._worker.post(lambda: self._take_goal(message))

    def _take_goal(self, message: Image) -> None:
        if not self._drive.active:
            return
        try:
            goal = to_rgb(message)
            if self.get_parameter('start_on_goal').value:
                with self._agent_lock:
                    self._agent.set_goal(goal)
                self.get_logger().info('driving to a new goal')
            self._goal = goal
        except ValueError as error:
            self.get_logger().error(f'goal refused: {error}')

    def _on_failed_job(self, error: Exception) -> None:
        self.get_logger().error(f'unexpected: {"".join(traceback.format_exception(error))}')
        self._drive.halt(Status.FAULT, 'unexpected error, see the log')

    def _on_start(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._drive.active:
            response.message = 'the node is not active'
        elif self._goal is None:
            response.message = 'no goal has come since the node became active'
        elif not self._agent_lock.acquire(timeout=START_PATIENCE_S):
            response.message = 'a plan is being made for too long'
        else:
            try:
                self._agent.set_goal(self._goal)
                response.success, response.message = True, 'driving to the newest goal'
            except ValueError as error:
                response.message = str(error)
            finally:
                self._agent_lock.release()
        return response

    def _on_cancel(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._stop('cancelled')
        response.success, response.message = True, 'cancelled'
        return response

    def _stop(self, reason: str) -> None:
        """Send zero at once; take the goal from the agent when it has done planning."""
        self._drive.hold(reason)
        self._worker.post(lambda: self._forget(reason))

    def _forget(self, reason: str) -> None:
        with self._agent_lock:
            if self._agent is not None:
                self._agent.cancel(reason)
        self._drive.release()

    # -- lifecycle

    def configure(self) -> None:
        """Load the model and run it once, so that the first frame does not pay for it."""
        values = params.values(self, planner_params.TABLE)
        planner_params.check(values)
        bundle = find_bundle(values['model'])
        model = self._load(bundle, values['engine'], values['threads'])
        spec, action = model.spec, model.spec.action
        self._outputs.configure(action, values['stamped'], values['frame_id'], model.engine,
                                model.device)
        z = model.encode(np.zeros((spec.image_height, spec.image_width, 3), np.uint8))
        block = (action.block, action.width)
        model.rollout(
            np.stack([z] * spec.history), np.zeros((spec.history, *block), np.float32),
            np.zeros((values['candidates'], spec.horizon, *block), np.float32), z)
        self._model = model
        self._agent = self._make_agent()
        self.get_logger().info(f'model {bundle.name}: {model.engine} on {model.device}')

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
        with self._agent_lock:
            self._agent = self._model = None
        self._outputs.cleanup()

    def _make_agent(self) -> Agent:
        values = params.values(self, planner_params.TABLE)
        planner = SamplingPlanner(self._model.spec, planner_params.planner_config(values))
        self._drive.max_frame_age_s = values['max_frame_age_s']
        return Agent(self._model, planner, planner_params.agent_config(values),
                     np.random.default_rng(values['seed']), time.monotonic)

    def _renew_agent(self) -> None:
        """Take changed parameters over; a goal that is being driven to is kept."""
        with self._agent_lock:
            if self._agent is None:
                return
            had_goal = self._agent.has_goal
            self._agent = self._make_agent()
            if had_goal and self._goal is not None:
                self._agent.set_goal(self._goal)

    def close(self) -> None:
        """Say the last zero, then end the thread that plans."""
        super().close()
        self._worker.close()


def main() -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    return run(PlannerNode)


if __name__ == '__main__':
    sys.exit(main())
