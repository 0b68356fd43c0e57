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

"""Complete a recording that was cut off: killed, or its machine switched off."""

from dataclasses import dataclass
import os
from pathlib import Path

from jepa_ros.ros import bag_metadata
from jepa_ros.ros.bag_metadata import Part
from jepa_ros.ros.mcap_file import lock, McapFile
from jepa_ros.ros.mcap_scan import scan


@dataclass(frozen=True)
class Recovered:
    """What was saved: messages in all files of a bag, and bytes at the end that were cut off."""

    messages: int
    cut_bytes: int


def is_unfinished(folder: Path) -> bool:
    """Tell whether a bag has a file of a recorder's that its metadata.yaml does not list."""
    return bool(_unlisted(folder, _files(folder)))


def recover(folder: Path) -> Recovered | None:
    """
    Complete a bag that was cut off; return what was saved, None where nothing was missing.

    What is in the file up to its last whole chunk stays where it is, the rest is cut off, and a
    summary follows; metadata.yaml, which makes the bag complete, is written in one step as the
    last.  Cut off itself, it can be begun again.  BeingWrittenError where the recording goes on,
    ValueError where there is no recording, OSError where it cannot be written.
    """
    files = _files(folder)
    if not files:
        raise ValueError(f'{folder} is no recording: it has no file that is called NAME_0.mcap')
    unlisted = _unlisted(folder, files)
    if not unlisted:
        return None
    parts, cut_bytes = [], 0
    for path in files:
        if path in unlisted:
            part, cut = _complete(path)
            cut_bytes += cut
        else:
            with path.open('rb') as file:
                found = scan(file, path)
            part = Part.of(path, found.channels, found.chunks)
        parts.append(part)
    bag_metadata.write(folder, parts)
    return Recovered(sum(sum(part.counts.values()) for part in parts), cut_bytes)


def _files(folder: Path) -> list[Path]:
    """Return the files of a bag, in their order; the folder may have another name by now."""
    numbered = {path: path.stem.rpartition('_')[2] for path in folder.glob('*_*.mcap')
                if path.is_file()}
    return sorted((path for path, number in numbered.items() if number.isdecimal()),
                  key=lambda path: int(numbered[path]))


def _unlisted(folder: Path, files: list[Path]) -> list[Path]:
    listed = set(bag_metadata.listed(folder)) if files else set()
    return [path for path in files if path.name not in listed]


def _complete(path: Path) -> tuple[Part, int]:
    """Complete one file; return what it holds, and how many bytes were cut off."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        lock(descriptor, path)
        size = os.fstat(descriptor).st_size
        with open(descriptor, 'rb', closefd=False) as file:
            found = scan(file, path)
        whole = McapFile.resume(path, descriptor, found.channels, found.chunks, found.end)
        whole.finish()
        whole.sync()
    finally:
        os.close(descriptor)
    return Part.of(path, found.channels, found.chunks), 0 if found.finished else size - found.end
