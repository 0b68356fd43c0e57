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

"""A small bundle, the committed one, and a way to see what a command leaves behind."""

from collections.abc import Callable
from importlib.util import find_spec
import os
from pathlib import Path
import uuid

import pytest

COMMITTED = Path(__file__).parents[2] / 'models' / 'warehouse_ceiling'
MARK = 'JEPA_ROS_TEST_MARK'


@pytest.fixture(scope='session')
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small bundle; never write into it."""
    if find_spec('torch') is None:
        pytest.skip('torch is not installed, it makes the bundle')
    from small_bundle import small_bundle
    return small_bundle(tmp_path_factory.getbasetemp())


@pytest.fixture
def committed() -> Path:
    """Return the folder of the bundle that is committed."""
    if not (COMMITTED / 'manifest.json').exists():
        pytest.skip('models/warehouse_ceiling is not there')
    return COMMITTED


@pytest.fixture
def environment(root: Path) -> dict[str, str]:
    """Return an environment for a command, marked so that its whole family can be found."""
    return {**os.environ, 'PYTHONPATH': str(root), MARK: uuid.uuid4().hex}


@pytest.fixture
def family(environment: dict[str, str]) -> Callable[[], dict[int, str]]:
    """Return what lists the processes that live with this environment: command by id (Linux)."""
    wanted = f'{MARK}={environment[MARK]}'.encode()

    def command(folder: Path) -> str | None:
        try:
            if wanted in (folder / 'environ').read_bytes().split(b'\0'):
                return (folder / 'cmdline').read_bytes().replace(b'\0', b' ').decode()
        except OSError:     # it ended meanwhile, or is not ours
            pass
        return None

    def living() -> dict[int, str]:
        commands = {int(f.name): command(f) for f in Path('/proc').glob('[0-9]*')}
        return {process: said for process, said in commands.items() if said is not None}
    return living
