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

"""Whether something can be imported, without importing it."""

from importlib.util import find_spec


def installed(module: str) -> bool:
    """Tell whether a top-level module is installed."""
    try:
        return find_spec(module) is not None
    except ValueError:      # one that was forbidden to be imported
        return False
