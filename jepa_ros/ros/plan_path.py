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

"""A plan as a path: where its twists would lead, seen from where the robot is now."""

import math

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
import numpy as np
from trajectory_msgs.msg import JointTrajectory

from jepa_ros.ros.messages import to_quaternion, to_seconds, to_stamp

# of a turn; below it an arc is as good as straight
_STRAIGHT_RAD = 1e-6
_FASTEST = 1e3       # m/s or rad/s, of anything on wheels


def integrate(actions: np.ndarray, names: tuple[str, ...], period_s: float) -> np.ndarray:
    """
    Return the poses (N + 1, 3), x and y in m and yaw in rad, along N actions (N, A).

    Each action is held for ``period_s``, so that its way is an arc; the first pose is zero, in
    the frame of the robot at the start.  ``names`` are those of a Twist; what is not among
    them is zero.  Everything is exact for wheels that do as they are told.
    """
    columns = {name: actions[:, i] for i, name in enumerate(names)}
    still = np.zeros(len(actions))
    poses = np.zeros((len(actions) + 1, 3))
    for i, (forward, left, turn) in enumerate(zip(
            *(columns.get(name, still) for name in ('linear_x', 'linear_y', 'angular_z')),
            strict=True)):
        x, y, yaw = poses[i]
        angle = turn * period_s
        if abs(angle) < _STRAIGHT_RAD:
            along, aside = 1.0, 0.0
        else:
            along, aside = math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle
        ahead = (forward * along - left * aside) * period_s
        side = (forward * aside + left * along) * period_s
        poses[i + 1] = (x + ahead * math.cos(yaw) - side * math.sin(yaw),
                        y + ahead * math.sin(yaw) + side * math.cos(yaw), yaw + angle)
    return poses


def path_of(plan: JointTrajectory) -> tuple[np.ndarray, float]:
    """
    Return the poses along a plan that the planner has published, and its period in s.

    Nothing, (0, 3), where its actions are no velocities of a ground robot.
    """
    names = tuple(plan.joint_names)
    points = [point.velocities for point in plan.points]
    if (not {'linear_x', 'angular_z'} <= set(names) or not points
            or any(len(velocities) != len(names) for velocities in points)):
        return np.zeros((0, 3)), 0.0
    period_s = to_seconds(plan.points[1].time_from_start) if len(points) > 1 else 0.0
    actions = np.array(points, np.float64)
    if not (np.abs(actions) <= _FASTEST).all():     # NaN is none either
        return np.zeros((0, 3)), 0.0
    return integrate(actions, names, period_s), period_s


def to_path(plan: JointTrajectory) -> Path:
    """Return a plan as a Path in its own frame, which is the robot's: a pose for each action."""
    poses, period_s = path_of(plan)
    path = Path(header=plan.header)
    start_s = to_seconds(plan.header.stamp)
    for i, (x, y, yaw) in enumerate(poses):
        pose = PoseStamped()
        pose.header.frame_id = plan.header.frame_id
        pose.header.stamp = to_stamp(start_s + i * period_s)
        pose.pose.position.x, pose.pose.position.y = float(x), float(y)
        pose.pose.orientation = to_quaternion(yaw)
        path.poses.append(pose)
    return path
