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

"""The board keeps the newest, hands it out once, and never grows."""

import json
import math

from jepa_ros.web.board import Board, CURVE_POINTS, MOST_CURVES, plain, Seen, Shot


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_page_gets_the_newest_picture_once():
    board, seen = Board(), Seen()
    for number in range(1000):
        board.show('camera', lambda number=number: b'%d' % number)
    assert {name: shot.jpeg() for name, shot in board.news(seen).pictures.items()} == {
        'camera': b'999'}
    assert board.news(seen).pictures == {}
    board.show('camera', lambda: b'more')
    assert list(board.news(seen).pictures) == ['camera']


def test_a_picture_is_encoded_when_it_is_asked_for_and_only_once():
    made = []
    shot = Shot(1, lambda: made.append(1) or b'jpeg')
    assert made == []
    assert (shot.jpeg(), shot.jpeg()) == (b'jpeg', b'jpeg')
    assert made == [1]


def test_each_page_has_its_own_news():
    board, one, other = Board(), Seen(), Seen()
    board.tell('planner', {'word': 'idle'})
    assert board.news(one).state['facts'] == {'planner': {'word': 'idle'}}
    assert board.news(one).state['facts'] == {}
    board.tell('planner', {'word': 'driving'})
    assert board.news(other).state['facts'] == {'planner': {'word': 'driving'}}


def test_a_curve_is_given_in_full_but_for_what_is_no_longer_kept():
    board, seen = Board(), Seen()
    for value in range(3):
        board.plot('cost', float(value))
    assert [value for _, value in board.news(seen).state['points']['cost']] == [0.0, 1.0, 2.0]
    for value in range(3 * CURVE_POINTS):
        board.plot('cost', float(value))
    points = board.news(seen).state['points']['cost']
    assert len(points) == CURVE_POINTS
    assert points[-1][1] == 3 * CURVE_POINTS - 1
    assert board.news(seen).state['points'] == {}


def test_names_of_curves_do_not_add_up():
    board = Board()
    for number in range(1000):
        board.plot(f'command.{number}', 1.0)
    assert len(board.news(Seen()).state['points']) == MOST_CURVES


def test_numbers_that_are_none_do_not_reach_the_page():
    board = Board()
    board.plot('cost', math.nan)
    board.tell('planner', {'cost_to_go': math.nan, 'stages': [{'p50_ms': math.inf}]})
    state = board.news(Seen()).state
    assert state['points'] == {}
    assert json.loads(json.dumps(state, allow_nan=False))['facts'] == {
        'planner': {'cost_to_go': None, 'stages': [{'p50_ms': None}]}}


def test_ages_and_rates_are_those_of_now():
    clock = Clock()
    board = Board(clock)
    for _ in range(20):
        clock.now_s += 0.1
        board.heard('camera')
    assert board.news(Seen()).state['streams']['camera'] == {'age_s': 0.0, 'rate_hz': 10.0}
    clock.now_s += 5.0
    assert board.news(Seen()).state['streams']['camera'] == {'age_s': 5.0, 'rate_hz': 0.0}


def test_plain_keeps_what_json_has():
    assert plain({'a': (1, 2.5, 'x', True, None)}) == {'a': [1, 2.5, 'x', True, None]}
