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

"""The page of jepa watch in a real browser, over the real graph: it sees, it stops, it tells."""

from collections.abc import Callable, Iterator
import importlib.util
import os
import signal
import time

from browser import Browser, chromium, find_chromium
import pytest
from services import wait_for
from verdict import zero_s
from watched_graph import WatchedGraph

pytest.importorskip('tornado', reason='the page needs Tornado: requirements/watch.txt')
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    not find_chromium(), reason='no Chromium here: apt install chromium')]

# acceptance: the command stream is zero so long after the press
LIMIT_S = 0.3
# a canvas as a number, other for another picture; 0 before there is one
SUM = ("(() => {{ const c = document.getElementById('{}');"
       " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let s = 0;"
       ' for (let i = 0; i < d.length; i += 1) s = (s * 31 + d[i]) % 1000000007;'
       ' return c.width === 320 ? s : 0; }})()')
ZEROS = 5
RECORDING = 'drive.rrd'


def text(element: str) -> str:
    """Return the expression of an element's text."""
    return f"(document.getElementById('{element}')?.textContent ?? '')"


@pytest.fixture(scope='module')
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedGraph]:
    """Hold simulator, planner and gate."""
    with WatchedGraph(tmp_path_factory.mktemp('graph')) as graph:
        yield graph


@pytest.fixture(scope='module')
def page(graph: WatchedGraph) -> Iterator[Browser]:
    """Hold the page of jepa watch in a browser."""
    rerun = importlib.util.find_spec('rerun') is not None
    address = graph.watch(*(['--rerun', str(graph.folder / RECORDING)] if rerun else []))
    with chromium() as browser:
        browser.go(address)
        browser.wait(f"{text('gate-word')} === 'waiting'", 'the gate on the page')
        yield browser
        # a gate that hangs, and a server that has ended, are on purpose
        assert not [error for error in browser.errors
                    if '/stream' not in error and '/stop' not in error]


def stop_after_s(graph: WatchedGraph, page: Browser, press: Callable[[], object]) -> float:
    """Let the robot drive, press, and return how long it was still commanded to move."""
    graph.set_off()
    page.wait(f"{text('stop-word')} === 'STOP'", 'a page that knows of no stop')
    began_s = time.time()
    press()
    page.wait(f"{text('stop-word')} === 'STOPPED'", 'the stop on the page')
    wait_for(lambda: sum(not c.moves for c in graph.record.commands if c.came_s > began_s)
             >= ZEROS, 'zero commands')
    assert graph.record.gate[-1].word == 'latched'
    return zero_s(list(graph.record.commands), began_s, time.time()) - began_s


def judge(graph: WatchedGraph, page: Browser, press: Callable[[], object]) -> None:
    """See the robot's commands end in time, and for good."""
    took_s = stop_after_s(graph, page, press)
    if took_s > LIMIT_S:
        # a machine that stood still for a moment looks like a late stop, once
        took_s = stop_after_s(graph, page, press)
    print(f'zero after {took_s:.3f} s')
    assert took_s <= LIMIT_S, f'zero after {took_s:.3f} s, limit {LIMIT_S} s'


def test_the_page_shows_live_frames(graph, page):
    first = page.wait(SUM.format('camera'), 'a frame of the camera')
    page.wait(f"{SUM.format('camera')} !== {first}", 'another frame')
    assert page.value("document.getElementById('camera').width") == 320
    assert page.value("document.getElementById('alarm').hidden"), page.value(text('alarm'))


def test_the_stop_button_stops_the_robot(graph, page):
    at = page.point('#stop')
    judge(graph, page, lambda: page.mouse('mousePressed', at))
    page.mouse('mouseReleased', at)


def test_the_plan_and_what_it_should_lead_to_are_shown(graph, page):
    # the robot was stopped: the last plan stays.  It has the model's horizon, and one block more
    # where it goes on from a committed one
    steps = graph.imagined[-1].height
    assert steps in (5, 6)
    page.wait(f"document.querySelectorAll('#steps figure:not([hidden])').length === {steps}",
              f'{steps} imagined steps')
    assert page.value("document.querySelector('#steps canvas').width") == 160
    assert 'remembered frames' in page.value(text('imagined-note'))


