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

"""The planner node's parameters, and the frozen configurations that they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jepa_ros.config import AgentConfig, METHODS, PlannerConfig
from jepa_ros.core.following import FollowerConfig
from jepa_ros.ros.controllers import choose
from jepa_ros.ros.params import Entry

TABLE = (
    Entry('model', 'warehouse_ceiling', 'name', 'bundle: a path, or the name of one in models'),
    Entry('trusted_key', '', 'path', "public key that must have signed the bundle (jepa sign); '' "
          'asks for no signature'),
    Entry('engine', 'auto', 'name', 'what runs the graphs; auto takes the best there is'),
    Entry('precision', 'auto', 'name', 'what the engine computes in; auto is its most exact'),
    Entry('threads', 1, 'count', 'threads of the engine', 1, 64),
    Entry('region', [0, 0, 0, 0], 'px', 'x, y, width and height of the part of frames and goal '
          'pictures that is looked at; all zero is the whole'),
    Entry('command_rate_hz', 20.0, 'Hz', 'commands in a second, of the plan in force',
          5.0, 200.0),
    Entry('controller', 'auto', 'name', 'what commands are sent as: auto or twist, to a base; '
          'array (Float64MultiArray) or trajectory (JointTrajectory), to joints that are named '
          'as the actions of the model'),
    Entry('stamped', False, 'bool', 'publish TwistStamped, not Twist'),
    Entry('frame_id', 'base_link', 'name', 'frame in which commands and plans are given'),
    Entry('route', '', 'path', "folder of a route (jepa route) that is followed; '' has none"),
    Entry('follow_route', False, 'bool', 'where no goal has come ~/start goes to the end of the '
          'route; false: it does nothing'),
    Entry('start_on_goal', True, 'bool', 'drive when a goal comes; false waits for ~/start'),
    Entry('seed', 0, 'count', "seed of the planner's samples", 0, 2**31 - 1),
    Entry('planner', PlannerConfig.method, 'name',
          f'how plans are searched: {", ".join(METHODS)}'),
    Entry('candidates', PlannerConfig.candidates, 'count', 'plans tried in an iteration', 2, 4096),
    Entry('elites', PlannerConfig.elites, 'count', 'best plans that the next iteration is '
          'drawn from', 1, 4096),
    Entry('iterations', PlannerConfig.iterations, 'count', 'iterations at most', 1, 100),
    Entry('deadline_s', PlannerConfig.deadline_s, 's', 'after this the best plan so far is taken',
          0.001, 10.0),
    Entry('action_rate_weight', PlannerConfig.action_rate_weight, 'blocks',
          'cost of a change of action over its whole range', 0.0, 100.0),
    Entry('noise_beta', PlannerConfig.noise_beta, 'exponent',
          'icem: how fast the power of its noise falls with frequency; 0 is white', 0.0, 10.0),
    Entry('keep_elites', PlannerConfig.keep_elites, 'share',
          'icem: elites kept between iterations and between plans', 0.0, 1.0),
    Entry('shrink', PlannerConfig.shrink, 'share',
          'icem: candidates of an iteration for each of the one before', 0.1, 1.0),
    Entry('temperature', PlannerConfig.temperature, 'stds of the costs',
          'mppi: the lower, the more the best candidates count', 0.001, 1000.0),
    Entry('max_frame_age_s', AgentConfig.max_frame_age_s, 's',
          'a command computed from an older frame is zero', 0.01, 5.0),
    Entry('fresh_frames', AgentConfig.fresh_frames, 'count',
          'fresh frames in a row before motion resumes', 1, 100),
    Entry('arrival_frames', AgentConfig.arrival_frames, 'count',
          'frames in a row below arrival_cost that count as arrived', 1, 100),
    Entry('arrival_cost', 0.0, 'blocks',
          'cost-to-go below which the goal is reached; 0 takes what the model says', 0.0, 1000.0),
    Entry('arrival_m', AgentConfig.arrival_m, 'm',
          'within which it is reached, where the model tells that; 0 never', 0.0, 100.0),
    Entry('settled_frames', AgentConfig.settled_frames, 'count',
          'frames in a row below 1.5 arrival costs that count as arrived too', 1, 1000),
    Entry('refuse_repeats', True, 'bool',
          'while it drives, take a picture that is repeated bit for bit for no picture'),
    Entry('max_failures', 5, 'count',
          'failures in a row to encode or to plan after which the node deactivates itself',
          1, 1000),
    Entry('route_reach_cost', FollowerConfig.reach_cost, 'blocks',
          'how far away a picture of the route may be to be driven to', 1.0, 1000.0),
    Entry('route_trust_cost', FollowerConfig.trust_cost, 'blocks',
          'further away the critic knows nothing: so far from all pictures it is lost',
          1.0, 1000.0),
    Entry('route_look_about_s', FollowerConfig.look_about_s, 's',
          'a lost robot turns on the spot for so long, then stops; 0: it does not turn',
          0.0, 120.0),
    Entry('route_stuck_s', FollowerConfig.stuck_s, 's',
          'without progress for so long the way is blocked', 0.5, 600.0),
)

# Fixed at configuration: publishers and the engine are made of them.
FIXED = ('model', 'trusted_key', 'engine', 'precision', 'threads', 'command_rate_hz',
         'controller', 'stamped', 'frame_id', 'route')


def fixed(follows: bool) -> tuple[str, ...]:
    """Return what cannot change once configured: of a route, the part of its pictures neither."""
    return (*FIXED, 'region') if follows else FIXED


@dataclass(frozen=True)
class LoopConfig:
    """What the planner's loop must keep to; the parameters of these names."""

    deadline_s: float
    max_frame_age_s: float
    refuse_repeats: bool
    max_failures: int


