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

"""What every kind of controller has in common: a message, two topics, and what rest is."""

from typing import Any, Protocol

from builtin_interfaces.msg import Time
import numpy as np


class Controller(Protocol):
    """
    A command (A,) as a controller's message, and back.

    ``topics`` are where a planner says it, and where the gate does.  ``holds`` tells what rest is:
    where commands are positions the last one is kept, where they are speeds rest is zero.
    ``stamped`` tells whether a message has the time of its command.
    """

    kind: type
    topics: tuple[str, str]
    holds: bool
    stamped: bool

    def message(self, command: np.ndarray, stamp: Time, rest: bool) -> Any:
        """
        Return a command (A,) as a message of a time; ``rest``: nothing follows it.

        None where it cannot be said yet.
        """

    def numbers(self, message: Any) -> np.ndarray:
        """Return the command (A,) of a message; ValueError where it has none."""
