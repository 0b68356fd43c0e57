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

"""The stop that a person presses: it outlives whatever else is made anew."""


class Latch:
    """Pressed, and latched from then until ``reset``; one that is still pressed stays latched."""

    def __init__(self) -> None:
        self.pressed = self.latched = False

    def press(self, pressed: bool) -> None:
        """Press or let go."""
        self.pressed = pressed
        self.latched = self.latched or pressed

    def reset(self) -> None:
        """Undo the latch, unless the stop is still pressed."""
        self.latched = self.pressed
