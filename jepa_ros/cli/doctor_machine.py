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

"""Checks of the machine: CPU, GPU, rendering, room for bags, the user's engine cache."""

from collections.abc import Iterator
import os
from pathlib import Path
import platform
import shutil
import sys

from jepa_ros.cli.doctor_ask import NoAnswerError, Questions
from jepa_ros.cli.doctor_find import installed
from jepa_ros.cli.doctor_row import OK, Row, SKIP, WARN
from jepa_ros.engines.private_files import cache_folder, CacheError, check_folder

# of /proc/cpuinfo: what our graphs gain from, and what people call it
_FEATURES = {
    'avx2': 'AVX2', 'avx512f': 'AVX-512', 'avx512_vnni': 'VNNI', 'avx_vnni': 'AVX-VNNI',
    'avx512_bf16': 'bf16', 'amx_tile': 'AMX', 'asimd': 'NEON', 'asimddp': 'dot product',
    'bf16': 'bf16', 'i8mm': 'i8mm', 'sve': 'SVE',
}
_GPU = ('nvidia-smi', '--query-gpu=name,driver_version,memory.total', '--format=csv,noheader')
_JETSON = (Path('/proc/device-tree/model'), Path('/etc/nv_tegra_release'))
# a driver that is in trouble answers late or never
_GPU_LIMIT_S = 10.0
_GL_LIMIT_S = 30.0
_GL_WAYS = ('egl', 'osmesa')
# a camera of 640x480 rgb8 at 30 Hz writes so much, and a recording should not stop in a minute
_BAG_BYTES_S = 640 * 480 * 3 * 30
_LEAST_BYTES = 5 * 10 ** 9
# processes that want a core, for each that there is
_BUSY = 1.5


def cpu_row(info: Path = Path('/proc/cpuinfo')) -> Iterator[Row]:
    """Look at cores and at the instructions that engines use."""
    words: set[str] = set()
    name = platform.machine()
    for line in info.read_text(errors='replace').splitlines():
        key, _, value = line.partition(':')
        if key.strip() in ('flags', 'Features'):
            words |= set(value.split())
        elif key.strip() == 'model name':
            name = value.strip()
    cores = len(os.sched_getaffinity(0))
    features = [said for word, said in _FEATURES.items() if word in words]
    busy = os.getloadavg()[0]
    found = (f'{cores} core{"s" if cores > 1 else ""}, {name}, '
             + (', '.join(features) or 'no vector instructions that we know'))
    if cores < 2:
        yield Row('cpu', WARN, f'{found}; camera, planner and gate share one')
    elif busy > _BUSY * cores:
        yield Row('cpu', WARN, f'{found}; others keep it busy, load {busy:.1f}: times below are '
                  'longer than they could be', 'top')
    else:
        yield Row('cpu', OK, found)


def ask_gpu(questions: Questions) -> None:
    """Ask the NVIDIA driver, where there is its tool."""
    if shutil.which(_GPU[0]):
        questions.ask('gpu', list(_GPU), _GPU_LIMIT_S)


def gpu_row(questions: Questions) -> Iterator[Row]:
    """Look for an NVIDIA GPU or a Jetson."""
    jetson = next((text for path in _JETSON if path.is_file()
                   and 'NVIDIA' in (text := path.read_text(errors='replace').strip('\0\n '))), '')
    if jetson:
        yield Row('gpu', OK, jetson.splitlines()[0])
        return
    if not shutil.which(_GPU[0]):
        yield Row('gpu', SKIP, 'no NVIDIA driver (no nvidia-smi): graphs run on the CPU')
        return
    try:
        yield Row('gpu', OK, '; '.join(questions.text('gpu').strip().splitlines()))
    except NoAnswerError as error:
        yield Row('gpu', WARN, f'nvidia-smi: {error}; graphs run on the CPU',
                  'sudo dmesg | grep -i nvrm   (the driver; a container wants --gpus all)')


def ask_gl(questions: Questions) -> None:
    """Ask for a picture, each way in a process of its own, since a broken driver may end it."""
    if not installed('mujoco'):
        return
    chosen = os.environ.get('MUJOCO_GL')
    for way in (chosen,) if chosen else _GL_WAYS:
        questions.ask(f'gl {way}', [sys.executable, '-m', 'jepa_ros.sim.gl_trial'], _GL_LIMIT_S,
                      nice=5, MUJOCO_GL=way, LP_NUM_THREADS='1')


def gl_row(questions: Questions) -> Iterator[Row]:
    """Look for a way to render without a screen, which the simulator and the demo want."""
    if not installed('mujoco'):
        yield Row('rendering', SKIP, 'MuJoCo is not installed; only simulator and demo want it')
        return
    chosen = os.environ.get('MUJOCO_GL')
    reasons = []
    for way in (chosen,) if chosen else _GL_WAYS:
        try:
            questions.text(f'gl {way}')
        except NoAnswerError as error:
            reasons.append(f'{way}: {error}')
            continue
        # choose_gl takes the first whose library is there, though it may not work
        first = not reasons
        yield Row('rendering', OK if first else WARN, f'MuJoCo renders with {way}'
                  + ('' if first else f', not with {"; ".join(reasons)}'),
                  '' if first else f'export MUJOCO_GL={way}')
        return
    yield Row('rendering', WARN, 'MuJoCo does not render: ' + '; '.join(reasons),
              'sudo apt-get install libegl1 libgl1-mesa-dri'
              if not chosen else 'unset MUJOCO_GL')


def disk_row(folder: Path) -> Iterator[Row]:
    """Look at the room where bags go."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents)
                 if path.is_dir())
    free = shutil.disk_usage(place).free
    found = (f'{free / 1e9:.1f} GB free in {place}: {free / _BAG_BYTES_S / 60:.0f} minutes of '
             '640x480 at 30 Hz')
    if not os.access(place, os.W_OK):
        yield Row('room for bags', WARN, f'{place} cannot be written to',
                  'jepa record --out FOLDER')
    elif free < _LEAST_BYTES:
        yield Row('room for bags', WARN, f'{found}, less than {_LEAST_BYTES / 1e9:.0f} GB',
                  f'du -xh --max-depth 2 {place} | sort -h | tail')
    else:
        yield Row('room for bags', OK, found)


def cache_row() -> Iterator[Row]:
    """Look at who may write into the user's cache of built engines."""
    folder = cache_folder('engines')
    try:
        for path in (folder.parent, folder):
            check_folder(path)
    except CacheError as error:
        yield Row('engine cache', WARN, f'{error}; engines in it are not used',
                  f'chmod go-w {path}' if path.lstat().st_uid == os.geteuid()
                  else f'sudo chown {os.geteuid()} {path}')
        return
    if folder.is_dir():
        count = len(list(folder.glob('*.engine')))
        yield Row('engine cache', OK, f'{folder}: {count} engine{"" if count == 1 else "s"}')
        return
    place = next(path for path in folder.parents if path.is_dir())
    if os.access(place, os.W_OK):
        yield Row('engine cache', OK, f'{folder}: not made yet')
    else:
        yield Row('engine cache', WARN, f'{folder} cannot be made: {place} is not writable',
                  'export XDG_CACHE_HOME=FOLDER')
