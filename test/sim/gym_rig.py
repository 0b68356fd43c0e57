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

"""What tests of environments share."""

from pathlib import Path

import pytest

pytest.importorskip('gymnasium')

from jepa_ros.sim.gym_env import GymConfig, GymEnv  # noqa: E402

FOLDER = Path(__file__).parent


def config(name, **options):
    """Return the config of one of the environments of tiny_gym, of 32 pixels."""
    return GymConfig(f'Tiny/{name}-v0', ('tiny_gym',), **{'image_px': 32, **options})


@pytest.fixture
def make_env():
    """Return what makes an environment that is closed at the end."""
    made = []

    def make(*args, **options):
        made.append(GymEnv(*args, **options))
        return made[-1]
    yield make
    for env in made:
        env.close()


@pytest.fixture
def point(make_env):
    """Return the point in a square."""
    return make_env(config('Point'))
