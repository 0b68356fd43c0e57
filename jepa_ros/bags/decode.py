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

"""The one reading that decodes: pictures of bags into a file of frames, row by row."""

from collections.abc import Callable
import os
from pathlib import Path

import numpy as np

from jepa_ros.bags.align import Rows
from jepa_ros.bags.pictures import fitter
from jepa_ros.bags.reader import has_header, header_stamp, messages, opened, words
from jepa_ros.bags.scan import Recording
from jepa_ros.bags.settings import BagSettings

# cameras send a broken picture now and then; more of them is another fault
MOST_UNREADABLE = 0.01


class FrameFile:
    """
    A .npy file of frames (N, height, width, 3) uint8, written row by row in any order.

    It is no memory map: a full disk is an OSError here, and the end of the process there.
    """

    def __init__(self, path: Path, rows: int, height: int, width: int) -> None:
        self._row_bytes = height * width * 3
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
                                       0o600), 'wb')
        np.lib.format.write_array_header_1_0(self._file, {
            'descr': '|u1', 'fortran_order': False, 'shape': (rows, height, width, 3)})
        self._begin = self._file.tell()
        self._file.truncate(self._begin + rows * self._row_bytes)

    def __enter__(self) -> 'FrameFile':
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def write(self, row: int, frames: np.ndarray) -> None:
        """Write frames (n, height, width, 3), or one, from a row on."""
        self._file.seek(self._begin + row * self._row_bytes)
        self._file.write(np.ascontiguousarray(frames).data)


def decode(recordings: list[Recording], rows: Rows, settings: BagSettings, file: FrameFile,
           told: Callable[[int], object]) -> list[int]:
    """
    Decode the picture of every row into ``file``; return the rows whose picture is unreadable.

    ``told`` is called with 1 for each picture.  ValueError where more than one in a hundred cannot
    be read, naming the first of them.
    """
    fit = fitter(settings.height, settings.width, settings.region)
    most = int(len(rows.number) * MOST_UNREADABLE)
    bad, first_error, seen = [], '', 0
    for i, recording in enumerate(recordings):
        stamps = recording.frames
        # by its two times, and not by its number: readers may order equal times either way
        row_of = {(int(stamps.received_ns[n]), int(stamps.header_ns[n])): int(row)
                  for row, n in zip(np.flatnonzero(rows.bag == i), rows.number[rows.bag == i],
                                    strict=True)}
        with opened(recording.bag) as reader:
            stamped = has_header(reader, recording.found[recording.image][0])
            for _, connection, received, raw in messages(reader, recording.bag,
                                                         {recording.image}):
                row = row_of.pop((received, header_stamp(raw) if stamped else 0), None)
                if row is None:
                    continue
                told(1)
                seen += 1
                try:
                    file.write(row, fit(reader.deserialize(raw, connection.msgtype)))
                except OSError:
                    raise       # of the disk
                except Exception as error:  # the decoders raise whatever their libraries do
                    bad.append(row)
                    first_error = first_error or (
                        f'{recording.bag}, picture {rows.number[row]}: {words(error)}')
                    if len(bad) > most:
                        raise ValueError(f'{first_error} ({len(bad)} of {seen} pictures cannot be '
                                         f'read, limit {MOST_UNREADABLE:.0%})') from error
        if row_of:
            raise ValueError(f'{recording.bag} changed while it was read: {len(row_of)} pictures '
                             'are gone; end its recording first')
    return sorted(bad)
