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

"""``jepa bench graph``: camera to command over DDS, in processes as on a robot, stage by stage."""

import argparse
import json
import os
from pathlib import Path
import signal
import tempfile
import time

IMAGES = ('64x64', '640x480', '1920x1080')
STAGES = ('transport', 'wait', 'convert', 'encode', 'plan', 'publish')
START_LIMIT_S = 90.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--images', nargs='+', default=list(IMAGES), metavar='WxH',
                        help='sizes of the frames, rgb8')
    parser.add_argument('--processes', nargs='+', type=int, choices=(2, 3), default=[2, 3],
                        help='2: camera and planner; 3: and the command gate')
    parser.add_argument('--seconds', type=float, default=60.0, help='of each measurement')
    parser.add_argument('--rate-hz', type=float, default=30.0, help="the camera's")
    parser.add_argument('--profile', nargs='+', choices=('shipped', 'default'),
                        default=['shipped'], help='of Fast DDS: config/fastdds.xml, or none')
    parser.add_argument('--model', default='warehouse_ceiling', help='a bundle: path or name')


def run(args: argparse.Namespace) -> list[dict]:
    """Measure each profile, size and number of processes; return a row for each."""
    from tqdm import tqdm

    from jepa_ros.ros.bundle_path import find_bundle
    sizes = [_size(text) for text in args.images]
    if not (args.seconds >= 1.0 and 1.0 <= args.rate_hz <= 200.0):
        raise ValueError(f'{args.seconds} s at {args.rate_hz} Hz: must be at least 1 s, at 1 to '
                         '200 Hz')
    bundle = find_bundle(args.model)
    # SIGTERM ends it as Ctrl-C does: the processes are stopped on the way out
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cases = [(profile, size, processes) for profile in args.profile for size in sizes
             for processes in args.processes]
    with tqdm(total=round(len(cases) * args.seconds), unit='s') as progress:
        return [_measure(args, bundle, *case, progress) for case in cases]


def _size(text: str) -> tuple[int, int]:
    """Return (width, height) of a text such as 640x480."""
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit() and int(width) > 0 and int(height) > 0):
        raise ValueError(f'image is {text!r}, must be WIDTHxHEIGHT in pixels, such as 640x480')
    return int(width), int(height)


def _measure(args: argparse.Namespace, bundle: Path, profile: str, size: tuple[int, int],
             processes: int, progress) -> dict:
    """Start the processes, wait for their result, stop them; return the row."""
    from jepa_ros.cli.children import Children, node_command
    name = f'{size[0]}x{size[1]}'
    progress.set_description(f'{profile} profile, {name}, {processes} processes')
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _draw(folder / 'pictures.npz', *size)
        stamped = ['--ros-args', '-p', 'stamped:=true']
        with Children(folder, _environment(profile)) as children:
            # the camera shows one picture for ever
            children.start('planner', [*node_command('planner_node'), *stamped,
                                       '-p', f'model:={bundle.resolve()}',
                                       '-p', 'refuse_repeats:=false'])
            if processes == 3:
                children.start('gate', [*node_command('command_gate'), *stamped])
            settings = {'pictures': folder / 'pictures.npz', 'folder': folder,
                        'rate_hz': float(args.rate_hz), 'seconds': float(args.seconds),
                        'gate': str(processes == 3).lower()}
            children.start('camera', [
                *node_command('bench_robot'), '--ros-args',
                *(word for key, value in settings.items() for word in ('-p', f'{key}:={value}'))])
            cpu_percent = _watch(folder, children, args.seconds, progress)
            children.stop()
        return _row(json.loads((folder / 'result.json').read_text()), name, processes, profile,
                    cpu_percent)


def _environment(profile: str) -> dict[str, str]:
    """Return that of every process: the profile, and a domain of its own on this machine alone."""
    from jepa_ros.ros.share import fast_dds_profile, FAST_DDS_VARIABLES, own_domain
    environment = {key: value for key, value in os.environ.items()
                   if key not in FAST_DDS_VARIABLES}
    return environment | own_domain() | (fast_dds_profile() if profile == 'shipped' else {}) | {
        'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}


def _draw(path: Path, width: int, height: int) -> None:
    """Write a frame and a goal: the simulated ceiling camera's, as large as fits, on black."""
    import numpy as np

    from jepa_ros.core.preprocess import to_model_image
    from jepa_ros.sim.tasks import demo_task
    from jepa_ros.sim.world import World
    world = World(seed=0)
    try:
        task = demo_task(world, 0)
        side = min(width, height)
        pictures = {}
        for name, pose in (('frame', task.start), ('goal', task.goal)):
            pictures[name] = np.zeros((height, width, 3), np.uint8)
            top, left = (height - side) // 2, (width - side) // 2
            pictures[name][top:top + side, left:left + side] = to_model_image(
                world.render_at(pose), side, side)
        np.savez(path, **pictures)
    finally:
        world.close()


def _watch(folder: Path, children, seconds: float, progress) -> dict[str, float]:
    """Wait for the result; return the CPU time of each process while measured, in percent."""
    marks = {name: folder / name for name in ('began', 'ended', 'result.json')}
    times: dict[str, float] = {}
    spent: dict[str, dict[str, float]] = {}
    limit_s, shown = time.monotonic() + START_LIMIT_S, 0
    while 'result.json' not in times:
        now_s = time.monotonic()
        for name in [name for name, path in marks.items() if name not in times and path.exists()]:
            times[name], spent[name] = now_s, _cpu_s(children)
            limit_s = now_s + seconds + START_LIMIT_S
        if now_s > limit_s:
            raise RuntimeError(f'the processes were not done within {START_LIMIT_S:.0f} s')
        if 'began' in times:
            whole = min(round(seconds), int(now_s - times['began']))
            progress.update(whole - shown)
            shown = whole
        if 'result.json' not in times:      # with it the camera ends by itself
            children.check()
            time.sleep(0.05)
    span_s = times['ended'] - times['began']
    return {name: 100.0 * (spent['ended'][name] - began_s) / span_s
            for name, began_s in spent['began'].items()}


def _cpu_s(children) -> dict[str, float]:
    """Return the CPU time of each child so far, all its threads, in seconds (Linux)."""
    ticks = os.sysconf('SC_CLK_TCK')
    spent = {}
    for name, pid in children.pids().items():
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        spent[name] = (int(fields[11]) + int(fields[12])) / ticks
    return spent


def _row(result: dict, image: str, processes: int, profile: str, cpu_percent: dict) -> dict:
    import numpy as np
    waits_ms = 1e3 * np.array(result['camera_to_command_s'] or [np.nan])
    p50_ms, p99_ms, p999_ms = np.percentile(waits_ms, (50, 99, 99.9)).tolist()
    stages = {name: float(result['figures'][f'{name}_p50_ms']) for name in STAGES}
    stages['command'] = 1e3 * float(np.median(result['command_s'] or [np.nan]))
    return {
        'image': image, 'processes': processes, 'profile': profile,
        'delivered': result['came'] / result['sent'], 'loss': result['sent'] - result['came'],
        'p50_ms': p50_ms, 'p99_ms': p99_ms, 'p999_ms': p999_ms,
        'commands': len(result['camera_to_command_s']),
        'plans_per_s': result['plans'] / result['seconds'],
        'late_plans': result['late_plans'], 'dropped_frames': result['dropped_frames'],
        'stages': stages, 'cpu_percent': cpu_percent}
