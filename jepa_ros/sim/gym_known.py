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

"""What is particular about some environments; the defaults of ``Adapter`` hold for all others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from jepa_ros.sim.gym_drivers import Driver, PushDriver, RandomDriver

# root mean square of a state's differences, in standard deviations, that counts as the same
_SAME_STATE = 0.25


def flat_observation(env: Any, observation: Any, info: Mapping[str, Any]) -> np.ndarray:
    """Return all the numbers (S,) of an observation that are not pictures."""
    parts = observation.values() if isinstance(observation, Mapping) else (
        observation if isinstance(observation, tuple) else (observation,))
    numbers = [np.ravel(part) for part in parts
               if np.ndim(part) < 2 and np.issubdtype(np.asarray(part).dtype, np.number)]
    return np.concatenate([*numbers, np.zeros(0)]).astype(np.float64)


def scaled_gap(state: np.ndarray, goal: np.ndarray, scale: np.ndarray) -> float:
    """Return how far states (S,) are apart, as a multiple of what still counts as the same."""
    return float(np.sqrt(np.square((state - goal) / scale).mean()) / _SAME_STATE)


def rendered(env: Any, observation: Any) -> Any:
    """Return what the environment shows."""
    return env.render()


@dataclass(frozen=True)
class Adapter:
    """
    How to make, see, drive and judge an environment.

    ``options`` go to ``gymnasium.make``, for pictures of so many pixels a side; ``state`` makes
    numbers (S,) of (environment, observation, info); ``gap`` of (state, goal, standard
    deviations) is at most 1 where the goal is reached.  ``low`` and ``high`` (A,), where given,
    limit an action that ``to_env`` turns, with the state, into the environment's own, flat.
    ``ends`` is false where the environment's end is of a task that is not ours.  ``felt`` makes
    proprioception (P,) of a state.  ``hard`` tells goals of interest from (start, goal).
    """

    options: Callable[[int], dict[str, Any]] = lambda px: {}
    prepare: Callable[[Any], None] = lambda env: None
    picture: Callable[[Any, Any], Any] = rendered
    state: Callable[[Any, Any, Mapping[str, Any]], np.ndarray] = flat_observation
    gap: Callable[[np.ndarray, np.ndarray, np.ndarray], float] = scaled_gap
    tolerance: str = f'state within {_SAME_STATE} standard deviations, root mean square'
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    names: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    to_env: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda action, state: action
    driver: Callable[[np.random.Generator, np.ndarray, np.ndarray], Driver] = RandomDriver
    frame_skip: int = 1
    step_s: float | None = None
    ends: bool = True
    felt_names: tuple[str, ...] = ()
    felt: Callable[[np.ndarray], np.ndarray] = lambda state: state[:0]
    hard_name: str = ''
    hard: Callable[[np.ndarray, np.ndarray], bool] | None = None


def _push_gap(state: np.ndarray, goal: np.ndarray, scale: np.ndarray) -> float:
    apart_px = math.dist(state[:4], goal[:4])
    turned = abs(math.remainder(state[4] - goal[4], 2 * math.pi))
    return max(apart_px / 20.0, turned / (math.pi / 9))


def _block_moves(start: np.ndarray, goal: np.ndarray) -> bool:
    return _push_gap(np.concatenate([goal[:2], start[2:]]), goal, start) > 1.0


PUSH_T = Adapter(
    # obs_type pixels: render() draws a cross at the last action, which no goal should show
    options=lambda px: {'obs_type': 'pixels', 'observation_width': 2 * px,
                        'observation_height': 2 * px},
    picture=lambda env, observation: observation,
    state=lambda env, observation, info: np.concatenate([info['pos_agent'], info['block_pose']]),
    gap=_push_gap, tolerance='agent and block together within 20 px, block within 20 degrees',
    low=(-100.0, -100.0), high=(100.0, 100.0), names=('ahead_x', 'ahead_y'), units=('px', 'px'),
    to_env=lambda action, state: np.clip(state[:2] + action, 0.0, 512.0),
    driver=PushDriver, step_s=0.1, ends=False, hard_name='block moves', hard=_block_moves)


def _plainly(model: Any) -> None:
    """Leave out of a MuJoCo model what takes four fifths of a picture's time without a GPU."""
    model.light_castshadow[:] = 0
    model.mat_reflectance[:] = 0.0
    # pictures are drawn at twice their size and averaged
    model.vis.quality.offsamples = 0


def _maze_from_above(env: Any) -> None:
    """Look straight down: from the side, where the default camera is, walls hide the ball."""
    maze = env.unwrapped
    _plainly(maze.model)
    rows, columns = len(maze.maze.maze_map), len(maze.maze.maze_map[0])
    camera = maze.point_env.mujoco_renderer.default_cam_config
    camera.update(distance=1.25 * (max(rows, columns) - 1), elevation=-90.0, azimuth=90.0)


POINT_MAZE = Adapter(
    options=lambda px: {'width': 2 * px, 'height': 2 * px},
    prepare=_maze_from_above,
    state=lambda env, observation, info: observation['observation'],
    gap=lambda state, goal, scale: math.dist(state[:2], goal[:2]) / 0.45,
    tolerance="position within 0.45 m, the environment's own radius",
    names=('force_x', 'force_y'), frame_skip=2, step_s=0.01,
    felt_names=('velocity_x', 'velocity_y'), felt=lambda state: state[2:4])


def _reacher_state(env: Any, observation: Any, info: Mapping[str, Any]) -> np.ndarray:
    tip = env.unwrapped.physics.named.data.geom_xpos['finger', :2]
    return np.concatenate([tip, observation['position'], observation['velocity']])


def _reacher(radius_m: float) -> Adapter:
    return Adapter(
        options=lambda px: {'render_kwargs': {'width': 2 * px, 'height': 2 * px,
                                              'camera_id': 0}},
        prepare=lambda env: _plainly(env.unwrapped.physics.model), state=_reacher_state,
        gap=lambda state, goal, scale: math.dist(state[:2], goal[:2]) / radius_m,
        tolerance=f"fingertip within {radius_m} m, the radius of the environment's own target",
        names=('shoulder', 'wrist'), frame_skip=2,
        felt_names=('shoulder_rate', 'wrist_rate'), felt=lambda state: state[4:6])


def _dm_options(px: int) -> dict[str, Any]:
    return {'render_kwargs': {'width': 2 * px, 'height': 2 * px}}


# the first prefix that an id begins with; the last is every id's
_KNOWN = (
    ('gym_pusht/PushT', PUSH_T),
    ('PointMaze_', POINT_MAZE),
    ('dm_control/reacher-easy', _reacher(0.06)),
    ('dm_control/reacher-hard', _reacher(0.025)),
    ('dm_control/', Adapter(
        options=_dm_options, prepare=lambda env: _plainly(env.unwrapped.physics.model))),
    ('', Adapter()),
)


def adapter_of(env_id: str) -> Adapter:
    """Return what is known about an environment."""
    return next(adapter for prefix, adapter in _KNOWN if env_id.startswith(prefix))
