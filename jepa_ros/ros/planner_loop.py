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

"""Receive, encode, check; plan; publish: a thread that looks, and one that plans meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import threading
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from jepa_ros.core.agent import Agent
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.question import Question
from jepa_ros.core.repeats import Repeats
from jepa_ros.ros.figures import Figures, PlanLatency
from jepa_ros.ros.messages import to_seconds
from jepa_ros.ros.odometry import OdometryWatch
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_failures import Failures
from jepa_ros.ros.planner_outputs import PlannerOutputs
from jepa_ros.ros.planner_params import LoopConfig
from jepa_ros.ros.process import now_s, steady_s
from jepa_ros.ros.worker import Worker
from jepa_ros.types import Decision, Frame, Observation, Plan, Status


@dataclass(frozen=True)
class _Arrival:
    """A message, and when it came on the steady clock."""

    message: Image | CompressedImage
    came_s: float


@dataclass(frozen=True)
class _Look:
    """A percept that wants a plan; when its frame came, how long it waited, when it was seen."""

    percept: Decision
    came_s: float
    waited_s: float
    seen_s: float


class PlannerLoop:
    """
    Look at the newest frame, plan for the newest that wants a plan, at the same time.

    ``lock`` is held by whoever calls the ``agent``, never while a plan is made; Drive's own is
    taken inside it, so that what is decided and what is sent come in one order.
    """

    def __init__(self, node: Node, drive: Drive, outputs: PlannerOutputs, failures: Failures,
                 odometry: OdometryWatch) -> None:
        self._node, self._drive, self._outputs = node, drive, outputs
        self._failures, self._odometry = failures, odometry
        self.lock = threading.Lock()
        self.agent: Agent | None = None
        self._look: _Look | None = None     # the newest, until it is no longer to be planned for
        self._came = (-1.0, 0.0)            # the newest stamp, and when it came on a steady clock
        self._told = 0                      # the last stop that the agent knows of
        self._figures = Figures()
        self._repeats = {kind: Repeats() for kind in (Image, CompressedImage)}
        failed = 'unexpected error'
        self._looker = Worker(self._on_frame, partial(failures.fail, 'look', failed), 'look')
        self._planner = Worker(self._on_look, partial(failures.fail, 'plan', failed), 'plan')
        self.post = self._looker.post

    def use(self, agent: Agent, see: Callable[[Any], np.ndarray], config: LoopConfig) -> None:
        """Go on with another agent, the lock held; ``see`` makes its picture of a message."""
        self.agent, self._see, self._look = agent, see, None
        self._config, self._latency = config, PlanLatency(config.deadline_s)
        self._failures.max_failures = config.max_failures
        self._told = self._drive.last_stop.number

    def forget_look(self) -> None:
        """Plan nothing for the frame that was looked at last, the lock held."""
        self._look = None

    def forget(self) -> None:
        """Let go of the agent; a plan that is being made is void."""
        with self.lock:
            self.agent = self._look = None

    def begin(self) -> None:
        """Forget failures, and that the camera was frozen, as the node becomes active."""
        self._failures.clear()
        self.post('trust', self._trust)

    def _trust(self) -> None:
        with self.lock:
            self.trust_camera()

    def trust_camera(self) -> None:
        """Forget that the camera was frozen, the lock held."""
        for repeats in self._repeats.values():
            repeats.clear()

    def cancel(self, reason: str) -> None:
        """Take the goal from the agent, and let go of the robot that was held for it."""
        with self.lock:
            if self.agent is not None:
                self.agent.cancel(reason)
            self._look = None
        self._drive.release()

    def close(self) -> None:
        """End both threads."""
        self._looker.close()
        self._planner.close()

    def figures(self) -> dict[str, float | str]:
        """Return what was measured: stages (ms), the camera, counts of what went wrong."""
        return self._figures.values(self._looker.dropped, now_s(self._node), steady_s())

    # -- the loop

    def offer(self, message: Image | CompressedImage) -> None:
        """Receive a frame."""
        if self._drive.active:
            stamp_s = to_seconds(message.header.stamp)
            now = steady_s()
            self._figures.frame_came(stamp_s, now_s(self._node), now)
            # one that is sent again came when it came first, should its time stand still
            self._came = self._came if stamp_s == self._came[0] else (stamp_s, now)
            self._looker.offer(_Arrival(message, self._came[1]))

    def _on_frame(self, arrival: _Arrival) -> None:
        """Encode, check; stop where that says so, else ask for a plan."""
        if not self._drive.active:
            return
        began_s = steady_s()
        try:
            image = self._see(arrival.message)
        except ValueError as error:
            # as if it had not come: if no better one does, the plan in force grows too old
            self._figures.count('unreadable_frames')
            self._node.get_logger().error(f'frame dropped: {error}', throttle_duration_sec=1.0)
            return
        converted_s = steady_s()
        frame = Frame(image, to_seconds(arrival.message.header.stamp))
        with self.lock:
            if self.agent is None or self._repeated(arrival.message, frame):
                return
            self._tell_of_stops(self.agent)
            driven = self.agent.has_goal
            try:
                now = now_s(self._node)
                felt = self._odometry.at(frame.stamp_s, now, self._config.max_frame_age_s)
                percept = self.agent.perceive(Observation(frame, felt), now)
            except Exception as error:
                self._failures.fail('look', 'encoding failed', error)
                return
            seen_s = steady_s()
            self._look = None
            if percept.status is Status.DRIVING:
                self._look = _Look(percept, arrival.came_s, began_s - arrival.came_s, seen_s)
                self._planner.offer(self._look)
            else:
                self._drive.rest(percept)
                if percept.status is Status.IDLE and driven:
                    self._node.get_logger().warning(f'gave up: {percept.reason}')
            # a frame that is not looked at to the end, such as a late one, says nothing
            if percept.status is Status.FAULT:
                self._failures.count('look', percept.reason)
            elif percept.status is not Status.STALE:
                self._failures.succeeded('look')
        self._figures.took('convert', converted_s - began_s)
        self._figures.took('encode', seen_s - converted_s)
        if self._outputs.look(percept):
            self._figures.count('surprising_frames')

    def _repeated(self, message: Image | CompressedImage, frame: Frame) -> bool:
        """Say whether a frozen camera sent a frame: then it is as if it had not come."""
        if not self._config.refuse_repeats:
            return False
        verdict = self._repeats[type(message)].judge(
            frame, self._drive.motion(), self._config.max_frame_age_s)
        if verdict.ok:
            return False
        self._figures.count('repeated_frames')
        self._drive.tell(Status.STALE, verdict.reason)
        self._node.get_logger().warning(f'frame refused: {verdict.reason}',
                                        throttle_duration_sec=1.0)
        return True

    def _on_look(self, look: _Look) -> None:
        """Plan, and publish unless it is too late or no longer wanted."""
        with self.lock:
            agent = self.agent
            if agent is None:
                return
            self._tell_of_stops(agent)
            if look is not self._look:
                return
            began_s, asked_s = steady_s(), now_s(self._node)
            question = agent.ask(look.percept, asked_s + self._latency.estimate_s)
        failure, plan = '', None
        try:
            plan = agent.solve(question)
        except NonFiniteError as error:
            failure = str(error)
        except Exception as error:
            self._failures.fail('plan', 'planning failed', error)
            return
        solved_s = steady_s()
        with self.lock:
            if agent is not self.agent:
                return
            if plan is not None:
                self._failures.succeeded('plan')
            self._latency.note(now_s(self._node) - asked_s)
            self._tell_of_stops(agent)
            decision = (agent.fail(question, failure) if plan is None
                        else self._answer(agent, question, plan))
            if plan is None:
                self._look = None
                self._drive.rest(decision)
                self._failures.count('plan', failure)
            elif decision.plan is None or not self._drive.take(decision, look.came_s, self._told):
                return
        self._figures.took('wait', look.waited_s + began_s - look.seen_s)
        self._figures.took('plan', solved_s - began_s)
        self._figures.took('publish', steady_s() - solved_s)
        self._outputs.imagine(decision, len(question.committed))

    def _answer(self, agent: Agent, question: Question, plan: Plan) -> Decision:
        """Hand a plan over, and count what is late."""
        late_plans = agent.late_plans
        decision = agent.answer(question, plan, now_s(self._node))
        late = agent.late_plans > late_plans
        self._figures.plan_came(late, plan.planning_s > self._config.deadline_s)
        if late:
            self._node.get_logger().warning(decision.reason, throttle_duration_sec=1.0)
        return decision

    def _tell_of_stops(self, agent: Agent) -> None:
        """Tell the agent of a stop since it was last asked: what it has begun is void."""
        stop = self._drive.last_stop
        if stop.number != self._told:
            self._told, self._look = stop.number, None
            agent.halt(stop.reason, stop.now_s)
