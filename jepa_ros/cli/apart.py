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

"""
Something done in a process of its own.

Runtimes disturb each other: PyTorch takes four times as long in a process where OpenVINO or ONNX
Runtime has run before.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
import multiprocessing
from typing import Any


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of a module returns; it raises what that raises."""
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()