def test_a_short_press_of_reset_does_nothing_and_a_long_one_resets(graph, page):
    at = page.point('#reset')
    page.mouse('mousePressed', at)
    page.mouse('mouseReleased', at)
    time.sleep(0.3)
    assert graph.record.gate[-1].word == 'latched'
    page.mouse('mousePressed', at)
    page.wait("!document.body.classList.contains('latched')", 'the end of the stop')
    page.mouse('mouseReleased', at)
    assert graph.record.gate[-1].word != 'latched'


def test_the_space_bar_stops_the_robot(graph, page):
    judge(graph, page, page.space)


def test_a_stop_that_is_pressed_while_reset_is_held_stays(graph, page):
    page.wait(f"{text('stop-word')} === 'STOPPED'", 'the stop on the page')
    at = page.point('#reset')
    page.mouse('mousePressed', at)
    time.sleep(0.4)
    page.space()
    time.sleep(1.2)
    page.mouse('mouseReleased', at)
    assert graph.record.gate[-1].word == 'latched'
    page.wait(f"{text('stop-word')} === 'STOPPED'", 'the stop on the page')


def test_the_page_is_as_dark_as_the_system_and_as_narrow_as_a_telephone(page):
    paper = 'getComputedStyle(document.body).backgroundColor'
    found = {}
    for theme in ('dark', 'light'):
        page.theme(theme)
        page.wait(f"document.documentElement.dataset.theme === '{theme}'", theme)
        found[theme] = page.value(paper)
    assert found['dark'] != found['light']
    page.call('Emulation.setDeviceMetricsOverride', width=400, height=800, deviceScaleFactor=1,
              mobile=True)
    page.wait('innerWidth === 400', 'a narrow page')
    assert page.value('document.documentElement.scrollWidth') <= 400
    page.call('Emulation.clearDeviceMetricsOverride')


def test_a_gate_that_is_gone_is_said_in_red(graph, page):
    os.kill(graph.children.pids()['command_gate'], signal.SIGSTOP)
    try:
        page.wait(f"{text('alarm')}.includes('The gate cannot be reached')", 'the alarm')
        page.space()
        page.wait(f"{text('alarm')}.includes('The stop is NOT confirmed')", 'the failed stop')
        page.wait(f"{text('gate-word')} === 'not heard'", 'a gate without a word')
    finally:
        os.kill(graph.children.pids()['command_gate'], signal.SIGCONT)
    page.wait("document.getElementById('alarm').hidden", 'the end of the alarm')


def test_a_server_that_is_gone_is_said_in_red(graph, page):
    os.kill(graph.children.pids()['watch'], signal.SIGINT)
    page.wait(f"{text('alarm')}.includes('No connection to jepa watch')", 'the alarm')
    page.wait("document.body.classList.contains('lost')", 'what is old in grey')
    assert 'grayscale' in page.value("getComputedStyle(document.getElementById('camera')).filter")
    page.wait(f"{text('gate-word')} === 'not heard'", 'a gate without a word')
    wait_for(lambda: graph.children.code('watch') is not None, 'the end of jepa watch')
    assert graph.children.code('watch') == 0


def test_the_same_drives_are_in_the_recording(graph):
    pytest.importorskip('rerun', reason='it wants the Rerun SDK: requirements/rerun.txt')
    from rrd import read_rrd
    found = read_rrd(graph.folder / RECORDING)
    assert len(found['/camera'].times_s) > 10
    assert len(found['/goal'].times_s) >= 2
    assert len(found['/planner/latent'].times_s) > 10
    assert found['/planner/imagined'].times_s
    assert found['/planner/surprise'].times_s
    costs = found['/planner/cost_to_go'].numbers()
    assert costs
    assert min(costs) >= 0.0
    speeds = found['/command/linear_x'].numbers()
    assert max(map(abs, speeds)) > 0.0
    assert 0.0 in speeds
    words = [value[0] for value in found['/log/gate'].values]
    assert any(word.startswith('latched') for word in words)
