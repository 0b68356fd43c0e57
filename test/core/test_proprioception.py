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
"""Proprioception is the end of a latent, and a robot that wants it does not drive without."""

from dataclasses import replace

import numpy as np
from point_world import picture, PointModel, spec
import pytest
from rig import GOAL, Rig

from jepa_ros.core.proprioception import latent_of
from jepa_ros.types import Frame, Observation, Proprioception, Status

FELT = Proprioception(('linear_x', 'angular_z'), ('m/s', 'rad/s'), (0.5, 2.0))


class FeelingPoint(PointModel):
    """The point, with two numbers at the end of its latent that say nothing of its place."""

    def __init__(self):
        super().__init__()
        self.spec = replace(self.spec, width=4, proprioception=FELT)
        self.newest = None

    def rollout(self, context, executed, candidates, goal):
        """Look at the place alone."""
        self.newest = context[-1]
        rollout = super().rollout(context[..., :2], executed, candidates, goal[..., :2])
        return replace(rollout, latents=np.pad(rollout.latents, ((0, 0),) * 3 + ((0, 2),)))


def test_a_latent_ends_with_what_is_felt():
    feeling = replace(spec(), width=4, proprioception=FELT)
    seen = np.array([[0.1, 0.2]], np.float32)
    z = latent_of(seen, np.array([0.25, -1.0], np.float32), feeling)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, [[0.1, 0.2, 0.5, -0.5]])
    np.testing.assert_array_equal(latent_of(seen, None, feeling), [[*seen[0], 0.0, 0.0]])
    assert latent_of(seen, np.ones(5, np.float32), spec()) is seen
    with pytest.raises(ValueError, match=r'shape \(3,\), must be \(2,\): linear_x, angular_z'):
        latent_of(seen, np.zeros(3, np.float32), feeling)


def test_sizes_must_leave_something_for_the_encoder():
    assert replace(spec(), width=4, proprioception=FELT).encoded_width == 2
    with pytest.raises(ValueError, match='width is 2, must be above the 2 numbers'):
        replace(spec(), proprioception=FELT)
    with pytest.raises(ValueError, match=r"'linear_x': scale is 0.0, must be finite and above 0"):
        replace(FELT, scale=(0.0, 1.0))
    with pytest.raises(ValueError, match='units has 1 entries, names has 2'):
        replace(FELT, units=('m/s',))


def test_the_agent_feels_at_every_frame():
    rig = Rig(model=FeelingPoint())
    rig.agent.set_goal(picture(*GOAL))
    for i in range(4):
        felt = np.array([0.1 * i, 0.0], np.float32)
        decision = rig.agent.step(Observation(Frame(picture(*rig.place), rig.now_s), felt),
                                  rig.now_s)
        rig.now_s += 0.1
    assert decision.status is Status.DRIVING
    np.testing.assert_allclose(decision.latent[0, 2:], [0.6, 0.0], atol=1e-6)
    np.testing.assert_allclose(rig.model.newest[0, 2:], [0.6, 0.0], atol=1e-6)


def test_without_it_the_robot_stands():
    rig = Rig(model=FeelingPoint())
    rig.agent.set_goal(picture(*GOAL))
    for _ in range(4):
        decision = rig.look()
        rig.now_s += 0.1
    assert decision.status is Status.STALE
    assert decision.reason == 'nothing tells linear_x, angular_z at the frame'
    assert not decision.command.any()
    for _ in range(3):      # fresh frames are counted from when it came back
        assert decision.status is Status.STALE
        decision = rig.agent.step(Observation(Frame(picture(*rig.place), rig.now_s),
                                              np.zeros(2, np.float32)), rig.now_s)
        rig.now_s += 0.1
    assert decision.status is Status.DRIVING


def test_what_is_not_finite_is_a_fault():
    rig = Rig(model=FeelingPoint())
    rig.agent.set_goal(picture(*GOAL))
    decision = rig.agent.step(Observation(Frame(picture(*rig.place), rig.now_s),
                                          np.array([np.nan, 0.0], np.float32)), rig.now_s)
    assert decision.status is Status.FAULT
