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

"""Write a route's folder: all of it, or nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path
import shutil

import numpy as np

from jepa_ros.core.route import Route
from jepa_ros.core.route_plan import Spacing
from jepa_ros.types import Image

_COLUMNS, _SIDE_PX, _GAP_PX, _BAR_PX = 10, 128, 6, 18


@dataclass(frozen=True)
class Kept:
    """
    What was kept of a drive: pictures, and their times in seconds from its beginning.

    ``looked_at`` is how many pictures of the ``topic`` of the ``bag`` they were chosen from.
    """

    bag: str
    topic: str
    looked_at: int
    pictures: list[Image]
    times_s: list[float]


def write_route(out: Path, route: Route, drives: Sequence[Kept], model: dict[str, object],
                spacing: Spacing, region: Sequence[int]) -> None:
    """Write the folder of a route; ``model`` says which one made it.  OSError where not so."""
    from jepa_ros.engines.route_files import FORMAT, ROUTE_FILE, SHEET_FILE
    partial = out.with_name(out.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        tables, first = [], 0
        for number, drive in enumerate(drives):
            for i, (picture, time_s) in enumerate(zip(drive.pictures, drive.times_s,
                                                      strict=True)):
                name, data = f'picture_{first + i:05d}.png', _png(picture)
                (partial / name).write_bytes(data)
                tables.append({'file': name, 'sha256': hashlib.sha256(data).hexdigest(),
                               'drive': number, 'at_s': round(time_s, 3)})
            first += len(drive.pictures)
        (partial / SHEET_FILE).write_bytes(_png(contact_sheet(drives, route)))
        (partial / ROUTE_FILE).write_text(json.dumps({
            'format': FORMAT, 'model': model, 'region': list(region),
            'spacing': asdict(spacing),
            'drives': [{'bag': d.bag, 'topic': d.topic, 'looked_at': d.looked_at}
                       for d in drives],
            'pictures': tables, 'edges': [asdict(edge) for edge in route.edges]}, indent=1)
            + '\n')
        partial.replace(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def contact_sheet(drives: Sequence[Kept], route: Route) -> Image:
    """
    Return all pictures under their numbers, a drive after the other, (H, W, 3) uint8 RGB.

    A picture that looks like others has theirs beside its own number.
    """
    import cv2
    alike: dict[int, list[int]] = {}
    for edge in route.edges:
        if edge.seen:
            alike.setdefault(edge.start, []).append(edge.end)
    height, width = drives[0].pictures[0].shape[:2]
    scale = max(1, round(_SIDE_PX / max(height, width)))
    high, wide = height * scale + _BAR_PX, width * scale
    cells, number = [], 0
    for drive in drives:
        for picture, time_s in zip(drive.pictures, drive.times_s, strict=True):
            cell = np.full((high, wide, 3), 24, np.uint8)
            cell[_BAR_PX:] = picture.repeat(scale, 0).repeat(scale, 1)
            same = ''.join(f'={other}' for other in alike.get(number, []))
            cv2.putText(cell, f'{number}{same}  {time_s:.0f} s', (3, 13),
                        cv2.FONT_HERSHEY_SIMPLEX, 0.42, (235, 235, 235), 1, cv2.LINE_AA)
            cells.append(cell)
            number += 1
        # the next drive begins a row
        cells += [np.full((high, wide, 3), 24, np.uint8)] * (-len(cells) % _COLUMNS)
    gap = ((_GAP_PX // 2, _GAP_PX // 2), (_GAP_PX // 2, _GAP_PX // 2), (0, 0))
    padded = [np.pad(cell, gap, constant_values=24) for cell in cells]
    return np.vstack([np.hstack(padded[i:i + _COLUMNS])
                      for i in range(0, len(padded), _COLUMNS)])


def _png(picture: Image) -> bytes:
    import cv2
    done, data = cv2.imencode('.png', picture[..., ::-1])
    if not done:
        raise ValueError(f'a picture of {picture.shape} cannot be made a PNG')
    return bytes(data)
