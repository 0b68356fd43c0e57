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
What a camera would have seen of the same drives, turned and mirrored: more data from few drives.

A mirrored drive is as real as the one that was recorded: the robot is its own mirror image, and
what it does to the picture is mirrored with it.  Under a camera that looks straight down on the
floor, quarter turns are as real too.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from jepa_ros.learning.data import DataSet, Episodes

SymmetryName = Literal['none', 'mirror', 'overhead']

# what a mirror does to a component of a twist in the robot's frame
_SIGNS = {'linear_x': 1.0, 'linear_y': -1.0, 'linear_z': 1.0,
          'angular_x': -1.0, 'angular_y': 1.0, 'angular_z': -1.0}


def symmetric(data: DataSet, symmetry: SymmetryName) -> DataSet:
    """
    Return the data set with every training episode in each of its views, as recorded first.

    'mirror': left and right changed, 2 views, for a camera that looks along the robot's middle.
    'overhead': the 8 views of a square seen from above.  What is held out stays as it is.
    ValueError where the pictures are not square, or where a component of action or
    proprioception is none of a twist, so that nobody knows what a mirror does to it.
    """
    if symmetry == 'none':
        return data
    seen = data.training
    height, width = seen.frames.shape[1:3]
    if symmetry == 'overhead' and height != width:
        raise ValueError(f'data.symmetry is overhead, pictures are {width} by {height} pixels: '
                         'only square ones can be turned')
    commanded = _signs('action', data.actions.names)
    felt = _signs('proprioception', data.proprioception)
    views = Views(seen.frames, 8 if symmetry == 'overhead' else 2)
    count, mirrored = views.count, np.arange(views.count) % 2 == 1
    before = np.repeat(np.arange(count) * len(seen), len(seen))
    # in a frame of the floor of each view: a mirror has its own
    mirrored_poses = seen.poses * np.array([1.0, -1.0, -1.0], seen.poses.dtype)
    training = Episodes(
        views,  # type: ignore[arg-type]  # read as an array is: by rows
        np.concatenate([seen.actions * commanded if m else seen.actions for m in mirrored]),
        np.concatenate([mirrored_poses if m else seen.poses for m in mirrored]),
        np.tile(seen.first, count) + before, np.tile(seen.last, count) + before,
        np.concatenate([seen.proprioception * felt if m else seen.proprioception
                        for m in mirrored]),
        np.tile(seen.at_rest, count),
        np.tile(seen.drive, count) + np.repeat(np.arange(count), len(seen)) * (
            seen.drive.max() + 1))
    return replace(data, training=training)


class Views:
    """
    Frames (N, h, w, 3) in V views, one view after another: an array (V * N, h, w, 3) never made.

    View 2 q + m is mirrored left to right where m is 1, then turned by q quarters.
    """

    def __init__(self, frames: np.ndarray, count: int) -> None:
        """Keep the frames, which may be memory-mapped, and how many views are wanted."""
        self._frames, self.count = frames, count
        self.shape = (count * len(frames), *frames.shape[1:])
        self.dtype = frames.dtype

    def __len__(self) -> int:
        """Return V * N."""
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return frames (B, h, w, 3) at rows (B,), or of a slice."""
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        view, row = np.divmod(rows, len(self._frames))
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for v in np.unique(view):
            here = view == v
            frames = self._frames[row[here]]
            frames = frames[:, :, ::-1] if v % 2 else frames
            out[here] = np.rot90(frames, v // 2, axes=(1, 2))
        return out


def _signs(what: str, names: Sequence[str]) -> np.ndarray:
    unknown = [name for name in names if name not in _SIGNS]
    if unknown:
        raise ValueError(f'data.symmetry: {what} {unknown[0]!r} is none of a twist '
                         f'({", ".join(_SIGNS)}); what a mirror does to it is not known')
    return np.array([_SIGNS[name] for name in names], np.float32)
