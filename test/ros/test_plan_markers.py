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

"""A plan as markers: what a viewer makes of them, worked out by hand and over DDS."""

import math

from graph import process, wait_for
import numpy as np
import pytest
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray

from jepa_ros.ros.messages import to_seconds, to_trajectory
from jepa_ros.ros.plan_markers import to_markers, to_word_markers, words_of
from jepa_ros.ros.plan_path import to_path
from jepa_ros.types import ActionSpec, Decision, Plan, Status

ACTION = ActionSpec(('linear_x', 'angular_z'), ('m/s', 'rad/s'), (-1.0, -2.0), (1.0, 2.0), 5, 0.1)
STRAIGHT, CURVE = (0.5, 0.0), (0.5, 1.0)
COMMITTED, FREE = (0.94, 0.63, 0.29), (0.31, 0.79, 0.73)


class Viewer:
    """What is shown after each array, by RViz's rules; it fails where RViz would show an error."""

    def __init__(self) -> None:
        self.shown: dict[tuple[str, int], Marker] = {}

    def show(self, array: MarkerArray) -> None:
        """Take markers away and put others there, in their order."""
        names = [(marker.ns, marker.id) for marker in array.markers]
        assert len(set(names)) == len(names), 'a namespace and number twice in one array'
        for marker in array.markers:
            if marker.action == Marker.DELETEALL:
                self.shown = {name: other for name, other in self.shown.items()
                              if marker.ns not in ('', other.ns)}
            else:
                assert marker.action == Marker.ADD
                self._check(marker)
                self.shown[marker.ns, marker.id] = marker

    def names(self) -> set[str]:
        """Return the namespaces that a person may tick."""
        return {name for name, _ in self.shown}

    def words(self) -> str:
        """Return the text."""
        return self.shown['words', 0].text

    @staticmethod
    def _check(marker: Marker) -> None:
        turn, place, size = marker.pose.orientation, marker.pose.position, marker.scale
        assert turn.x ** 2 + turn.y ** 2 + turn.z ** 2 + turn.w ** 2 == pytest.approx(1.0)
        assert all(map(math.isfinite, (place.x, place.y, place.z)))
        assert marker.color.a > 0, 'it cannot be seen'
        assert 0.5 <= to_seconds(marker.lifetime) <= 3.0, 'it stays when the planner is dead'
        # else RViz wants TF at the stamp, and has only what is older
        assert marker.frame_locked
        assert marker.header.frame_id
        if marker.type == Marker.LINE_STRIP:
            assert len(marker.points) >= 2
            assert size.x > 0
            assert all(math.isfinite(value) for p in marker.points for value in (p.x, p.y, p.z))
        elif marker.type == Marker.ARROW:
            assert not marker.points
            assert min(size.x, size.y, size.z) > 0
        else:
            assert marker.type == Marker.TEXT_VIEW_FACING
            assert size.z > 0
            assert marker.text


def plan(actions: list[tuple[float, ...]], block: int = 5) -> Plan:
    """Return a plan of these actions that starts at 12.5 s, and ends 1.3 blocks from the goal."""
    blocks = np.array(actions, np.float32).reshape(-1, block, len(actions[0]))
    return Plan(blocks, np.zeros((len(blocks), 1, 4), np.float32),
                np.linspace(4.2, 1.3, len(blocks) + 1, dtype=np.float32), 1.0, 12.5, 0.1, 2, 0.01)


def decision(status: Status, cost_to_go: float, picture: tuple[int, int] = (0, 0)) -> Decision:
    """Return a decision with a plan where it drives."""
    return Decision(np.zeros(2, np.float32), status, '', 0.0, 0.0, cost_to_go, 0.0,
                    plan=plan([STRAIGHT] * 5) if status is Status.DRIVING else None,
                    picture=picture)


def line(marker: Marker) -> np.ndarray:
    """Return the points (N, 3) of a line."""
    return np.array([(p.x, p.y, p.z) for p in marker.points])


def color(marker: Marker) -> tuple[float, ...]:
    """Return a marker's red, green and blue."""
    return pytest.approx((marker.color.r, marker.color.g, marker.color.b))


@pytest.mark.parametrize('committed', [0, 1, 7, 14])
def test_what_is_committed_and_what_is_free_are_one_way(committed):
    """The line in two colours is the path, and the second begins where the first ends."""
    trajectory = to_trajectory(plan([STRAIGHT] * 5 + [CURVE] * 10), ACTION, 'base_link')
    viewer = Viewer()
    viewer.show(to_markers(trajectory, 5, committed, 'driving'))
    way = np.array([(p.pose.position.x, p.pose.position.y)
                    for p in to_path(trajectory).poses])
    free = viewer.shown['plan', 0]
    assert color(free) == FREE
    np.testing.assert_allclose(line(free)[:, :2], way[committed:])
    assert ('committed', 0) in viewer.shown or not committed
    if committed:
        settled = viewer.shown['committed', 0]
        assert color(settled) == COMMITTED
        np.testing.assert_allclose(line(settled)[:, :2], way[:committed + 1])
    assert {marker.header.frame_id for marker in viewer.shown.values()} == {'base_link'}
    assert {to_seconds(marker.header.stamp) for marker in viewer.shown.values()} == {12.5}


