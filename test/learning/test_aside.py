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

"""Places aside of each other are found by odometry, in batches and among goals."""

from dataclasses import replace

import numpy as np
import pytest

from jepa_ros.learning import batches
from jepa_ros.learning.aside import aside, goals_aside, LEAST_M, MOST_M, MOST_RAD
from jepa_ros.learning.critic_config import CriticConfig
from jepa_ros.learning.critic_goals import draw_pairs
from jepa_ros.learning.train_config import TrainConfig
from jepa_ros.learning.whereabouts import draw_lesson, seen_from


def small(episodes):
    """Return the squares on a floor of a metre or so, who all face the same way."""
    poses = episodes.poses.copy()
    poses[:, 2] = 0.0
    return replace(episodes, poses=poses)


def lies_aside(episodes, rows, goals):
    ahead, left, turn = np.abs(seen_from(episodes.poses[rows], episodes.poses[goals])).T
    return (left > ahead) & (left > LEAST_M) & (np.hypot(ahead, left) < MOST_M) & (turn < MOST_RAD)


def test_the_first_that_lies_aside_is_taken(squares):
    poses = squares.poses.copy()
    poses[:6] = [(0.0, 0.0, 0.0), (0.5, 0.1, 0.0), (0.0, 0.5, 1.0), (0.1, -0.4, 0.2),
                 (0.0, 0.3, 0.0), (0.0, 0.05, 0.0)]
    episodes = replace(squares, poses=poses)
    others = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [1, 2, 5, 0]])
    # ahead, turned too far, too near: none of these
    assert aside(episodes, np.zeros(3, int), others).tolist() == [2, 0, -1]
    # what is not known lies nowhere
    poses[3:5] = np.nan
    assert aside(episodes, np.zeros(3, int), others).tolist() == [-1, -1, -1]


def test_goals_are_of_the_drive_and_stand_where_none_lies_aside(squares):
    episodes, rng = small(squares), np.random.default_rng(0)
    rows = rng.choice(len(episodes), 200)
    goals = rows.copy()
    found = goals_aside(episodes, rows, goals, 64, rng)
    changed = found != goals
    assert changed.mean() > 0.3
    assert lies_aside(episodes, rows[changed], found[changed]).all()
    assert (episodes.drive[found] == episodes.drive[rows]).all()
    far = replace(episodes, poses=episodes.poses * 1000.0)
    np.testing.assert_array_equal(goals_aside(far, rows, goals, 64, rng), goals)


def test_pairs_of_the_critic_have_their_part_of_them(squares):
    episodes = small(squares)
    rows = episodes.starts(3, 1, after=3)
    shares = []
    for share in (0.0, 0.8):
        drawn = draw_pairs(episodes, rows, 3, CriticConfig(aside=share),
                           np.random.default_rng(0))
        shares.append(lies_aside(episodes, drawn['row'], drawn['goal']).mean())
    assert shares[1] > shares[0] + 0.2


def test_sequences_begin_aside_by_twos_and_are_each_other_s_goals(squares):
    episodes = small(squares)
    config = TrainConfig(batch=64, episodes=4, rollout=2, aside=1.0)
    rows = batches.sequence_rows(episodes, 3, 2, 2)
    index, *_ = batches.draw(episodes, rows, config, 3, 2, 0)
    usual, *_ = batches.draw(episodes, rows, replace(config, aside=0.0), 3, 2, 0)
    starts = index[:, 1]
    together = lies_aside(episodes, starts[::2], starts[1::2])
    assert together.mean() > 0.3
    # the first of two is what it would have been
    np.testing.assert_array_equal(starts[::2], usual[::2, 1])
    assert (episodes.drive[starts] == episodes.drive[usual[:, 1]]).all()
    assert np.isin(starts, rows).all()
    lesson = draw_lesson(episodes, index, 2, 4, np.random.default_rng(0), by_twos=True)
    goals = index[lesson.sequence[:, 0, -1], lesson.frame[:, 0, -1]]
    np.testing.assert_array_equal(goals[::2], starts[1::2])
    np.testing.assert_array_equal(goals[1::2], starts[::2])


def test_an_odd_number_of_sequences_is_refused():
    with pytest.raises(ValueError, match='batch 20 of 4 episodes is 5 sequences of each'):
        TrainConfig(batch=20, episodes=4, aside=0.5)
