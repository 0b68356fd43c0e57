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


"""In every view a drive obeys the same physics: what was commanded is what is seen to happen."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_ros.learning.data import Actions, DataSet, Episodes
from jepa_ros.learning.symmetry import symmetric
from jepa_ros.learning.whereabouts import seen_from

PX = 48
STEPS = 12
AHEAD_PX = 6.0


def picture(x: float, y: float, heading: float) -> np.ndarray:
    """Draw a robot seen from above, y up: red where it is, blue ahead of it."""
    columns, rows = np.meshgrid(np.arange(PX), PX - 1 - np.arange(PX))
    out = np.zeros((PX, PX, 3))
    for channel, ahead in ((0, 0.0), (2, AHEAD_PX)):
        away = np.hypot(columns - x - ahead * np.cos(heading), rows - y - ahead * np.sin(heading))
        out[..., channel] = 255 * np.exp(-away ** 2 / 8)
    return out.astype(np.uint8)


def pose(frame: np.ndarray) -> tuple[float, float, float]:
    """Find the robot in a picture again."""
    columns, rows = np.meshgrid(np.arange(PX), PX - 1 - np.arange(PX))
    (x, y), (u, v) = (((columns * light).sum() / light.sum(), (rows * light).sum() / light.sum())
                      for light in (frame[..., 0].astype(float), frame[..., 2].astype(float)))
    return x, y, np.arctan2(v - y, u - x)


def moved(x, y, heading, action):
    """Return where a step leads: pixels ahead, then radians to the left."""
    return (x + action[0] * np.cos(heading), y + action[0] * np.sin(heading),
            heading + action[1])


@pytest.fixture(scope='module')
def drives():
    """Return two drives of Twist actions, with speeds felt, the second not begun at rest."""
    rng = np.random.default_rng(0)
    frames, actions, poses = [], [], []
    for _ in range(2):
        here = (*rng.uniform(20, 28, 2), rng.uniform(-3, 3))
        for step in range(STEPS + 1):
            frames.append(picture(*here))
            poses.append(here)
            action = (rng.uniform(0, 1.5), rng.uniform(-0.4, 0.4)) if step < STEPS else (0, 0)
            actions.append(action)
            here = moved(*here, action)
    first = np.repeat([0, STEPS + 1], STEPS + 1)
    actions = np.array(actions, np.float32)
    training = Episodes(np.array(frames), actions, np.array(poses, np.float32), first,
                        first + STEPS, actions.copy(), first == 0)
    return DataSet(training, training, Actions(low=(0.0, -0.4), high=(1.5, 0.4)),
                   ('linear_x', 'angular_z'))


@pytest.mark.parametrize('symmetry, views', [('mirror', 2), ('overhead', 8)])
def test_in_every_view_the_robot_goes_where_its_actions_lead(drives, symmetry, views):
    seen = symmetric(drives, symmetry).training
    assert len(seen) == views * len(drives.training)
    starts = np.unique(seen.first)
    assert len(starts) == 2 * views
    for first in starts:
        assert (seen.first[first], seen.last[first]) == (first, first + STEPS)
        here = pose(seen.images(np.array([first]))[0].numpy())
        for row in range(first, first + STEPS):
            here = moved(*here, seen.actions[row])
            found = pose(seen.images(np.array([row + 1]))[0].numpy())
            assert found[:2] == pytest.approx(here[:2], abs=0.3)
            assert np.cos(found[2] - here[2]) > 0.995
    assert (seen.proprioception == seen.actions).all()
    assert np.unique(seen.images(slice(None)).numpy().reshape(len(seen), -1),
                     axis=0).shape[0] == len(seen), 'two views are the same'


@pytest.mark.parametrize('symmetry', ['mirror', 'overhead'])
def test_in_every_view_odometry_goes_where_its_actions_lead(drives, symmetry):
    seen = symmetric(drives, symmetry).training
    rows = np.flatnonzero(np.arange(len(seen)) < seen.last)
    went = seen_from(seen.poses[rows], seen.poses[rows + 1])
    np.testing.assert_allclose(went[:, [0, 2]], seen.actions[rows], atol=1e-4)
    np.testing.assert_allclose(went[:, 1], 0.0, atol=1e-4)


def test_the_first_view_is_what_was_recorded(drives):
    seen, recorded = symmetric(drives, 'overhead').training, drives.training
    n = len(recorded)
    assert (seen.images(slice(0, n)).numpy() == recorded.frames).all()
    for field in ('actions', 'poses', 'first', 'last', 'proprioception', 'at_rest'):
        assert (getattr(seen, field)[:n] == getattr(recorded, field)).all(), field
    assert (seen.at_rest.reshape(8, n) == recorded.at_rest).all()
    assert len(np.unique(seen.drive)) == 8 * len(np.unique(recorded.drive))
    begins, ends = seen.drive_edges
    assert (begins == seen.first).all()
    assert (ends == seen.last).all()


def test_rows_in_any_order_are_read_as_slices_are(drives):
    seen = symmetric(drives, 'overhead').training
    rows = np.random.default_rng(1).permutation(len(seen))
    assert (seen.images(rows).numpy() == seen.images(slice(None)).numpy()[rows]).all()
    assert seen.images(slice(5, 5)).shape == (0, PX, PX, 3)


def test_held_out_drives_stay_as_they_are_and_none_changes_nothing(drives):
    assert symmetric(drives, 'none') is drives
    assert symmetric(drives, 'mirror').held_out is drives.held_out


def test_what_a_mirror_does_not_know_is_refused(drives):
    arm = replace(drives, actions=replace(drives.actions, names=('shoulder', 'angular_z')))
    with pytest.raises(ValueError, match=r"data\.symmetry: action 'shoulder' is none of a twist"):
        symmetric(arm, 'mirror')
    with pytest.raises(ValueError, match="proprioception 'elbow' is none of a twist"):
        symmetric(replace(drives, proprioception=('elbow', 'linear_x')), 'mirror')
    wide = replace(drives, training=replace(drives.training,
                                            frames=drives.training.frames[:, 8:]))
    with pytest.raises(ValueError, match='symmetry is overhead, pictures are 48 by 40 pixels'):
        symmetric(wide, 'overhead')
