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

"""Batches never mix episodes, and the held-out ones stay out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from jepa_ros.learning.data import (
    Actions,
    blocks_at,
    blocks_before,
    Episodes,
    load_data_set,
    load_episodes,
    rows_before,
)
from jepa_ros.learning.light import jitter

LENGTHS = (7, 3, 10)


def numbered() -> Episodes:
    """Return three episodes whose actions name their row: (row, -row)."""
    n = sum(LENGTHS)
    first = np.repeat(np.cumsum((0, *LENGTHS[:-1])), LENGTHS)
    last = np.repeat(np.cumsum(LENGTHS) - 1, LENGTHS)
    rows = np.arange(n, dtype=np.float32)
    actions = np.stack([rows, -rows], axis=1)
    actions[np.unique(last)] = 0.0
    return Episodes(np.zeros((n, 4, 4, 3), np.uint8), actions, np.zeros((n, 3), np.float32),
                    first, last)


@given(before=st.integers(0, 11), after=st.integers(0, 11))
def test_rows_never_cross_episodes(before, after):
    episodes = numbered()
    owner = np.repeat(np.arange(3), LENGTHS)
    wanted = [r for r in range(len(episodes))
              if r - before >= 0 and r + after < len(episodes)
              and owner[r - before] == owner[r] == owner[r + after]]
    assert episodes.rows(before, after).tolist() == wanted


@given(block=st.integers(1, 4), history=st.integers(0, 3), after=st.integers(0, 11),
       rest=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_a_start_is_known_so_far_back_or_its_episode_began_at_rest(block, history, after, rest):
    episodes = replace(numbered(), at_rest=np.repeat(rest, LENGTHS))
    wanted = [r for r, (first, last) in enumerate(zip(episodes.first, episodes.last, strict=True))
              if r + after <= last and (episodes.at_rest[r] or r - block * history >= first)]
    assert episodes.starts(block, history, after).tolist() == wanted


def test_episodes_begin_at_rest_where_nothing_else_is_said():
    episodes = numbered()
    np.testing.assert_array_equal(episodes.starts(3, 2, after=4), episodes.rows(0, 4))


def test_blocks_at():
    block = blocks_at(numbered(), np.array([0, 11]), 3)
    assert block.dtype == torch.float32
    assert block.tolist() == [[[0, 0], [1, -1], [2, -2]], [[11, -11], [12, -12], [13, -13]]]


def test_blocks_before_are_zero_before_an_episode():
    episodes = numbered()
    block = blocks_before(episodes, np.array([0, 1, 5, 7, 9, 10, 12]), 3)
    assert block.dtype == torch.float32
    assert block.shape == (7, 1, 3, 2)
    assert block[:, 0, :, 0].tolist() == [
        [0, 0, 0],      # the start of everything: nothing before
        [0, 0, 0],      # row 0's action is (0, 0)
        [2, 3, 4],
        [0, 0, 0],      # the start of the second episode
        [0, 7, 8],
        [0, 0, 0],      # the start of the third
        [0, 10, 11]]


def test_a_history_is_a_block_apart_and_never_before_its_episode():
    episodes = numbered()
    rows = np.array([0, 6, 11, 19])
    assert rows_before(episodes, rows, 3, 3).tolist() == [
        [0, 0, 0], [0, 3, 6],
        [10, 10, 11],       # the third episode begins at 10
        [13, 16, 19]]
    before = blocks_before(episodes, rows, 3, 3)
    assert before.shape == (4, 3, 3, 2)
    assert before[2, :, :, 0].tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 10]]
    assert before[3, :, :, 0].tolist() == [
        [10, 11, 12], [13, 14, 15], [16, 17, 18]]


def test_a_data_set_says_what_its_actions_are(tmp_path):
    write(tmp_path, 10)
    assert load_data_set(tmp_path).actions == Actions()
    (tmp_path / 'collect.json').write_text(
        '{"action": {"names": ["a", "b"], "units": ["m", "1"], "low": [0, -2], "high": [1, 2], '
        '"period_s": 0.2, "delay_s": 0.0}}')
    data = load_data_set(tmp_path)
    assert data.actions == Actions(('a', 'b'), ('m', '1'), (0, -2), (1, 2), 0.2, 0.0)
    assert (len(data.training), len(data.held_out)) == (45, 5)
    assert data.training.proprioception.shape == (45, 0)
    (tmp_path / 'collect.json').write_text('{"action": {"low": [3.0, 0.0]}}')
    with pytest.raises(ValueError, match=r'collect.json: action: .*low 3.0 must be below high'):
        load_data_set(tmp_path)


def write(folder, count):
    """Write small episodes that name themselves in every frame."""
    for i in range(count):
        np.savez(folder / f'episode_{i:05d}.npz', frames=np.full((5, 4, 4, 3), i, np.uint8),
                 actions=np.full((4, 2), i, np.float32), poses=np.full((5, 3), i, np.float32))


def test_every_tenth_episode_is_held_out(tmp_path):
    write(tmp_path, 23)
    training, held_out = load_episodes(tmp_path)
    assert np.unique(held_out.frames).tolist() == [9, 19]
    assert np.unique(training.frames).tolist() == [i for i in range(23) if i not in (9, 19)]
    assert len(training) == 21 * 5
    assert training.first[:11].tolist() == [0] * 5 + [5] * 5 + [10]
    assert training.last[:6].tolist() == [4] * 5 + [9]
    # the row that an episode's last frame fills holds no action
    assert not training.actions[training.last].any()
    assert (training.actions[5:9] == 1).all()


def test_too_few_episodes_are_refused(tmp_path):
    write(tmp_path, 9)
    with pytest.raises(ValueError, match='holds 9 episodes, at least 10 are needed'):
        load_episodes(tmp_path)


def test_jitter_is_seeded_bounded_and_different_for_each_image():
    images = torch.full((6, 8, 8, 3), 120, dtype=torch.uint8)
    a, b = (jitter(images, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(a, b)
    assert a.dtype == torch.float32
    assert float(a.min()) >= 0.0
    assert float(a.max()) <= 255.0
    levels = a.mean(dim=(1, 2, 3))
    assert len(levels.unique()) == 6
    assert float((levels - 120).abs().max()) > 5
    assert not torch.equal(a, jitter(images, torch.Generator().manual_seed(6)))
    assert torch.equal(images, torch.full_like(images, 120))


def test_light_of_an_episode_changes_all_its_pictures_alike():
    images = torch.full((6, 8, 8, 3), 120, dtype=torch.uint8)
    levels = [float(x) for x in jitter(images, torch.Generator().manual_seed(5), 0.0, 1.0,
                                       2).mean(dim=(1, 2, 3))]
    assert levels[:3] == pytest.approx([levels[0]] * 3, abs=1.0)
    assert levels[3:] == pytest.approx([levels[3]] * 3, abs=1.0)
    assert abs(levels[0] - levels[3]) > 5
    still = jitter(images, torch.Generator().manual_seed(5), 0.0, 0.0)
    assert float((still.mean(dim=(1, 2, 3)) - 120).abs().max()) < 1
    little = jitter(images, torch.Generator().manual_seed(5), 0.1)
    assert 1 < float((little.mean(dim=(1, 2, 3)) - 120).abs().max()) < 6


def test_jitter_keeps_what_the_picture_shows():
    images = torch.zeros(3, 8, 8, 3, dtype=torch.uint8)
    images[:, :, 4:] = 200
    out = jitter(images, torch.Generator().manual_seed(0))
    assert (out[:, :, 4:].mean(dim=(1, 2, 3)) > out[:, :, :4].mean(dim=(1, 2, 3)) + 80).all()