def loop_config(values: dict[str, Any]) -> LoopConfig:
    """Return the loop's configuration."""
    return LoopConfig(**{name: values[name] for name in (
        'deadline_s', 'max_frame_age_s', 'refuse_repeats', 'max_failures')})


def planner_config(values: dict[str, Any]) -> PlannerConfig:
    """Return the planner's configuration; ValueError names a wrong value and its limit."""
    return PlannerConfig(method=values['planner'], **{name: values[name] for name in (
        'candidates', 'elites', 'iterations', 'deadline_s', 'action_rate_weight', 'noise_beta',
        'keep_elites', 'shrink', 'temperature')})


def agent_config(values: dict[str, Any]) -> AgentConfig:
    """Return the agent's configuration; ValueError names a wrong value and its limit."""
    return AgentConfig(
        max_frame_age_s=values['max_frame_age_s'], fresh_frames=values['fresh_frames'],
        arrival_frames=values['arrival_frames'], arrival_cost=values['arrival_cost'] or None,
        arrival_m=values['arrival_m'], settled_frames=values['settled_frames'])


def follower_config(values: dict[str, Any]) -> FollowerConfig:
    """Return how a route is followed; ValueError names a wrong value and its limit."""
    # frames that are young enough to drive by are none apart
    pause_s = max(FollowerConfig.pause_s, values['max_frame_age_s'])
    return FollowerConfig(pause_s=pause_s, **{name: values[f'route_{name}'] for name in (
        'reach_cost', 'trust_cost', 'look_about_s', 'stuck_s')})


def region(values: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return x, y, width and height in pixels; ValueError where they are no region."""
    numbers: Sequence[int] = values['region']
    if len(numbers) != 4 or min(numbers) < 0 or (numbers[2] == 0) != (numbers[3] == 0):
        raise ValueError(f'region is {list(numbers)}, must be x, y, width and height in pixels, '
                         'none below 0, width and height both 0 or neither')
    x, y, width, height = numbers
    return x, y, width, height


def check(values: dict[str, Any]) -> None:
    """Refuse values that make no configuration; ValueError names the value and the limit."""
    region(values)
    choose.check(values)
    planner_config(values)
    agent_config(values)
    follower_config(values)
