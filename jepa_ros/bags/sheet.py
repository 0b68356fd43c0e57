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

"""A contact sheet: what the model would see of bags."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jepa_ros.bags.scan import Recording

COLUMNS = 8
SIDE_PX = 128
_GAP_PX = 4


def contact_sheet(recordings: Sequence[Recording]) -> np.ndarray:
    """
    Return the sampled pictures at the model's size, enlarged, (H, W, 3) uint8 RGB.

    A row belongs to one bag, and goes from its beginning to its end.  ValueError where none can
    be read.
    """
    rows = []
    for recording in recordings:
        good = [s.picture for s in recording.samples if s.picture is not None]
        rows += [good[i:i + COLUMNS] for i in range(0, len(good), COLUMNS)]
    if not rows:
        raise ValueError('no picture can be read, so there is no contact sheet')
    height, width = rows[0][0].shape[:2]
    scale = max(1, SIDE_PX // max(height, width))
    high, wide = height * scale, width * scale
    sheet = np.full((len(rows) * (high + _GAP_PX) + _GAP_PX,
                     COLUMNS * (wide + _GAP_PX) + _GAP_PX, 3), 32, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            top, left = _GAP_PX + i * (high + _GAP_PX), _GAP_PX + j * (wide + _GAP_PX)
            sheet[top:top + high, left:left + wide] = picture.repeat(scale, 0).repeat(scale, 1)
    return sheet


def write_sheet(path: Path, recordings: Sequence[Recording]) -> None:
    """Write a contact sheet as a PNG; OSError where that is not possible."""
    import cv2
    done, data = cv2.imencode('.png', contact_sheet(recordings)[..., ::-1])
    if not done:
        raise ValueError('the contact sheet cannot be made a PNG')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
