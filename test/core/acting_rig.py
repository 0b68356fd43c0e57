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

"""The agent driving a point by plans that take their time, for tests of it."""

from dataclasses import replace

import numpy as np
from point_world import ACTION, picture
from rig import GOAL, Rig

from jepa_ros.core.actions import command_at
from jepa_ros.types import Frame, ModelSpec, Observation, Status

DELAY_S = ModelSpec.delay_s
PERIOD_S = ACTION.period_s


class ActingRig(Rig):
    """
    A rig whose plans are ready ``latency_s`` after their frame; one is made at a time.

    A naive one asks as if they were ready at once, and carries them out as if they were new.
    ``commanded`` are the commands (A,) that the point was given, one a period, and ``ahead`` what
    each plan takes for granted of the future, once it is past.
    """

    def __init__(self, latency_s=0.3, naive=False, **options):
        super().__init__(**options)
        self.latency_s, self.naive = latency_s, naive
        self.coming = self.plan = None
        self.commanded = []
        self.ahead = []
        self.agent.set_goal(picture(*GOAL))

    def perceive(self):
        """Let the agent see a frame, and decide nothing yet."""
        return self.agent.perceive(Observation(Frame(picture(*self.place), self.now_s)),
                                   self.now_s)

    def ask(self, percept, expected_s=None):
        """Ask for a plan, expected in so many seconds, and solve it: it is ready later."""
        ready_s = self.now_s + self.latency_s
        expected_s = self.latency_s if expected_s is None else expected_s
        question = self.agent.ask(percept, self.now_s + (0.0 if self.naive else expected_s))
        self.coming = ready_s, question, self.agent.solve(question)
        self.ahead.append((len(self.commanded), question.committed))

    def answer(self):
        """Hand over the plan that is coming."""
        _, question, plan = self.coming
        self.coming = None
        if self.naive:
            start_s = self.now_s + DELAY_S
            question, plan = replace(question, start_s=start_s), replace(plan, start_s=start_s)
        decision = self.agent.answer(question, plan, self.now_s + DELAY_S)
        if decision.plan is not None:
            self.plan = None if decision.status is Status.ARRIVED else decision.plan
        return decision

    def move(self):
        """Obey the plan for a period; return the command."""
        command = (np.zeros(2, np.float32) if self.plan is None
                   else command_at(self.plan, self.now_s + DELAY_S))
        self.commanded.append(command)
        # the picture shows the unit square and no more
        self.place = np.clip(self.place + command * PERIOD_S, 0.0, 1.0)
        self.now_s += PERIOD_S
        return command

    def period(self):
        """See, take the plan that is ready, ask where none is made, move; return the status."""
        percept = self.perceive()
        if percept.status is not Status.DRIVING:
            self.plan = self.coming = None
            self.move()
            return percept.status
        answers = [percept]
        if self.coming is not None and self.now_s >= self.coming[0] - 1e-6:
            answers.append(self.answer())
        if self.coming is None and answers[-1].status is Status.DRIVING:
            self.ask(percept)
            if self.latency_s == 0.0:
                answers.append(self.answer())
        self.move()
        return answers[-1].status

    def periods(self, count):
        """Go on for a while; return the statuses."""
        return [self.period() for _ in range(count)]


def known(rig, periods=5):
    """Return what the agent takes for granted that was commanded in the last periods."""
    return rig.agent._context.commands(rig.now_s - periods * PERIOD_S, periods)


def truth(rig, periods=5):
    """Return what was commanded in the last periods; zero before the first."""
    return np.concatenate([np.zeros((periods, 2)), rig.commanded])[-periods:]


def driving(latency_s=0.3, **options):
    """Return a rig at a frame at which a plan is in force and none is being made."""
    rig = ActingRig(latency_s, **options)
    rig.periods(3 + round(latency_s / PERIOD_S))
    percept = rig.perceive()
    assert rig.answer().plan is not None
    return rig, percept
