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

"""Commands, plans and states as standard messages; times as seconds."""

import array
from collections.abc import Mapping, Sequence
import math

from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Quaternion, Twist, TwistStamped
import numpy as np
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from jepa_ros.types import ActionSpec, Plan

# which number of a Twist an action is, by the name that the model's manifest gives it
_TWIST_FIELDS = {
    'linear_x': ('linear', 'x'),
    'linear_y': ('linear', 'y'),
    'angular_z': ('angular', 'z'),
}
BASE_NAMES = tuple(_TWIST_FIELDS)               # of any base on a floor
TWIST_NAMES = ('linear_x', 'angular_z')         # of one that cannot move sideways


def name_of(node: Node) -> str:
    """Return what a node is called in /diagnostics: 'robot1/command_gate', as no other is."""
    return str(node.get_fully_qualified_name()).lstrip('/')


def to_seconds(stamp: Time | Duration) -> float:
    """Return a stamp in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def to_stamp(seconds: float) -> Time:
    """Return seconds, at or after zero, as a stamp, to the nanosecond."""
    nanoseconds = round(seconds * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def check_names(names: Sequence[str]) -> None:
    """Refuse actions that no Twist can carry; ValueError names them."""
    unknown = [name for name in names if name not in _TWIST_FIELDS]
    if unknown:
        raise ValueError(f'actions {unknown} cannot be sent as a Twist, '
                         f'which carries {list(_TWIST_FIELDS)}')


def to_quaternion(yaw: float) -> Quaternion:
    """Return the orientation of what is turned by a yaw, in rad, about z."""
    return Quaternion(z=math.sin(yaw / 2), w=math.cos(yaw / 2))


def to_twist(command: np.ndarray, names: Sequence[str] = TWIST_NAMES) -> Twist:
    """Return a command (A,) as a Twist; what no action names is zero."""
    twist = Twist()
    for name, value in zip(names, command, strict=True):
        part, axis = _TWIST_FIELDS[name]
        setattr(getattr(twist, part), axis, float(value))
    return twist


def to_command_message(command: np.ndarray, stamp: Time, frame_id: str, stamped: bool,
                       names: Sequence[str] = TWIST_NAMES) -> Twist | TwistStamped:
    """Return a command (A,) as a TwistStamped, or as a plain Twist without stamp and frame."""
    twist = to_twist(command, names)
    if not stamped:
        return twist
    message = TwistStamped(twist=twist)
    message.header.stamp = stamp
    message.header.frame_id = frame_id
    return message


def from_twist(message: Twist | TwistStamped, names: Sequence[str] = TWIST_NAMES) -> np.ndarray:
    """Return the numbers of a Twist or TwistStamped that the actions name, (A,) float64."""
    twist = message.twist if isinstance(message, TwistStamped) else message
    return np.array([getattr(getattr(twist, part), axis)
                     for part, axis in (_TWIST_FIELDS[name] for name in names)])


def to_trajectory(plan: Plan, action: ActionSpec, frame_id: str) -> JointTrajectory:
    """
    Return a plan as a trajectory: a name for each action component, a point for each action.

    The header's stamp is the time at which the first action takes effect; the point i holds
    from i periods after it.  Components in units per second fill ``velocities``, any others
    ``positions``; a plan that mixes the two is all in ``positions``, as a point has one number
    for each name.
    """
    trajectory = JointTrajectory(joint_names=list(action.names))
    trajectory.header.stamp = to_stamp(max(plan.start_s, 0.0))
    trajectory.header.frame_id = frame_id
    field = 'velocities' if all(u.endswith('/s') for u in action.units) else 'positions'
    actions = np.asarray(plan.blocks, np.float64).reshape(-1, action.width)      # (H K, A)
    for i, values in enumerate(actions):
        since = to_stamp(i * plan.period_s)
        trajectory.points.append(JointTrajectoryPoint(
            time_from_start=Duration(sec=since.sec, nanosec=since.nanosec),
            **{field: array.array('d', values.tobytes())}))
    return trajectory


def to_status(name: str, level: bytes, word: str, hardware: str,
              values: Mapping[str, float | str]) -> DiagnosticStatus:
    """Return a diagnostic status whose message is one word; numbers keep nine decimals."""
    return DiagnosticStatus(
        level=level, name=name, message=word, hardware_id=hardware,
        values=[KeyValue(key=k, value=v if isinstance(v, str) else f'{v:.9f}')
                for k, v in values.items()])


def status_value(status: DiagnosticStatus, key: str) -> float:
    """Return the number under a key of a status; NaN where there is none."""
    try:
        return float(status_text(status, key))
    except ValueError:
        return math.nan


def status_text(status: DiagnosticStatus, key: str) -> str:
    """Return the text under a key of a status; empty where there is none."""
    return next((item.value for item in status.values if item.key == key), '')


def to_diagnostics(stamp: Time, *status: DiagnosticStatus) -> DiagnosticArray:
    """Return what /diagnostics carries."""
    message = DiagnosticArray(status=list(status))
    message.header.stamp = stamp
    return message
