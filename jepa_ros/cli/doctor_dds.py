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

"""Checks of the middleware: which profile is in force, and the memory that frames go through."""

from collections.abc import Iterator
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import shutil
from xml.etree import ElementTree

from jepa_ros.cli.doctor_ros import distro
from jepa_ros.cli.doctor_row import FAIL, OK, Row, SKIP, WARN
from jepa_ros.ros.share import FAST_DDS_VARIABLES, share_file

FAST_DDS = 'rmw_fastrtps_cpp'
SHARED_MEMORY = Path('/dev/shm')
WITH_SECURITY, WITHOUT_SECURITY = 'built with security', 'built without security'
# what a middleware says that was built without
WITHOUT_LIBRARIES = 'security libraries'
# the shipped profile's segment of each process, and the processes of a robot's graph: camera,
# planner, controller, and one to look on
SEGMENT_BYTES = 64 * 2 ** 20
_PROCESSES = 4
_PREFIXES = ('fastrtps_', 'fastdds_')
_LOCK = '_el'
_MIB = 2 ** 20


@dataclass(frozen=True)
class Stale:
    """What dead processes left in shared memory."""

    files: tuple[Path, ...]
    size_bytes: int


def profile_row() -> Iterator[Row]:
    """Look at the Fast DDS profile that a node started in this shell would have."""
    rmw = os.environ.get('RMW_IMPLEMENTATION', '') or FAST_DDS
    if 'fastrtps' not in rmw:
        yield Row('dds profile', WARN, f'RMW_IMPLEMENTATION is {rmw}, which config/fastdds.xml '
                  f'says nothing to; measured was {FAST_DDS}',
                  f'export RMW_IMPLEMENTATION={FAST_DDS}')
        return
    ours = share_file('config/fastdds.xml')
    variable = FAST_DDS_VARIABLES[distro() == 'kilted']
    said = os.environ.get(variable, '')
    mend = f'export {variable}={ours}'
    if not said:
        yield Row('dds profile', WARN, f'{variable} is not set: our launch files set it for what '
                  'they start; a camera started from this shell loses large frames', mend)
        return
    path = Path(said)
    try:
        ElementTree.parse(path)
        own = path.read_bytes() == ours.read_bytes()
    except (OSError, ElementTree.ParseError) as error:
        yield Row('dds profile', FAIL,
                  f'{variable} is {said}, which cannot be read: {error}', mend)
        return
    yield Row('dds profile', OK, f'{said}' if own else
              f"{said}, not this package's: see to it that it has room for whole frames")


def stale_files(folder: Path) -> Stale:
    """
    Return what Fast DDS left of processes that are dead, in a folder as /dev/shm is.

    Each living process holds a lock on the file beside its segment, as the kernel knows, in
    whatever container it runs.
    """
    found: list[Path] = []
    for lock in sorted(folder.glob(f'*{_LOCK}')):
        if lock.name.startswith(_PREFIXES) and not _locked(lock):
            found += [path for path in (lock, lock.with_name(lock.name[:-len(_LOCK)]))
                      if path.exists()]
    return Stale(tuple(found), sum(path.stat().st_blocks * 512 for path in found))


def _locked(path: Path) -> bool:
    """Tell whether somebody holds the lock of a file; one that may not be read counts as held."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def memory_row(folder: Path = SHARED_MEMORY) -> Iterator[Row]:
    """Look at the shared memory: is there any, is it large enough, what is stale."""
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Row('shared memory', FAIL, f'{folder} is not there or cannot be written to: frames '
                  'go over UDP, and large ones are lost', f'sudo chmod 1777 {folder}')
        return
    room, stale = shutil.disk_usage(folder), stale_files(folder)
    found = f'{room.free / _MIB:.0f} of {room.total / _MIB:.0f} MiB free in {folder}'
    if stale.files:
        found += (f'; {stale.size_bytes / _MIB:.0f} MiB in {len(stale.files)} files are of dead '
                  'processes')
    clean = ('fastdds shm clean' if shutil.which('fastdds')
             else f'rm {folder}/fast*_* {folder}/sem.fast*_*   (when no node runs)')
    grow = 'docker run --shm-size=1g ... or sudo mount -o remount,size=1G /dev/shm'
    mend = clean if stale.size_bytes > SEGMENT_BYTES else grow
    if room.free < SEGMENT_BYTES:
        yield Row('shared memory', FAIL, f'{found}; a process wants '
                  f'{SEGMENT_BYTES / _MIB:.0f}', mend)
    elif room.free < _PROCESSES * SEGMENT_BYTES:
        yield Row('shared memory', WARN, f'{found}; {_PROCESSES} processes want '
                  f'{_PROCESSES * SEGMENT_BYTES / _MIB:.0f}', mend)
    elif stale.size_bytes > room.total / 4:
        yield Row('shared memory', WARN, found, clean)
    else:
        yield Row('shared memory', OK, found)


def rmw_row(rmw: str, security: str) -> Iterator[Row]:
    """Say which middleware is really loaded, and whether it was built with security."""
    wanted = os.environ.get('ROS_SECURITY_ENABLE') == 'true'
    found = f'{rmw}, {security}'
    if not rmw:
        yield Row('rmw', SKIP, 'rclpy did not start')
    elif wanted and security == WITHOUT_SECURITY:
        yield Row('rmw', FAIL, f'{found}, and ROS_SECURITY_ENABLE is true: no node starts',
                  'install ROS from its packages, whose Fast DDS has security: docs/security.md')
    else:
        yield Row('rmw', OK, found)
