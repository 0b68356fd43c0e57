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

"""The pictures of a drive: a film of it, and one picture that tells it all."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import imageio_ffmpeg
from matplotlib.figure import Figure
import numpy as np

from jepa_ros.core.preprocess import centre_crop
from jepa_ros.sim import warehouse as cell
from jepa_ros.types import Image

PANEL_PX = 480
BAR_PX = 48
FILM_HZ = 12.5
# the ceiling picture shows a little more than the cell: its walls
HALF_VIEW_M = cell.CAMERA_HEIGHT_M * np.tan(np.radians(cell.CEILING_FOVY_DEG) / 2)


@dataclass(frozen=True)
class Story:
    """
    What the pictures show.

    ``path`` (N, 2) driven and ``imagined`` (M, 2) end points of plans, in m; ``goal`` is (x, y)
    and ``goal_picture`` (480, 640, 3) RGB, ``from_above`` or not; ``background`` likewise, the
    ceiling's view at the end.
    """

    path: np.ndarray
    imagined: np.ndarray
    goal: tuple[float, float]
    goal_picture: Image
    background: Image
    title: str
    from_above: bool = True


def to_pixel(x: float, y: float) -> tuple[int, int]:
    """Return the pixel of a floor point, in m, in a ceiling panel of ``PANEL_PX``."""
    scale = PANEL_PX / (2 * HALF_VIEW_M)
    return round((x + HALF_VIEW_M) * scale), round((HALF_VIEW_M - y) * scale)


def _panel(picture: Image) -> Image:
    square = np.ascontiguousarray(centre_crop(picture, PANEL_PX, PANEL_PX))
    return np.asarray(cv2.resize(square, (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_AREA))


def _label(image: Image, x: int, text: str, bright: bool = True) -> None:
    cv2.putText(image, text, (x, 31), cv2.FONT_HERSHEY_SIMPLEX, 0.62,
                (235, 235, 235) if bright else (150, 150, 150), 1, cv2.LINE_AA)


def compose(ceiling: Image, front: Image | None, goal: Image, captions: tuple[str, str, str]
            ) -> Image:
    """Set the three views side by side under their captions, (528, 1440, 3) uint8 RGB."""
    panels = [_panel(ceiling), _panel(front) if front is not None else np.zeros(
        (PANEL_PX, PANEL_PX, 3), np.uint8), _panel(goal)]
    bar = np.full((BAR_PX, 3 * PANEL_PX, 3), 24, np.uint8)
    for i, caption in enumerate(captions):
        _label(bar, i * PANEL_PX + 14, caption, bright=i == 0)
    for panel in panels[1:]:
        panel[:, :2] = 24
    return np.vstack([bar, np.hstack(panels)])


def write_film(path: Path, frames: Iterator[Image]) -> int:
    """Write frames as H.264 at ``FILM_HZ``; return how many there were."""
    writer, count = None, 0
    try:
        for frame in frames:
            if writer is None:
                writer = imageio_ffmpeg.write_frames(
                    str(path), (frame.shape[1], frame.shape[0]), fps=FILM_HZ, quality=7,
                    macro_block_size=16, ffmpeg_log_level='error')
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
            count += 1
    finally:
        if writer is not None:
            writer.close()
    return count


def write_picture(path: Path, story: Story) -> None:
    """Draw the path driven, the imagined end points and the goal on the floor, beside the goal."""
    figure = Figure(figsize=(12, 6.4), layout='constrained')
    floor, wanted = figure.subplots(1, 2)
    extent = (-HALF_VIEW_M, HALF_VIEW_M, -HALF_VIEW_M, HALF_VIEW_M)
    floor.imshow(_panel(story.background), extent=extent)
    if len(story.imagined):
        floor.scatter(*story.imagined.T, s=26, c=np.arange(len(story.imagined)), cmap='cool',
                      edgecolors='white', linewidths=0.4, label='imagined end of each plan',
                      zorder=3)
    if len(story.path):
        floor.plot(*story.path.T, color='yellow', linewidth=2.2, label='driven', zorder=2)
        floor.plot(*story.path[0], 'o', color='yellow', markersize=9, label='start', zorder=4)
    floor.plot(*story.goal, '*', color='red', markeredgecolor='white', markersize=19,
               label='goal', zorder=5)
    floor.legend(loc='upper right', fontsize=9, framealpha=0.85)
    floor.set(xlabel='x (m)', ylabel='y (m)', title=story.title)
    wanted.imshow(_panel(story.goal_picture), extent=extent)
    wanted.set(xlabel='x (m)', title='The goal picture: all the robot was given')
    if not story.from_above:
        wanted.set_axis_off()
    figure.savefig(path, dpi=110)
