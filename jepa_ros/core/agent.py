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

"""The agent: receive, check, encode, plan; one decision a frame."""

from collections.abc import Callable
from dataclasses import replace
import math

import numpy as np

from jepa_ros.config import AgentConfig
from jepa_ros.core.actions import clamp, command_at
from jepa_ros.core.arrival import Arrival, remaining
from jepa_ros.core.context import Context
from jepa_ros.core.distrust import Distrust
from jepa_ros.core.follower import Follower
from jepa_ros.core.following import Lead
from jepa_ros.core.frames import Frames
from jepa_ros.core.goal import goal_latent
from jepa_ros.core.guide import Guide
from jepa_ros.core.held import Held
from jepa_ros.core.monitor import judge_finite, judge_surprise
from jepa_ros.core.planner import NonFiniteError, Planner
from jepa_ros.core.preprocess import to_model_image
from jepa_ros.core.proprioception import latent_of
from jepa_ros.core.question import committed_count, Question, solve
from jepa_ros.core.surprise import expect
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Decision, Frame, Image, Observation, Plan, Status


class Agent:
    """
    Drive a model's robot towards a goal picture.

    ``step`` is the whole of it, for who can wait.  Who acts meanwhile calls its parts:
    ``perceive`` every frame, ``ask`` where that says DRIVING, ``solve`` what was asked in a thread
    of its own, and hand the plan to ``answer``.  All but ``solve`` want one caller at a time, and
    ``solve`` a model that can be asked by two.

    ``now_s`` and stamps are of one clock, real or simulated; ``clock`` is a monotonic one that
    only measures how long a plan takes.  Every decision has a command: zero unless the frames
    are fresh, the numbers finite, and there is a goal to drive to.
    """

    def __init__(self, model: WorldModel, planner: Planner, config: AgentConfig,
                 rng: np.random.Generator, clock: Callable[[], float]) -> None:
        self._model, self._planner, self._config = model, planner, config
        self._rng, self._clock = rng, clock
        self._spec = model.spec
        self._delay_s = (model.spec.delay_s if config.action_delay_s is None
                         else config.action_delay_s)
        self._frames = Frames(config)
        self._arrival = Arrival(self._spec, config)
        self._zero: Array = np.zeros(self._spec.action.width, np.float32)
        self._context = Context(self._spec)
        self._distrust_commands = Distrust(self._spec.action)
        self._goal: Array | None = None
        self._guide: Guide | None = None    # it moves the goal on, where there is one
        self._idle_reason = 'waiting for a goal'
        self._arrived = False
        self._now_s = -math.inf
        # counted up by all that makes void what was asked before
        self._stretch = 0
        self._solved_stretch = 0
        self.late_plans = 0

    @property
    def has_goal(self) -> bool:
        """Say whether there is a goal, reached or not."""
        return self._goal is not None

    def set_goal(self, image: Image) -> None:
        """
        Drive to where a picture (H, W, 3) uint8 RGB, of any size, would be seen.

        Raises ValueError, and keeps the goal there was, where it makes no goal.
        """
        self._goal, self._guide, self._arrived = self.goal_of(image), None, False
        self._begin_stretch()

    def follow(self, follower: Follower) -> None:
        """Drive from one goal to the next as a follower says, and arrive at its last only."""
        self._goal, self._guide = follower.goal, Guide(follower, self._model)
        self._arrived = False
        self._begin_stretch()

    def goal_of(self, image: Image) -> Array:
        """
        Return what a picture (H, W, 3) uint8 RGB, of any size, is as a goal, (L, D).

        Raises ValueError where it is no such picture, where almost nothing is in it, or where its
        latent is not finite.
        """
        return goal_latent(self._model, self._fit(image))

    def cancel(self, reason: str) -> None:
        """Stop and forget the goal; ``reason`` is told with every idle decision."""
        self._goal, self._guide, self._arrived = None, None, False
        self._idle_reason = reason
        self._refuse(reason)

    def step(self, observation: Observation, now_s: float) -> Decision:
        """Take the newest observation at ``now_s``, plan, and decide on a command."""
        percept = self.perceive(observation, now_s)
        if percept.status is not Status.DRIVING:
            return percept
        question = self.ask(percept, now_s)
        try:
            plan = self.solve(question)
        except NonFiniteError as error:
            return self.fail(question, str(error))
        return self.answer(question, plan, now_s)

    def perceive(self, observation: Observation, now_s: float) -> Decision:
        """
        Receive, check, encode, and judge whether the goal is reached; the command is zero.

        The status is DRIVING where a plan is wanted: what was decided before holds until its
        ``answer``.  Any other status is the decision itself.
        """
        if now_s < self._now_s - self._config.restart_s:
            self._restart(f'time went back by {self._now_s - now_s:.2f} s')
        self._now_s = now_s
        percept = self._look(observation, now_s)
        if percept.status is not Status.DRIVING:
            self._stand(now_s)
        return percept

    def _look(self, observation: Observation, now_s: float) -> Decision:
        frame = observation.frame
        percept = Decision(self._zero.copy(), Status.STALE, '', now_s, frame.stamp_s,
                           cost_to_go=math.nan, surprise=math.nan)
        verdict = self._frames.judge(frame.stamp_s, now_s)
        if not verdict.ok:
            self._refuse(verdict.reason)
            return replace(percept, reason=verdict.reason)
        new = self._receive(frame, now_s)
        if self._spec.proprioception is not None and observation.proprioception is None:
            reason = f'nothing tells {", ".join(self._spec.proprioception.names)} at the frame'
            self._refuse(reason)
            return replace(percept, reason=reason)

        z = latent_of(self._model.encode(self._fit(frame.image)), observation.proprioception,
                      self._spec)
        verdict = judge_finite('latent', z)
        if not verdict.ok:
            self._refuse(verdict.reason)
            return replace(percept, status=Status.FAULT, reason=verdict.reason)
        self._context.push(z, frame.stamp_s)
        percept = replace(percept, latent=z)
        if self._config.surprise:
            percept = replace(percept, surprise=self._compare(z, frame.stamp_s))

        if self._goal is None:
            return replace(percept, status=Status.IDLE, reason=self._idle_reason)
        if self._arrived:
            return replace(percept, status=Status.ARRIVED, reason='waiting for a new goal')
        verdict = self._frames.enough()
        if not verdict.ok:
            return replace(percept, reason=verdict.reason)
        if self._guide is not None:
            return self._follow(percept, self._guide, new)
        return self._judge(percept, self._goal, new)

    def _follow(self, percept: Decision, guide: Guide, new: bool) -> Decision:
        """Go on along a route; what is being planned stays good while it goes on."""
        try:
            percept = guide.look(percept, self._context, new)
        except NonFiniteError as error:
            self._refuse(str(error))
            return replace(percept, status=Status.FAULT, reason=str(error))
        if guide.now.lead is Lead.STOP:
            self.cancel(guide.now.reason)
        elif guide.now.lead is Lead.WAIT:
            self._begin_stretch()
        elif guide.now.goal is not None:
            self._goal = guide.now.goal
            if guide.now.final:
                return self._judge(percept, guide.now.goal, new)
            self._arrival.clear()
        return percept

    def _judge(self, percept: Decision, goal: Array, new: bool) -> Decision:
        """Say whether a frame, new or seen before, shows the goal (L, D)."""
        left = remaining(self._model, self._context, goal, percept.frame_stamp_s)
        verdict = left.judge()
        if not verdict.ok:
            self._refuse(verdict.reason)
            return replace(percept, status=Status.FAULT, reason=verdict.reason)
        arrival = self._arrival.judge(left) if new else ''
        self._arrived = bool(arrival)
        return replace(percept, status=Status.ARRIVED if arrival else Status.DRIVING,
                       reason=arrival, cost_to_go=left.cost_to_go, goal_pose=left.pose)

    def ask(self, percept: Decision, ready_s: float) -> Question:
        """
        Return what to solve for the frame of a percept that is DRIVING.

        A plan is expected at ``ready_s``; what will be executed until then is committed.
        """
        if self._goal is None:
            raise ValueError('there is no goal to plan for')
        action, frame_s = self._spec.action, percept.frame_stamp_s
        start_s = frame_s + self._delay_s
        count = committed_count(action, self._spec.horizon, ready_s - start_s)
        return Question(
            percept, self._stretch, self._context.latents(frame_s),
            self._context.executed(frame_s), self._goal,
            self._context.commands(frame_s - action.period_s, 1)[0],
            self._context.commands(frame_s, count), start_s, self._distrust_commands.copy(),
            None if self._guide is None else self._guide.held)

    def solve(self, question: Question) -> Plan:
        """Plan; NonFiniteError where what is imagined is not finite."""
        if question.stretch != self._solved_stretch:
            self._planner.reset()
            self._solved_stretch = question.stretch
        planner = self._planner if question.held is None else Held(question.held)
        return solve(question, self._model, planner, self._rng, self._clock)

    def answer(self, question: Question, plan: Plan, now_s: float) -> Decision:
        """
        Decide by a plan that can take effect at ``now_s``; one that comes too late is dropped.

        So is one for a goal that is no longer the goal, from before a stop, or from before the
        clock went back: then what was decided before holds, and the decision, DRIVING, has no
        plan.  The command is the first after those committed: of a plan that is early, the one
        for now is ``command_at``.
        """
        action, percept, delay_s = self._spec.action, question.percept, self._delay_s
        if (question.stretch != self._stretch or self._arrived
                or now_s < percept.stamp_s - self._config.restart_s):
            return replace(percept, reason='the plan was for what is no longer wanted')
        free_s = question.start_s + len(question.committed) * action.period_s
        limit_s = action.period_s / 2
        if now_s - free_s > limit_s + 1e-6:
            self.late_plans += 1
            return replace(percept, reason=f'plan dropped: {now_s - free_s:.2f} s late, '
                                           f'limit {limit_s:.2f} s')
        commands = plan.blocks.reshape(-1, action.width)[len(question.committed):]
        self._context.schedule(commands, free_s - delay_s, max(free_s, now_s) - delay_s)
        return replace(
            percept, plan=plan, stamp_s=now_s,
            command=clamp(command_at(plan, max(now_s, free_s), action.holds), action),
            reason=(judge_surprise(percept.surprise, self._spec.surprise_limit).reason
                    or (percept.reason if question.held is not None else '')))

    def halt(self, reason: str, now_s: float) -> None:
        """Take note that the robot was stopped at ``now_s``: it moves again after fresh frames."""
        self._refuse(reason)
        self._stand(now_s)

    def fail(self, question: Question, reason: str) -> Decision:
        """Stop where no plan was found, and want fresh frames again before motion."""
        self._refuse(reason)
        self._stand(self._now_s)
        return replace(question.percept, status=Status.FAULT, reason=reason)

    def _begin_stretch(self) -> None:
        """Make void what is being planned; the next plan starts from nothing."""
        self._stretch += 1
        self._arrival.clear()

    def _refuse(self, reason: str) -> None:
        """Want fresh frames again before motion."""
        self._frames.refuse(reason)
        self._begin_stretch()

    def _restart(self, reason: str) -> None:
        """Forget the past, but not the goal."""
        self._context.clear()
        self._distrust_commands.clear()
        self._frames.clear(reason)
        if self._guide is not None:
            self._guide.follower.begin()
        self._begin_stretch()

    def _receive(self, frame: Frame, now_s: float) -> bool:
        """Count a good frame, after a silence from the beginning; return True if it is new."""
        verdict = self._frames.silence(frame.stamp_s)
        if not verdict.ok:
            self._refuse(verdict.reason)
            # nobody asked this agent, and whoever drives has stopped the robot by then
            since_s = min(self._frames.now_s + self._config.max_frame_age_s, now_s)
            self._context.stand(since_s)
        return self._frames.count(frame.stamp_s, now_s)

    def _compare(self, z: Array, frame_s: float) -> float:
        """Return the surprise of a latent (L, D), and distrust what has moved nothing."""
        expectation = expect(self._model, self._context, z, frame_s)
        if expectation is None:
            return math.nan
        self._distrust_commands.note(expectation.before, expectation.expected, z,
                                     expectation.block, frame_s)
        return expectation.surprise(z)

    def _stand(self, now_s: float) -> None:
        """
        Note that the robot rests from now on.

        Commands count from the frame that they answer, as in training, where the delay between
        is part of the world; one that answers none, from where such a frame would have been.
        """
        since_s = max(self._frames.stamp_s, now_s - self._delay_s)
        self._context.stand(since_s)

    def _fit(self, image: Image) -> Image:
        return to_model_image(image, self._spec.image_height, self._spec.image_width)