def test_an_arrow_where_each_block_ends():
    """0.25 m ahead after the first, where it was settled that it would come; then turned."""
    viewer = Viewer()
    viewer.show(to_markers(to_trajectory(plan([STRAIGHT] * 5 + [CURVE] * 10), ACTION, 'base_link'),
                           5, 6, 'driving'))
    arrows = [viewer.shown['blocks', number] for number in range(3)]
    assert ('blocks', 3) not in viewer.shown
    first, _, last = (arrow.pose for arrow in arrows)
    assert (first.position.x, first.position.y, first.orientation.z) == pytest.approx((0.25, 0, 0))
    # 1 rad of a circle of radius 0.5 m
    assert (last.position.x, last.position.y) == pytest.approx(
        (0.25 + 0.5 * math.sin(1.0), 0.5 * (1.0 - math.cos(1.0))), abs=1e-6)
    assert 2 * math.atan2(last.orientation.z, last.orientation.w) == pytest.approx(1.0)
    assert [color(arrow) for arrow in arrows] == [COMMITTED, FREE, FREE]


def test_a_plan_takes_the_place_of_the_one_before():
    """Of a longer plan nothing stays, and of a plan nothing after words."""
    viewer = Viewer()
    for count in (4, 3):
        viewer.show(to_markers(to_trajectory(plan([STRAIGHT] * 5 * count), ACTION, 'base_link'), 5,
                               5 * (count - 3), 'driving'))
        assert [name for name, _ in viewer.shown].count('blocks') == count
        assert ('committed' in viewer.names()) == (count > 3)
    viewer.show(to_word_markers(viewer.shown['words', 0].header, 'arrived'))
    assert viewer.names() == {'words'}
    assert viewer.words() == 'arrived'


@pytest.mark.parametrize('units', [('rad', 'rad'), ('rad/s', 'rad/s')])
def test_of_joints_there_are_words_only(units):
    """No pose is known, as with the path."""
    joints = ActionSpec(('a', 'b'), units, (-1.0, -2.0), (1.0, 2.0), 5, 0.1)
    viewer = Viewer()
    viewer.show(to_markers(to_trajectory(plan([STRAIGHT] * 10), joints, 'base'), 5, 3, 'driving'))
    assert viewer.names() == {'words'}


@pytest.mark.parametrize('said, words', [
    (decision(Status.DRIVING, 4.2), 'driving\n4.2 blocks to go, 1.3 after this plan'),
    (decision(Status.DRIVING, 4.2, (2, 5)),
     'driving, picture 2 of 5\n4.2 blocks to go, 1.3 after this plan'),
    (decision(Status.DRIVING, math.nan, (2, 5)), 'driving, picture 2 of 5'),
    (decision(Status.ARRIVED, 0.1), 'arrived'),
])
def test_words(said, words):
    assert words_of(said) == words


def test_a_viewer_sees_the_plan_and_no_longer_than_there_is_one(bundle, probe, robot, monkeypatch):
    """From a goal to a stop, on to arrival: over DDS, as RViz listens by default."""
    monkeypatch.setenv('FAKE_PLAN_DELAYS_S', '0.15')        # so that something is committed
    heard = probe.listen(MarkerArray, 'planner_node/markers', 5)
    with process('fake_planner', '-p', bundle, '-p', 'max_frame_age_s:=2.0') as planner:
        robot.wait_word('idle')
        robot.place[:] = 0.15, 0.5
        robot.send_goal(0.8, 0.6)

        def whole() -> Viewer | None:
            viewer = seen(heard)
            return viewer if {'committed', 'plan', 'blocks', 'words'} <= viewer.names() else None

        viewer = wait_for(whole, 'a plan of which something is committed')
        lines = [line(viewer.shown[name, 0]) for name in ('committed', 'plan')]
        assert sum(map(len, lines)) >= 15 + 2
        np.testing.assert_allclose(lines[0][-1], lines[1][0])
        assert viewer.words().startswith('driving\n')
        assert viewer.words().endswith(' after this plan')
        assert viewer.shown['words', 0].header.frame_id == 'base_link'
        probe.call(Trigger, 'planner_node/cancel', Trigger.Request())
        wait_for(lambda: seen(heard).names() == {'words'} and seen(heard).words() == 'idle',
                 'no plan after a stop')
        robot.place[:] = 0.15, 0.5
        assert robot.start().success
        wait_for(whole, 'a plan again')
        robot.wait_word('arrived')
        wait_for(lambda: seen(heard).names() == {'words'} and seen(heard).words() == 'arrived',
                 'no plan after arrival')
        assert planner.end() == 0, planner.output


def seen(heard: list[MarkerArray]) -> Viewer:
    """Return a viewer that was there from the beginning."""
    viewer = Viewer()
    for array in list(heard):
        viewer.show(array)
    return viewer
