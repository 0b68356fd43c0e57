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

"""``jepa record``: topics into a rosbag2 folder, with a screen that says how it goes."""

import argparse
from pathlib import Path
import sys
import time
from typing import TextIO

# without a terminal a line now and then will do
_LINE_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    # none are named with --recover
    parser.add_argument('topics', nargs='*', metavar='TOPIC', default=argparse.SUPPRESS,
                        help='what to record')
    parser.add_argument('--out', type=Path, default=None, metavar='DIR',
                        help='the folder of the bag, a new one; drive_DATE_TIME where not given')
    parser.add_argument('--zstd', action=argparse.BooleanOptionalAction, default=True,
                        help='compress')
    parser.add_argument('--max-mb', type=int, default=0, metavar='N',
                        help='begin a new file at this size; 0: never')
    parser.add_argument('--max-s', type=float, default=0.0, metavar='S',
                        help='begin a new file after this long; 0: never')
    parser.add_argument('--duration', type=float, default=0.0, metavar='S',
                        help='end after this long; 0: at Ctrl-C')
    parser.add_argument('--wait', type=float, default=0.0, metavar='S',
                        help='give up where a topic has no message after this long; 0: never')
    parser.add_argument('--min-free-mb', type=int, default=500, metavar='N',
                        help='end when the disk has less room than this')
    parser.add_argument('--use-sim-time', action='store_true',
                        help='in simulation: note when messages came in simulated time')
    parser.add_argument('--recover', type=Path, default=None, metavar='DIR',
                        help='complete a bag whose recording was killed, and nothing else')


def run(args: argparse.Namespace) -> int:
    """Record, or complete a bag; return the exit status."""
    if args.recover is not None:
        return _recover(args.recover)
    topics = getattr(args, 'topics', [])
    if not topics:
        raise ValueError('name at least one topic to record; ros2 topic list shows what there is')
    from jepa_ros.ros.share import use_fast_dds_profile
    use_fast_dds_profile()
    try:
        from jepa_ros.ros.recorder_node import record
    except ImportError as error:
        raise RuntimeError(f'ROS is not installed ({error}); source ROS, or '
                           'pip install -r requirements/ros.txt') from error
    return record({
        'topics': topics, 'out': str(args.out or ''), 'zstd': args.zstd,
        'max_mb': args.max_mb, 'max_s': args.max_s, 'duration_s': args.duration,
        'wait_s': args.wait, 'min_free_mb': args.min_free_mb, 'use_sim_time': args.use_sim_time,
    }, Screen(sys.stderr).show)


def _recover(folder: Path) -> int:
    from jepa_ros.ros.bag_recovery import recover
    found = recover(folder)
    if found is None:
        print(f'{folder} is complete already')
    else:
        print(f'{folder} is complete: {found.messages} messages; {found.cut_bytes} bytes at its '
              'end were not, and are cut off')
    return 0


class Screen:
    """Figures on a terminal, over those before; elsewhere a line every ten seconds."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._terminal = out, out.isatty()
        self._lines = 0
        self._next_s = 0.0

    def show(self, figures) -> None:
        """Show the figures of now."""
        if not self._terminal:
            if time.monotonic() >= self._next_s:
                self._next_s = time.monotonic() + _LINE_S
                lack = f'; waiting: {figures.lack}' if figures.lack else ''
                print(f'{figures.folder}: {figures.summary()}{lack}', file=self._out, flush=True)
            return
        lines = lines_of(figures)
        up = f'\x1b[{self._lines}A' if self._lines else ''
        # \x1b[K clears what a longer line before left
        self._out.write(up + ''.join(f'\r\x1b[K{line}\n' for line in lines))
        self._out.flush()
        self._lines = len(lines)


def lines_of(figures) -> list[str]:
    """Return what a terminal shows; always as many lines."""
    width = max(len(topic.name) for topic in figures.topics)
    lines = [f'{topic.name:<{width}}  {topic.messages:>8}  {topic.rate_hz:7.1f} Hz  '
             f'{topic.megabytes:9.1f} MB  ' + (topic.kind or 'nobody publishes it yet')
             for topic in figures.topics]
    total = (f'{figures.folder}: {figures.length_s:.1f} s, {figures.file_mb:.1f} MB in '
             f'{figures.files} file{"s" if figures.files > 1 else ""}, '
             f'{figures.free_mb / 1e3:.1f} GB free')
    wrong = [f'{figures.dropped} dropped: the disk cannot keep up'] if figures.dropped else []
    wrong += [f'waiting: {figures.lack}'] if figures.lack else []
    return [*lines, total, '; '.join(wrong) or 'Ctrl-C ends it']
