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

"""The level of the planner's diagnostics, and what is wrong in words with value and limit."""

from diagnostic_msgs.msg import DiagnosticStatus
import pytest

from jepa_ros.ros.figures import Figures
from jepa_ros.ros.planner_health import HealthWatch
from jepa_ros.types import Status

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
                          DiagnosticStatus.STALE)
LIMITS = {'max_frame_age_s': 0.3, 'deadline_ms': 80.0, 'surprise_limit': 1.5}


class Bench:
    """A planner's figures, and a watch that looks at them once a second."""

    def __init__(self):
        self.figures, self.watch = Figures(), HealthWatch()
        self.dropped, self.now_s = 0, 100.0
        self.frame()

    def frame(self):
        """Let a frame come."""
        self.figures.frame_came(self.now_s, self.now_s, self.now_s)

    def judge(self, word=Status.DRIVING, active_s=5.0, silent=False):
        """Judge a second later, a frame having come just before unless the camera is silent."""
        self.now_s += 1.0
        if not silent:
            self.frame()
        return self.watch.judge(
            word, active_s, self.figures.values(self.dropped, self.now_s, self.now_s), LIMITS,
            self.now_s)


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize('word, level', [
    (Status.IDLE, OK), (Status.DRIVING, OK), (Status.ARRIVED, OK), (Status.STALE, WARN),
    (Status.FAULT, ERROR)])
def test_the_level_goes_by_the_word_where_nothing_else_is_wrong(bench, word, level):
    health = bench.judge(word)
    assert (health.level, health.wrongs) == (level, {})


@pytest.mark.parametrize('word', [Status.IDLE, Status.DRIVING, Status.STALE])
def test_without_a_young_frame_it_is_stale_with_and_without_a_goal(bench, word):
    health = bench.judge(word, silent=True)
    assert health.level == STALE
    assert health.wrongs['silence'] == 'the newest frame is 1.00 s old, limit 0.30 s'
    assert bench.judge(word).level != STALE


def test_before_the_first_frame_it_is_stale():
    bench = Bench()
    bench.figures = Figures()
    health = bench.judge(Status.IDLE, silent=True)
    assert (health.level, health.wrongs['silence']) == (STALE, 'no frame has come')


def test_a_planner_that_has_just_become_active_may_wait_for_its_first_frame(bench):
    assert bench.judge(Status.IDLE, active_s=0.2, silent=True).level == OK
    assert bench.judge(Status.IDLE, active_s=0.4, silent=True).level == STALE


def test_a_fault_is_an_error_whatever_else_is_wrong(bench):
    assert bench.judge(Status.FAULT, silent=True).level == ERROR
    assert bench.judge(Status.FAULT, active_s=None, silent=True).level == ERROR


def test_an_inactive_planner_wants_no_frames(bench):
    assert bench.judge(Status.IDLE, active_s=None, silent=True).level == OK


@pytest.mark.parametrize('what, words', [
    ('repeated_frames', '2 frames repeat'), ('unreadable_frames', '2 frames cannot be read'),
    ('surprising_frames', '2 frames surprise by more than 1.500'),
    ('late_plans', 'deadline 80 ms'), ('deadline_misses', 'deadline 80 ms')])
def test_what_went_wrong_since_the_last_report_is_a_warning_once(bench, what, words):
    assert bench.judge().level == OK
    bench.figures.count(what)
    bench.figures.count(what)
    health = bench.judge()
    assert health.level == WARN
    assert words in health.wrongs[what]
    assert bench.judge().level == OK


def test_frames_that_gave_way_are_told_with_the_reason(bench):
    bench.dropped = 3
    bench.figures.took('encode', 0.152)
    health = bench.judge()
    assert health.level == WARN
    assert health.wrongs['dropped_frames'].startswith('3 frames gave way')
    assert 'encoding takes 152 ms' in health.wrongs['dropped_frames']


def test_the_same_is_news_every_ten_seconds_only(bench):
    news = []
    for _ in range(25):
        bench.dropped += 1
        news.append(len(bench.judge().news))
    assert news == [1, *[0] * 9, 1, *[0] * 9, 1, *[0] * 4]


def test_one_kind_of_news_does_not_hide_another(bench):
    bench.dropped += 1
    assert len(bench.judge().news) == 1
    bench.dropped += 1
    (told,) = bench.judge(silent=True).news
    assert 'limit 0.30 s' in told
