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

"""A small bundle for the whole folder, and copies of it to break."""

from collections.abc import Callable
from importlib.util import find_spec
import json
from pathlib import Path
import shutil
from typing import Any

import pytest

if find_spec('torch') is None:
    pytest.skip('torch is not installed, it makes the bundle', allow_module_level=True)

from small_bundle import small_bundle  # noqa: E402  (only where there is torch)


@pytest.fixture(scope='session')
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small bundle; never write into it."""
    return small_bundle(tmp_path_factory.getbasetemp())


@pytest.fixture
def broken(bundle: Path, tmp_path: Path) -> Path:
    """Return a copy of the bundle that may be spoiled."""
    return Path(shutil.copytree(bundle, tmp_path / 'bundle'))


@pytest.fixture
def edit(broken: Path) -> Callable[[Callable[[dict[str, Any]], None]], None]:
    """Return what changes the copy's manifest by a function of it."""
    def change(spoil: Callable[[dict[str, Any]], None]) -> None:
        path = broken / 'manifest.json'
        raw = json.loads(path.read_text())
        spoil(raw)
        path.write_text(json.dumps(raw))
    return change
