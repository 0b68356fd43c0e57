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

"""Find a Gymnasium environment by its id; every way in which that fails has a name."""

from collections.abc import Sequence
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
import importlib
from importlib.util import find_spec
import os
import sys
from typing import Any
import warnings

INSTALL = ('pip install -r requirements/gym.txt && '
           'pip install --no-deps -r requirements/gym_alone.txt')
# what an id begins with, the module that registers such ids, and what that module runs on
_PACKAGES = (
    ('gym_pusht/', 'gym_pusht', ('gym_pusht', 'pymunk')),
    ('dm_control/', 'shimmy', ('shimmy', 'dm_control')),
    *((prefix, 'gymnasium_robotics', ('gymnasium_robotics',))
      for prefix in ('PointMaze', 'AntMaze', 'Fetch', 'Hand', 'Adroit', 'Franka')),
)


@contextmanager
def quiet():
    """Keep what libraries print off stdout, which is for results, and their warnings away."""
    # recorded and thrown away: pymunk asks for some to be shown whatever the filters say
    with warnings.catch_warnings(record=True), redirect_stdout(sys.stderr):
        warnings.simplefilter('ignore')
        yield


def make(env_id: str, imports: Sequence[str], options: dict[str, Any]):
    """
    Make an environment that renders to arrays and never ends for its length alone.

    ``imports`` names modules that register environments: they are imported, from the current
    folder too.  ValueError says why there is no such environment, and what to do.
    """
    register(env_id, imports)
    import gymnasium
    try:
        with quiet():
            return gymnasium.make(env_id, render_mode='rgb_array', disable_env_checker=True,
                                  max_episode_steps=-1, **options)
    except gymnasium.error.DependencyNotInstalled as error:
        raise ValueError(f'{env_id} needs what is not installed ({error})') from error
    except Exception as error:  # what an environment raises when it is made may be anything
        raise ValueError(f'{env_id} cannot be made to render arrays: {_words(error)}') from error


def register(env_id: str, imports: Sequence[str]) -> None:
    """Import what registers an id; ValueError says what is missing, or which ids are near."""
    if find_spec('gymnasium') is None:
        raise ValueError(f'gymnasium is not installed; {INSTALL}')
    os.environ.setdefault('PYGAME_HIDE_SUPPORT_PROMPT', '1')
    with quiet():
        import gymnasium
    for name in imports:
        _import(name)
    if env_id in gymnasium.registry:
        return
    for prefix, module, needed in _PACKAGES:
        if env_id.startswith(prefix):
            missing = [name for name in needed if find_spec(name) is None]
            if missing:
                raise ValueError(f'{env_id} needs {", ".join(missing)}, not installed; {INSTALL}')
            _import(module)
    _check(env_id)


def _check(env_id: str) -> None:
    import gymnasium
    try:
        with quiet():
            gymnasium.spec(env_id)
    except gymnasium.error.Error as error:
        # the namespace's own first: 'dm_control/reach' is no misspelt 'Acrobot-v1'
        near = get_close_matches(env_id, gymnasium.registry, n=5, cutoff=0.5)
        remedy = (f'near it are {", ".join(near)}' if near else
                  'name the module that registers it with --import')
        raise ValueError(f'there is no environment {env_id!r}; {remedy}') from error
    except ImportError as error:
        raise ValueError(f'{env_id}: {error}') from error


def _import(name: str) -> None:
    """Import a module by its name; what is installed comes before the current folder."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        with quiet():
            importlib.import_module(name)
    except Exception as error:  # a module can fail in any way while it is imported
        raise ValueError(f'--import {name}: {_words(error)}') from error


def _words(error: Exception) -> str:
    """Return what an error says, in a line that fits on a screen."""
    return f'{type(error).__name__}: {" ".join(str(error).split())[:300]}'
