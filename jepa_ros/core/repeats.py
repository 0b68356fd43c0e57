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

"""Whether the camera is frozen: the same picture again and again, under fresh stamps."""

from dataclasses import dataclass
import math

import numpy as np

from jepa_ros.core.monitor import GOOD, Verdict
from jepa_ros.types import Frame, Image


@dataclass(frozen=True)
class Motion:
    """
    What the robot was told at a moment.

    ``commanded``: the command in force is not zero.  ``stale_stops``: how often, so far, a plan in
    force has grown too old.
    """

    commanded: bool
    stale_stops: int


class Repeats:
    """
    Refuse frames that repeat the picture before, bit for bit, while the robot is to move.

    What is refused counts as if it had not come, so the plan in force grows old and is stopped.
    If it was stopped while frames were refused, they are refused until the picture changes or
    ``clear`` is called: else the robot would lurch on each time.  A robot at rest may see one
    picture for ever, as simulators without noise show it.

    Pictures are as the model sees them.  Frames of one source only: one camera's raw frames
    differ from its compressed ones.
    """

    def __init__(self) -> None:
        self._picture: Image | None = None
        self._stamp_s = self._since_s = -math.inf
        self.clear()

    def clear(self) -> None:
        """Take the camera for alive, until the next frame that is refused."""
        self._stops_before: int | None = None      # the first one that was refused
        self._frozen = False

    def judge(self, frame: Frame, motion: Motion, limit_s: float) -> Verdict:
        """
        Judge a frame by the one before it; ``limit_s`` is how old a plan's frame may grow.

        The same stamp twice is the same frame, and passes.
        """
        if self._picture is None or not np.array_equal(self._picture, frame.image):
            self._picture = frame.image
            self._stamp_s = self._since_s = frame.stamp_s
            self.clear()
            return GOOD
        if frame.stamp_s == self._stamp_s:
            return GOOD
        self._stamp_s = frame.stamp_s
        if self._stops_before is not None and motion.stale_stops > self._stops_before:
            self._frozen = True
        if not motion.commanded and not self._frozen:
            self._stops_before = None
            return GOOD
        if self._stops_before is None:
            self._stops_before = motion.stale_stops
        return Verdict(False, f'the camera has repeated one picture for '
                              f'{frame.stamp_s - self._since_s:.2f} s, limit {limit_s:.2f} s')
