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


"""Goal pictures: which one was sent, which one is driven to, and what makes none."""

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image

from jepa_ros.ros import params, planner_params
from jepa_ros.ros.convert import to_picture
from jepa_ros.ros.picture import Picture
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_failures import Failures
from jepa_ros.ros.planner_loop import PlannerLoop

# A start waits this long for a frame that is being encoded, and for a stop to be carried out.
_START_PATIENCE_S = 0.2


class Goals:
    """
    Take goals, the newest only, and drive to them when they come or when a person says so.

    A picture that can be no goal is refused with its numbers, and changes nothing: the robot
    drives on to the goal there was, and ``start`` takes the one before.
    """

    def __init__(self, node: Node, drive: Drive, loop: PlannerLoop, failures: Failures) -> None:
        self._node, self._drive, self._loop, self._failures = node, drive, loop, failures
        self._newest: Picture | None = None         # driven to or not
        self._shown: Picture | None = None          # the newest that was driven to

    def forget(self) -> None:
        """Wait for a new one."""
        self._newest = None

    def offer(self, message: Image) -> None:
        """Receive a goal; the thread that encodes takes it."""
        if self._drive.active:
            self._loop.post('goal', lambda: self._take(message))
        else:
            self._node.get_logger().warning('goal refused: the node is not active',
                                            throttle_duration_sec=1.0)

    def _take(self, message: Image) -> None:
        if not self._drive.active:
            return
        try:
            goal = to_picture(message)
            with self._loop.lock:
                if self._node.get_parameter('start_on_goal').value:
                    self._show(goal, 'goal')
                    self._node.get_logger().info('driving to a new goal',
                                                 throttle_duration_sec=1.0)
                else:
                    self._loop.agent.goal_of(self._part(goal))
            self._newest = goal
        except ValueError as error:
            self._node.get_logger().error(f'goal refused: {error}', throttle_duration_sec=1.0)

    def start(self) -> tuple[bool, str]:
        """Drive to the newest goal; return whether that works, and what to say."""
        if not self._drive.active:
            return False, 'the node is not active'
        if self._newest is None:
            return False, 'no goal has come since the node became active'
        if not self._drive.wait_free(_START_PATIENCE_S):
            return False, 'the stop before is not carried out yet'
        if not self._loop.lock.acquire(timeout=_START_PATIENCE_S):
            return False, 'a frame is being encoded for too long'
        try:
            # a person has looked at the robot
            self._loop.trust_camera()
            self._show(self._newest, 'start')
        except ValueError as error:
            return False, str(error)
        except Exception as error:
            self._failures.fail('look', 'encoding failed', error)
            return False, f'encoding failed: {error}'
        finally:
            self._loop.lock.release()
        return True, 'driving to the newest goal'

    def show_again(self) -> None:
        """Tell another agent the goal that is being driven to, the lock held."""
        if self._drive.begun and self._shown is not None:
            try:
                self._loop.agent.set_goal(self._part(self._shown))
            except ValueError as error:
                self._node.get_logger().error(f'the goal is lost: {error}')

    def _show(self, goal: Picture, begun: str) -> None:
        """Make a picture the agent's goal; ``begun`` says by what."""
        self._loop.agent.set_goal(self._part(goal))
        self._shown = goal
        self._drive.set_off(begun)

    def _part(self, goal: Picture) -> np.ndarray:
        """Return the part of a goal picture that is looked at."""
        region = planner_params.region(params.values(self._node, planner_params.TABLE))
        return goal.part(region).rgb()
