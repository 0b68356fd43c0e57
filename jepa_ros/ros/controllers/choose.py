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

"""Which controller a robot has: by the model's actions and a parameter, or by the gate's."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jepa_ros.ros import messages
from jepa_ros.ros.controllers.controller import Controller
from jepa_ros.ros.controllers.float_array import FloatArrayController
from jepa_ros.ros.controllers.joint_speeds import JointSpeedController
from jepa_ros.ros.controllers.joint_trajectory import JointTrajectoryController
from jepa_ros.ros.controllers.twist import TwistController
from jepa_ros.ros.controllers.twist_stamped import TwistStampedController
from jepa_ros.types import ActionSpec, is_speed

# What a planner may be told; auto is a base.
NAMES = ('auto', 'twist', 'array', 'trajectory')
# What a gate may be told to pass.
KINDS = ('twist', 'velocity', 'position', 'trajectory')
# How long a trajectory of the planner's takes to come to rest after its first period.
_STOP_S = 0.1


def check(values: dict[str, Any]) -> None:
    """Refuse a planner's parameters that name no controller; ValueError says which there are."""
    name = values['controller']
    if name not in NAMES:
        raise ValueError(f'controller is {name!r}, must be one of {", ".join(NAMES)}')
    if values['stamped'] and name in ('array', 'trajectory'):
        raise ValueError(f'stamped is true, must be false where controller is {name}: '
                         'it is for Twist only')


def of_planner(action: ActionSpec, values: dict[str, Any],
               where: Callable[[], np.ndarray | None]) -> Controller:
    """
    Return the controller that a model's actions are sent to, as the parameters say.

    ``where`` tells where the joints of the actions' names are (A,), for a trajectory of speeds.
    ValueError where the actions do not fit.
    """
    check(values)
    name = values['controller']
    if name in ('auto', 'twist'):
        try:
            return of_base(values, action.names)
        except ValueError as error:
            raise ValueError(f'{error}; set controller to array or trajectory') from error
    if action.holds and any(is_speed(unit) for unit in action.units):
        raise ValueError(f'actions have units {list(action.units)}, must all be speeds (/s) '
                         'or none')
    if name == 'array':
        return FloatArrayController(action.holds)
    positions = JointTrajectoryController(action.names, 1.0 / values['command_rate_hz'], _STOP_S)
    if action.holds:
        return positions
    fastest = np.maximum(np.abs(action.low), np.abs(action.high))
    return JointSpeedController(positions, fastest.tolist(), where)


def joints_wanted(action: ActionSpec, values: dict[str, Any]) -> tuple[str, ...]:
    """Return the joints whose positions a planner must hear of: those whose speeds it sends."""
    if values['controller'] == 'trajectory' and not action.holds:
        return action.names
    return ()


def of_base(values: dict[str, Any], names: tuple[str, ...]) -> Controller:
    """Return the controller of a base; ValueError names actions that no Twist carries."""
    if values['stamped']:
        return TwistStampedController(values['frame_id'], names)
    return TwistController(names)


def of_gate(values: dict[str, Any]) -> Controller:
    """Return the controller that a gate stands before, as its parameters say."""
    kind = values['command']
    if kind == 'twist':
        return of_base(values, messages.BASE_NAMES)
    if kind == 'trajectory':
        return JointTrajectoryController(values['joints'], 1.0 / values['rate_hz'],
                                         values['stop_s'], values['max_rate'])
    return FloatArrayController(kind == 'position')
