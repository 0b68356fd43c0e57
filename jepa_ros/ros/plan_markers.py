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

"""A plan as markers: its way, what of it is committed, its blocks, and how far the goal is."""

import math

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
import numpy as np
from std_msgs.msg import ColorRGBA, Header
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import Marker, MarkerArray

from jepa_ros.ros.messages import to_quaternion
from jepa_ros.ros.plan_path import path_of
from jepa_ros.types import Decision

# Nobody takes a dead planner's markers away, so they go by themselves; a live one sends new ones
# long before.
_LIFETIME = Duration(sec=1)
_COMMITTED = ColorRGBA(r=0.94, g=0.63, b=0.29, a=1.0)
_FREE = ColorRGBA(r=0.31, g=0.79, b=0.73, a=1.0)
_WORDS = ColorRGBA(r=0.75, g=0.75, b=0.75, a=1.0)
# in m: above the floor, and for words behind the robot, where its plan seldom is
_ABOVE_M, _WORDS_AT_M = 0.03, (-0.25, 0.3)
_LINE_M, _LETTER_M = 0.03, 0.08
_ARROW_M = (0.12, 0.025, 0.025)     # length, width, height


def to_markers(plan: JointTrajectory, block: int, committed: int, words: str) -> MarkerArray:
    """
    Return a plan as markers in its own frame, which is the robot's, in place of all before.

    The way along its first ``committed`` actions, which were settled before it was made, and
    that along the others, which begins where those end; an arrow where each block of ``block``
    actions ends; and words.  Words alone where the actions are no velocities of a ground robot.
    """
    poses, _ = path_of(plan)
    markers = to_word_markers(plan.header, words)
    for name, color, part in (('committed', _COMMITTED, poses[:committed + 1]),
                              ('plan', _FREE, poses[committed:])):
        if len(part) > 1:       # RViz calls a line of one point an error
            line = _marker(plan.header, name, 0, Marker.LINE_STRIP, color)
            line.scale.x = _LINE_M
            line.points = [Point(x=float(x), y=float(y), z=_ABOVE_M) for x, y, _ in part]
            markers.markers.append(line)
    for number, end in enumerate(range(block, len(poses), block)):
        markers.markers.append(_arrow(plan.header, number, poses[end],
                                      _COMMITTED if end <= committed else _FREE))
    return markers


def to_word_markers(header: Header, words: str) -> MarkerArray:
    """Return words at the robot whose frame the header names, in place of all markers before."""
    text = _marker(header, 'words', 0, Marker.TEXT_VIEW_FACING, _WORDS)
    text.pose.position.x, text.pose.position.z = _WORDS_AT_M
    text.scale.z = _LETTER_M
    text.text = words
    return MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL), text])


def words_of(decision: Decision) -> str:
    """Return what a decision says in two lines: what it does, and how far the goal is."""
    number, count = decision.picture
    words = decision.status.value + (f', picture {number} of {count}' if count else '')
    if decision.plan is None or not math.isfinite(decision.cost_to_go):
        return words
    return (f'{words}\n{decision.cost_to_go:.1f} blocks to go, '
            f'{decision.plan.cost_to_go[-1]:.1f} after this plan')


def _arrow(header: Header, number: int, pose: np.ndarray, color: ColorRGBA) -> Marker:
    """Return an arrow at a pose (x m, y m, yaw rad)."""
    arrow = _marker(header, 'blocks', number, Marker.ARROW, color)
    arrow.scale.x, arrow.scale.y, arrow.scale.z = _ARROW_M
    x, y, yaw = (float(value) for value in pose)
    arrow.pose.position = Point(x=x, y=y, z=_ABOVE_M)
    arrow.pose.orientation = to_quaternion(yaw)
    return arrow


def _marker(header: Header, name: str, number: int, kind: int, color: ColorRGBA) -> Marker:
    # Locked to the frame, it is drawn where the robot is now.  Else viewers look for the robot at
    # the stamp, do not wait for TF to reach it as they do for a Path, and draw nothing.
    return Marker(header=header, ns=name, id=number, type=kind, action=Marker.ADD, color=color,
                  lifetime=_LIFETIME, frame_locked=True)
