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

"""One world for the whole folder: making it compiles the cell and opens a renderer."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

if find_spec('mujoco') is None:
    pytest.skip('mujoco is not installed', allow_module_level=True)

# not importorskip('mujoco'): the world chooses how to render before MuJoCo is imported
from jepa_ros.sim.world import World  # noqa: E402


@pytest.fixture(scope='session')
def shared_world() -> Iterator[World]:
    """Hold a world for the whole run."""
    world = World()
    yield world
    world.close()


@pytest.fixture
def world(shared_world: World) -> World:
    """Return the shared world, laid out from seed 0."""
    shared_world.reset(0)
    return shared_world
