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

"""Whether frames are fit to act on: their age, their order, silence, and how many in a row."""

import math

from jepa_ros.config import AgentConfig
from jepa_ros.core.monitor import judge_age, judge_gap, judge_order, Verdict


class Frames:
    """
    Count the good frames in a row; motion wants ``fresh_frames`` of them.

    ``stamp_s`` is the newest good frame's, ``now_s`` when it came; -inf before there is one.
    """

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self.clear('no frame yet')

    def clear(self, reason: str) -> None:
        """Forget every frame."""
        self.stamp_s = self.now_s = -math.inf
        self.refuse(reason)

    def refuse(self, reason: str) -> None:
        """Want fresh frames again."""
        self._fresh, self._reason = 0, reason

    def judge(self, stamp_s: float, now_s: float) -> Verdict:
        """Judge the age and the order of a frame that came at ``now_s``."""
        limits = self._config
        verdict = judge_age('frame', stamp_s, now_s, limits.max_frame_age_s, limits.max_future_s)
        return verdict if not verdict.ok else judge_order('frame', stamp_s, self.stamp_s)

    def silence(self, stamp_s: float) -> Verdict:
        """Judge how long before a frame none was taken; before the first there is no silence."""
        if not math.isfinite(self.stamp_s):
            return Verdict(True)
        return judge_gap('frame', stamp_s, self.stamp_s, self._config.max_frame_age_s)

    def count(self, stamp_s: float, now_s: float) -> bool:
        """Count a good frame and return True; one that is seen twice counts once."""
        new = stamp_s > self.stamp_s
        self._fresh += new
        self.stamp_s, self.now_s = stamp_s, now_s
        return new

    def enough(self) -> Verdict:
        """Say whether there are enough in a row and, where not, why they are wanted."""
        wanted = self._config.fresh_frames
        if self._fresh >= wanted:
            return Verdict(True)
        return Verdict(False, f'{self._fresh} fresh frames, {wanted} wanted: {self._reason}')
