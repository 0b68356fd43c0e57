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

"""What killed processes leave in shared memory: a test run ends as clean as it began."""

import contextlib
import fcntl
from pathlib import Path

_FOLDER = Path('/dev/shm')
_SEGMENTS = 'fastrtps_' + '[0-9a-f]' * 16


def sweep(folder: Path = _FOLDER) -> int:
    """
    Remove the segments of Fast DDS whose process is gone; return how many there were.

    A process holds a lock on the file NAME_el for as long as it lives, killed or not.
    """
    swept = 0
    for segment in sorted(folder.glob(_SEGMENTS)):
        lock = segment.with_name(f'{segment.name}_el')
        with contextlib.suppress(OSError), lock.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            segment.unlink()
            lock.unlink()
            swept += 1
    return swept
