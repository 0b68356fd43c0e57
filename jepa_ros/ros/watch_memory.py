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

"""Frames that were seen, by their latents: what stands for a latent that nobody can decode."""

import numpy as np

# numbers of a latent that are compared; of a longer one every n-th
_MOST_NUMBERS = 4096


class Memory:
    """
    Keep a bounded number of (latent, thumbnail), as unlike each other as they come.

    When it is full one of the two nearest to each other goes, so a robot that stands still does
    not fill it with the same picture.
    """

    def __init__(self, size: int = 256) -> None:
        self._pictures: list[bytes] = []
        self._numbers: list[int] = []       # each picture has its own
        self._size, self._made = size, 0
        self._latents = np.zeros((0, 0), np.float32)                # (N, D)
        self._gaps = np.full((size, size), np.inf, np.float32)      # squared, inf on the diagonal

    def __len__(self) -> int:
        return len(self._pictures)

    def note(self, latent: np.ndarray, picture: bytes) -> None:
        """Keep a latent (any shape) and its picture; one of another size begins anew."""
        row = _thinned(latent.reshape(1, -1))[0]
        if self._latents.shape[1] != row.size:
            self._latents = np.zeros((self._size, row.size), np.float32)
            self._pictures.clear()
            self._numbers.clear()
            self._gaps[:] = np.inf
        count = len(self._pictures)
        gaps = np.square(self._latents[:count] - row).mean(axis=1)
        if count < self._size:
            at = count
            self._pictures.append(picture)
            self._numbers.append(self._made)
        else:
            closest = self._gaps.min()
            # the newer picture stays: light changes
            at = int(gaps.argmin()) if gaps.min() <= closest else int(
                np.unravel_index(self._gaps.argmin(), self._gaps.shape)[0])
            self._pictures[at], self._numbers[at] = picture, self._made
        self._made += 1
        self._latents[at] = row
        self._gaps[at, :len(gaps)] = self._gaps[:len(gaps), at] = gaps
        self._gaps[at, at] = np.inf

    def nearest(self, latents: np.ndarray) -> list[tuple[int, float, bytes]]:
        """
        Return (number, distance, picture) of the nearest kept for each of (H, ...).

        The distance is the root of the mean square; nothing where nothing of this size is kept.
        """
        rows = _thinned(latents.reshape(len(latents), -1))
        if not self._pictures or rows.shape[1] != self._latents.shape[1]:
            return []
        kept = self._latents[:len(self._pictures)]
        found = []
        for row in rows:
            gaps = np.square(kept - row).mean(axis=1)
            at = int(gaps.argmin())
            found.append((self._numbers[at], float(np.sqrt(gaps[at])), self._pictures[at]))
        return found


def _thinned(rows: np.ndarray) -> np.ndarray:
    """Return (H, D) with every n-th number, so that there are at most so many."""
    step = -(-rows.shape[1] // _MOST_NUMBERS)
    return np.asarray(rows[:, ::step], np.float32)
