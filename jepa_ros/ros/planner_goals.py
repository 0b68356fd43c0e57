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

from jepa_ros.core.trouble import Trouble
from jepa_ros.ros import params, planner_params
from jepa_ros.ros.convert import to_picture
from jepa_ros.ros.goal_offers import GoalOffers
from jepa_ros.ros.picture import Picture
from jepa_ros.ros.planner_drive import Drive
from jepa_ros.ros.planner_failures import Failures
from jepa_ros.ros.planner_loop import PlannerLoop
from jepa_ros.ros.planner_route import RouteGoals

# A start waits this long for a goal or a frame that is being encoded, and for a stop to be
# carried out.
_START_PATIENCE_S = 0.2


def _same(goal: Picture, other: Picture | None) -> bool:
    """Say whether two pictures are the same, bit for bit."""
    return (other is not None and goal.channels == other.channels
            and np.array_equal(goal.pixels, other.pixels))


class Goals:
    """
    Take goals, the newest only, and drive to them when they come or when a person says so.

    A picture that can be no goal is refused with its numbers: the robot drives on to the goal
    there was, and ``start`` does nothing until another comes.  One that is sent again is no new
    goal while it is driven to, nor after a person cancelled it or the robot gave up on it: only
    ``start`` tries again.
    """

    def __init__(self, node: Node, drive: Drive, loop: PlannerLoop, failures: Failures) -> None:
        self._node, self._drive, self._loop, self._failures = node, drive, loop, failures
        self._offers = GoalOffers()
        self._newest: Picture | None = None         # driven to or not
        self._shown: Picture | None = None          # the newest that was driven to
        self._trouble = Trouble()                   # of the newest drive
        self._cancelled = False                     # ``_shown``, by a person
        self.route: RouteGoals | None = None        # followed where there is one

    def forget(self) -> None:
        """Wait for a new one."""
        self._offers.forget()
        self._newest, self._trouble, self._cancelled = None, Trouble(), False

    def cancel(self, reason: str) -> None:
        """End the drive; the picture that it went to begins none until ``start``."""
        self._cancelled = True
        self._loop.cancel(reason)

    def offer(self, message: Image) -> None:
        """Receive a goal; the thread that encodes takes it."""
        if self._drive.active:
            number = self._offers.come()
            self._loop.post('goal', lambda: self._take(message, number))
        else:
            self._node.get_logger().warning('goal refused: the node is not active',
                                            throttle_duration_sec=1.0)

    def _take(self, message: Image, number: int) -> None:
        if not self._drive.active or not self._offers.wanted(number):
            return
        refusal = 'it could not be looked at'
        try:
            goal = to_picture(message)
            with self._loop.lock:
                if not self._node.get_parameter('start_on_goal').value:
                    self._check(goal)
                elif not self._known(goal):
                    self._show(goal, 'goal')
                    self._node.get_logger().info('driving to a new goal',
                                                 throttle_duration_sec=1.0)
            self._newest, refusal = goal, ''
        except ValueError as error:
            refusal = str(error)
            self._node.get_logger().error(f'goal refused: {error}', throttle_duration_sec=1.0)
        finally:
            self._offers.judged(number, refusal)

    def _known(self, goal: Picture) -> bool:
        """Say whether a goal is driven to, cancelled or given up, the lock held."""
        if not _same(goal, self._shown):
            return False
        ended = ('this picture was cancelled' if self._cancelled else
                 'the robot gave up on this picture' if self._trouble.gave_up else '')
        if ended:
            self._node.get_logger().warning(f'goal ignored: {ended}; ~/start tries again',
                                            throttle_duration_sec=1.0)
        return bool(ended or self._drive.begun)

    def start(self) -> tuple[bool, str]:
        """
        Drive to the newest goal; return whether that works, and what to say.

        Where none has come, a route is followed to its end, if ``follow_route`` says so.
        """
        if not self._drive.active:
            return False, 'the node is not active'
        refusal = self._offers.wait(_START_PATIENCE_S)
        if refusal:
            return False, refusal
        if self._newest is None:
            if self.route is None:
                return False, 'no goal has come since the node became active'
            if not self._node.get_parameter('follow_route').value:
                return False, ('no goal has come since the node became active, and follow_route '
                               'is false: the end of the route is none')
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
        return True, ('driving to the newest goal' if self._newest is not None
                      else 'following the route to its end')

    def show_again(self) -> None:
        """Tell another agent the goal that is being driven to, the lock held."""
        if self.route is not None:
            self.route.config = planner_params.follower_config(
                params.values(self._node, planner_params.TABLE))
        if self._drive.begun and (self._shown is not None or self.route is not None):
            try:
                self._aim(self._shown, self._trouble)
            except ValueError as error:
                self._node.get_logger().error(f'the goal is lost: {error}')

    def _check(self, goal: Picture) -> None:
        """Refuse a picture that can be no goal; ValueError says why."""
        if self.route is None:
            self._loop.agent.goal_of(self._part(goal))
        else:
            self.route.to_picture(self._loop.agent, self._part(goal), Trouble())

    def _aim(self, goal: Picture | None, trouble: Trouble) -> None:
        """Show the agent a picture, along the route where there is one; None: the route's end."""
        agent = self._loop.agent
        if self.route is None:
            agent.set_goal(self._part(goal))
        else:
            agent.follow(self.route.to_end(trouble) if goal is None
                         else self.route.to_picture(agent, self._part(goal), trouble))
            # what was seen before was not looked at from this way: no plan may come of it
            self._loop.forget_look()

    def _show(self, goal: Picture | None, begun: str) -> None:
        """Make a picture the agent's goal, or the route's end; ``begun`` says by what."""
        # another goal on the way ends no drive, nor do its searches begin anew
        goes_on = begun == 'goal' and self._drive.begun
        trouble = self._trouble if goes_on else Trouble()
        self._aim(goal, trouble)
        self._shown, self._trouble, self._cancelled = goal, trouble, False
        self._drive.set_off(begun)

    def _part(self, goal: Picture) -> np.ndarray:
        """Return the part of a goal picture that is looked at."""
        region = planner_params.region(params.values(self._node, planner_params.TABLE))
        return goal.part(region).rgb()
