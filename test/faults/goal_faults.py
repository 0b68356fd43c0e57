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


"""Faults of goal pictures, sent while the robot drives to a good one."""

from collections.abc import Callable
from typing import Any

from fault import Ends, Fault, nothing
from live_graph import LiveGraph
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from jepa_ros.ros.convert import from_rgb

GOAL = 'goal'


def fault(name: str, send: Callable[[LiveGraph], Any], heal: Callable = nothing,
          ends: Ends = Ends.DRIVES_ON, **more: Any) -> Fault:
    """Return a fault that is a goal."""
    return Fault(name, GOAL, send, heal, ends, **more)


def message(pixels: np.ndarray, **fields: Any) -> Image:
    """Return a goal with some fields set to something else."""
    image = from_rgb(np.ascontiguousarray(pixels), Header(frame_id='ceiling_camera'))
    for name, value in fields.items():
        setattr(image, name, value)
    return image


def paint(level: int) -> Callable[[LiveGraph], None]:
    """Return what sends a goal of one grey level."""
    return lambda graph: graph.send_goal(np.full_like(graph.goal_picture, level))


def wrong(**fields: Any) -> Callable[[LiveGraph], None]:
    """Return what sends the goal with fields that are wrong."""
    return lambda graph: graph.send_goal(message(graph.goal_picture, **fields))


def truncated(graph: LiveGraph) -> None:
    """Send a third of the data."""
    goal = message(graph.goal_picture)
    goal.data = goal.data[:len(goal.data) // 3]
    graph.send_goal(goal)


def flood(period_s: float) -> Callable[[LiveGraph], None]:
    """Return what sends the goal again and again."""
    def inject(graph: LiveGraph) -> None:
        graph.every(period_s, graph.send_goal)
    return inject


def end_flood(graph: LiveGraph) -> None:
    """End what is done again and again."""
    graph.quiet()


FAULTS = (
    fault('none_at_all', nothing, hold_s=2.5, often=True),
    fault('goal_black', paint(0), often=True),
    fault('goal_white', paint(255)),
    fault('goal_empty', wrong(height=0, width=0, step=0), often=True),
    fault('goal_wrong_encoding', wrong(encoding='32FC1')),
    fault('goal_wrong_step', wrong(step=7)),
    fault('goal_giant', wrong(height=1_000_000, width=1_000_000, step=3_000_000)),
    fault('goal_truncated', truncated),
    fault('goal_other_size', lambda g: g.send_goal(g.goal_picture[::2, ::2])),
    fault('goal_sent_again', LiveGraph.send_goal),
    fault('goal_flood_5_hz', flood(0.2), end_flood, Ends.EITHER, hold_s=1.2),
    fault('goal_flood_100_hz', flood(0.01), end_flood, Ends.EITHER, hold_s=1.2),
)
