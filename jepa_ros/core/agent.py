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
from jepa_ros.core.actions import clamp
from jepa_ros.core.arrival import Arrival
from jepa_ros.core.context import Context
from jepa_ros.core.distrust import Distrust, Distrusted
from jepa_ros.core.monitor import (
    judge_age,
    judge_finite,
    judge_gap,
    judge_order,
    judge_surprise,
    Verdict,
)
from jepa_ros.core.planner import NonFiniteError, Planner
from jepa_ros.core.preprocess import to_model_image
from jepa_ros.core.surprise import expect
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import Array, Decision, Frame, Image, Observation, Plan, Status

# Grey levels: a covered lens or an empty picture spreads less, and any place looks like it.
_LEAST_CONTENT_STD = 2.0


class Agent:
    """
    Drive a model's robot towards a goal picture, one step a frame.

    ``now_s`` and stamps are of one clock, real or simulated; ``clock`` is a monotonic one that
    only measures how long a step takes.  Every step answers with a command: zero unless the
    frames are fresh, the numbers finite, and there is a goal to drive to.
    """

    def __init__(self, model: WorldModel, planner: Planner, config: AgentConfig,
                 rng: np.random.Generator, clock: Callable[[], float]) -> None:
        self._model, self._planner, self._config = model, planner, config
        self._rng, self._clock = rng, clock
        self._spec = model.spec
        self._arrival = Arrival(self._spec, config)
        self._zero: Array = np.zeros(self._spec.action.width, np.float32)
        self._context = Context(self._spec)
        self._distrust_commands = Distrust(self._spec.action)
        self._goal: Array | None = None
        self._idle_reason = 'waiting for a goal'
        self._arrived = False
        self._now_s = -math.inf
        self._restart('no frame yet')

    def _restart(self, reason: str) -> None:
        """Forget the past, but not the goal."""
        self._context.clear()
        self._distrust_commands.clear()
        self._planner.reset()
        self._command: Array = self._zero
        self._frame_s = self._frame_now_s = self._recorded_s = -math.inf
        self._distrust(reason)

    def _distrust(self, reason: str) -> None:
        """Want fresh frames again before motion."""
        self._fresh = 0
        self._arrival.clear()
        self._why = reason

    @property
    def has_goal(self) -> bool:
        """Say whether there is a goal, reached or not."""
        return self._goal is not None

    def set_goal(self, image: Image) -> None:
        """
        Drive to where a picture (H, W, 3) uint8 RGB, of any size, would be seen.

        Raises ValueError, and keeps the goal there was, where it is no such picture, where
        almost nothing is in it, or where its latent is not finite.
        """
        picture = self._fit(image)
        content = float(picture.std(axis=(0, 1)).max())
        if content < _LEAST_CONTENT_STD:
            raise ValueError(f'goal picture is almost constant: its standard deviation is '
                             f'{content:.2f} grey levels, at least {_LEAST_CONTENT_STD:.2f}')
        goal = self._model.encode(picture)
        verdict = judge_finite('goal latent', goal)
        if not verdict.ok:
            raise ValueError(verdict.reason)
        self._goal, self._arrived = goal, False
        self._arrival.clear()
        self._planner.reset()

    def cancel(self, reason: str) -> None:
        """Forget the goal; ``reason`` is told with every idle decision."""
        self._goal, self._arrived = None, False
        self._arrival.clear()
        self._idle_reason = reason
        self._planner.reset()

    def step(self, observation: Observation, now_s: float) -> Decision:
        """Take the newest observation at ``now_s`` and decide on a command."""
        if now_s < self._now_s - self._config.restart_s:
            self._restart(f'time went back by {self._now_s - now_s:.2f} s')
        self._now_s = now_s
        decision = self._decide(observation.frame, now_s)
        # as in training, where action k answers frame k and the delay between is part of the world
        answers = observation.frame.stamp_s == self._frame_s
        self._execute(decision.command, self._frame_s if answers else now_s)
        return decision

    def _decide(self, frame: Frame, now_s: float) -> Decision:
        """Receive, check, encode, plan."""
        answer = Decision(self._zero.copy(), Status.STALE, '', now_s, frame.stamp_s,
                          cost_to_go=math.nan, surprise=math.nan)
        verdict = self._check(frame, now_s)
        if not verdict.ok:
            self._distrust(verdict.reason)
            return replace(answer, reason=verdict.reason)
        self._receive(frame, now_s)

        z = self._model.encode(self._fit(frame.image))
        verdict = judge_finite('latent', z)
        if not verdict.ok:
            self._distrust(verdict.reason)
            return replace(answer, status=Status.FAULT, reason=verdict.reason)
        self._context.push(z, frame.stamp_s)
        answer = replace(answer, latent=z)
        if self._config.surprise:
            answer = replace(answer, surprise=self._compare(z, frame.stamp_s))

        if self._goal is None:
            return replace(answer, status=Status.IDLE, reason=self._idle_reason)
        if self._arrived:
            return replace(answer, status=Status.ARRIVED, reason='waiting for a new goal')
        if self._fresh < self._config.fresh_frames:
            return replace(answer, reason=f'{self._fresh} fresh frames, '
                                          f'{self._config.fresh_frames} wanted: {self._why}')
        try:
            plan = self._plan(self._goal, frame.stamp_s, now_s)
        except NonFiniteError as error:
            self._distrust(str(error))
            return replace(answer, status=Status.FAULT, reason=str(error))
        cost_to_go = float(plan.cost_to_go[0])
        answer = replace(answer, plan=plan, cost_to_go=cost_to_go)
        arrival = self._arrival.judge(cost_to_go)
        if arrival:
            self._arrived = True
            return replace(answer, status=Status.ARRIVED, reason=arrival)
        return replace(
            answer, status=Status.DRIVING, command=clamp(plan.blocks[0, 0], self._spec.action),
            reason=judge_surprise(answer.surprise, self._spec.surprise_limit).reason)

    def _compare(self, z: Array, frame_s: float) -> float:
        """Return the surprise of a latent (L, D), and distrust what has moved nothing."""
        expectation = expect(self._model, self._context, z, frame_s)
        if expectation is None:
            return math.nan
        self._distrust_commands.note(expectation.before, expectation.expected, z,
                                     expectation.block, frame_s)
        return expectation.surprise(z)

    def _fit(self, image: Image) -> Image:
        return to_model_image(image, self._spec.image_height, self._spec.image_width)

    def _check(self, frame: Frame, now_s: float) -> Verdict:
        limits = self._config
        verdict = judge_age('frame', frame.stamp_s, now_s, limits.max_frame_age_s,
                            limits.max_future_s)
        return verdict if not verdict.ok else judge_order('frame', frame.stamp_s, self._frame_s)

    def _receive(self, frame: Frame, now_s: float) -> None:
        """Count a good frame; after a silence, count from the beginning."""
        limit_s = self._config.max_frame_age_s
        gap = judge_gap('frame', frame.stamp_s, self._frame_s, limit_s)
        if not gap.ok and math.isfinite(self._frame_s):
            self._distrust(gap.reason)
            # nobody asked this agent, and whoever drives has stopped the robot by then
            self._execute(self._zero, min(self._frame_now_s + limit_s, now_s))
        self._fresh += frame.stamp_s > self._frame_s
        self._frame_s, self._frame_now_s = frame.stamp_s, now_s

    def _execute(self, command: Array, from_s: float) -> None:
        """Note the command that counts from ``from_s`` on."""
        self._recorded_s = max(self._recorded_s, from_s)
        self._command = command
        self._context.record(command, self._recorded_s)

    def _plan(self, goal: Array, frame_s: float, now_s: float) -> Plan:
        """Plan from the newest frame; NonFiniteError where what is imagined is not finite."""
        model = Distrusted(self._model, self._distrust_commands, frame_s)
        plan = self._planner.plan(
            model, self._context.latents(frame_s), self._context.executed(frame_s), goal,
            self._command, np.zeros((0, self._spec.action.width), np.float32), now_s, self._rng,
            self._clock)
        for what, values in (('plan', plan.blocks), ('cost-to-go', plan.cost_to_go)):
            verdict = judge_finite(what, values)
            if not verdict.ok:
                raise NonFiniteError(verdict.reason)
        return plan
