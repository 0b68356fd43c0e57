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

"""Runs become episodes; what is held out lies apart from what is trained on."""

import numpy as np
import pytest

from jepa_ros.bags.arrays import without
from jepa_ros.bags.episodes import check_enough, cut, Episode

START_NS = 1_700_000_000 * 10 ** 9


def times(count, period_s=0.1):
    """Return when rows were taken, in ns, at a rate."""
    return START_NS + np.round(np.arange(count) * period_s * 1e9).astype(np.int64)


def rows_of(episodes, held_out):
    return np.concatenate([np.arange(e.first, e.last + 1) for e in episodes
                           if e.held_out == held_out] or [np.zeros(0, int)])


def test_a_long_run_becomes_equal_parts_every_tenth_held_out():
    episodes, short = cut([(0, 17999)], times(18000))
    assert short == 0
    assert len(episodes) == 45
    assert [i for i, e in enumerate(episodes) if e.held_out] == [9, 19, 29, 39]
    assert all(350 <= len(e) <= 400 for e in episodes)


@pytest.mark.parametrize('period, apart', [(0.1, 20), (0.25, 8)])
def test_two_seconds_lie_between_training_and_held_out(period, apart):
    episodes, _ = cut([(0, 17999)], times(18000, period))
    training, held_out = rows_of(episodes, False), rows_of(episodes, True)
    held_at = np.searchsorted(held_out, training)
    near = np.stack([held_out[np.clip(held_at + i, 0, len(held_out) - 1)] for i in (-1, 0)])
    assert np.abs(training - near).min() == apart + 1
    assert len(training) + len(held_out) == 18000 - 8 * apart


def apart_s(episodes, times_ns):
    """Return how long there is, at least, between what is trained on and what is held out."""
    training, held_out = (times_ns[rows_of(episodes, held)] for held in (False, True))
    return np.abs(training[:, None] - held_out[None]).min() / 1e9


@pytest.mark.parametrize('taken', [[898, 1001], [897, 899, 1000, 1003], [*range(895, 900)],
                                   [885, 1012]])
def test_they_lie_there_too_where_pictures_are_missing(taken):
    """A picture that cannot be read parts a drive, and what is short is left out."""
    episodes, _ = cut(without([(i * 100, i * 100 + 99) for i in range(12)], taken), times(1200))
    assert [(e.first, e.last) for e in episodes if e.held_out] == [(900, 999)]
    assert 2.0 < apart_s(episodes, times(1200)) < 2.2


def test_a_short_part_between_is_looked_across():
    """Its neighbours are near in time all the same, and so may be the next but one."""
    runs = [*((i * 100, i * 100 + 99) for i in range(8)), (800, 840), (845, 884), (885, 899),
            (900, 999), (1000, 1099)]
    episodes, short = cut(runs, times(1100))
    assert [(e.first, e.last) for e in episodes if e.held_out] == [(845, 884)]
    assert (episodes[-2].first, short) == (905, 2)
    assert apart_s(episodes, times(1100)) > 2.0


def test_what_lies_apart_already_is_left_as_it_is():
    """A gap of minutes, another recording: nothing is lost."""
    runs = [(i * 100, i * 100 + 99) for i in range(11)]
    later = times(1100) + np.arange(1100) // 100 * 60 * 10 ** 9
    assert [len(e) for e in cut(runs, later)[0]] == [100] * 11
    # simulated time that begins again with every recording
    again = np.tile(times(100), 11)
    assert [len(e) for e in cut(runs, again)[0]] == [100] * 11


def test_a_short_recording_gives_enough_episodes_all_the_same():
    episodes, _ = cut([(0, 1199)], times(1200))
    assert len(episodes) == 12
    assert sum(e.held_out for e in episodes) == 1
    check_enough(episodes)


def test_short_runs_are_left_out_and_counted():
    episodes, short = cut([(0, 28), (29, 58), (59, 300)], times(301))
    assert short == 1
    assert (episodes[0].first, episodes[0].last) == (29, 58)
    assert rows_of(episodes, False)[-1] == 300


@pytest.mark.parametrize('count, length, ok', [(10, 100, True), (9, 400, False), (10, 99, False)])
def test_too_little_is_refused_with_the_numbers(count, length, ok):
    episodes = [Episode(i * length, (i + 1) * length - 1, False) for i in range(count)]
    if ok:
        check_enough(episodes)
        return
    with pytest.raises(ValueError, match=f'give {count} episodes of at least 30 frames, '
                                         f'{count * length} frames in all; at least 10'):
        check_enough(episodes)


def test_rows_that_are_taken_out_part_a_run():
    assert without([(0, 9), (10, 19)], []) == [(0, 9), (10, 19)]
    assert without([(0, 9), (10, 19)], [0, 5, 6, 9]) == [(1, 4), (7, 8), (10, 19)]
    assert without([(3, 3)], [3]) == []
