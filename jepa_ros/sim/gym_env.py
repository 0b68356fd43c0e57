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

"""A Gymnasium environment as data and planner see it: pictures, bounded actions around rest."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.sim.gym_find import make, quiet
from jepa_ros.sim.gym_known import adapter_of
from jepa_ros.types import ActionSpec, Image

_LONGEST_PERIOD_S = 10.0
_UNKNOWN_PERIOD_S = 0.1


@dataclass(frozen=True)
class GymConfig:
    """
    Which environment, and how its pictures are made.

    ``frame_skip`` is how many of its steps an action lasts; None takes what is usual for it.
    """

    env_id: str
    imports: tuple[str, ...] = ()
    image_px: int = 64
    frame_skip: int | None = None

    def __post_init__(self) -> None:
        """Refuse nonsense; ValueError names the value and the limit."""
        if not 16 <= self.image_px <= 480:
            raise ValueError(f'image_px is {self.image_px}, must be in [16, 480]')
        if self.frame_skip is not None and not 1 <= self.frame_skip <= 1000:
            raise ValueError(f'frame_skip is {self.frame_skip}, must be in [1, 1000]')


class GymEnv:
    """
    ``reset`` to a seed, ``step`` an action (A,), look at ``picture`` and ``state``.

    Zero is an action at rest: where the environment's own limits leave zero out, actions count
    from the middle between them, ``rest``.  ValueError where the environment cannot be used.
    """

    def __init__(self, config: GymConfig) -> None:
        self.config, self.adapter = config, adapter_of(config.env_id)
        self._env = make(config.env_id, config.imports, self.adapter.options(config.image_px))
        try:
            self.action, self.rest = self._actions()
            with quiet():
                self.adapter.prepare(self._env)
            self.reset(0)
            self.picture()
        except BaseException:
            self.close()
            raise

    def _actions(self) -> tuple[ActionSpec, np.ndarray]:
        from gymnasium.spaces import Box
        adapter, space, env_id = self.adapter, self._env.action_space, self.config.env_id
        if not isinstance(space, Box) or not np.issubdtype(space.dtype, np.floating):
            raise ValueError(f'{env_id} has the action space {space}, must be a Box of real '
                             'numbers: the planner searches continuous actions')
        if 'rgb_array' not in self._env.metadata.get('render_modes', []):
            raise ValueError(f'{env_id} renders {self._env.metadata.get("render_modes", [])}, '
                             "must offer 'rgb_array': a world model learns from pictures")
        low, high = (np.ravel(limits).astype(np.float64) for limits in (
            (space.low, space.high) if adapter.low is None else (adapter.low, adapter.high)))
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise ValueError(f'{env_id} has action limits {low.tolist()} to {high.tolist()}, '
                             'must be finite: wrap it with limits')
        inside = (low <= 0.0) & (high >= 0.0)
        rest = np.where(inside, 0.0, (low + high) / 2)
        names = adapter.names or tuple(f'action_{i}' for i in range(len(low)))
        units = adapter.units or ('1',) * len(low)
        spec = ActionSpec(names, units, tuple((low - rest).tolist()),
                          tuple((high - rest).tolist()), 1, self.frame_skip * self._step_s())
        return spec, rest

    def _step_s(self) -> float:
        """Return how long a step of the environment takes, as far as it says so."""
        fps = self._env.metadata.get('render_fps')
        told = (self.adapter.step_s, getattr(self._env.unwrapped, 'dt', None),
                1.0 / fps if fps else None)
        for step_s in told:
            if isinstance(step_s, int | float) and 0.0 < step_s * self.frame_skip \
                    <= _LONGEST_PERIOD_S:
                return float(step_s)
        return _UNKNOWN_PERIOD_S

    @property
    def frame_skip(self) -> int:
        """Return how many steps of the environment an action lasts."""
        return self.config.frame_skip or self.adapter.frame_skip

    def reset(self, seed: int) -> None:
        """Begin anew from a seed, below 2**32."""
        with quiet():
            self._observation, self._info = self._env.reset(seed=seed)

    def step(self, action: np.ndarray) -> bool:
        """Act (A,) for a period; return True where the environment says that this is the end."""
        for _ in range(self.frame_skip):
            wanted = self.adapter.to_env(action + self.rest, self.state())
            space = self._env.action_space
            wanted = np.clip(wanted.reshape(space.shape), space.low, space.high)
            self._observation, _, terminated, truncated, self._info = self._env.step(
                wanted.astype(space.dtype))
            if truncated or (terminated and self.adapter.ends):
                return True
        return False

    def state(self) -> np.ndarray:
        """Return the numbers (S,) that success is judged by; S may be 0."""
        return np.asarray(self.adapter.state(self._env, self._observation, self._info),
                          np.float64)

    def felt(self) -> np.ndarray:
        """Return proprioception (P,)."""
        return np.asarray(self.adapter.felt(self.state()), np.float32)

    def picture(self) -> Image:
        """Return what is seen, (image_px, image_px, 3) uint8 RGB; ValueError where it is not."""
        with quiet():
            image: Any = self.adapter.picture(self._env, self._observation)
        if not (isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 3
                and image.dtype == np.uint8):
            what = f'{image.dtype} of shape {image.shape}' if isinstance(
                image, np.ndarray) else type(image).__name__
            raise ValueError(f'{self.config.env_id} renders {what}, must be uint8 pictures of '
                             'shape (height, width, 3)')
        return to_model_image(np.ascontiguousarray(image), self.config.image_px,
                              self.config.image_px)

    def driver(self, rng: np.random.Generator):
        """Return what explores: called with a state, it returns an action."""
        low, high = (np.asarray(limits, np.float32)
                     for limits in (self.action.low, self.action.high))
        return self.adapter.driver(rng, low, high)

    def close(self) -> None:
        """Free what the environment holds."""
        with quiet():
            self._env.close()


def seed_of(*words: int) -> int:
    """Return a seed below 2**32 that depends on all the words."""
    return int(np.random.SeedSequence(words).generate_state(1)[0])
