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

"""``jepa inspect``: what bags hold, what training would use, and what is wrong."""

import argparse
import json
from pathlib import Path
import sys

from jepa_ros.cli.bag_options import add_topic_arguments

# more bags than these have one table together, so that all stays on a screen
_MOST_TABLES = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('bags', type=Path, nargs='+', metavar='BAG',
                        help='rosbag2 folders or files, sqlite3 or MCAP')
    add_topic_arguments(parser)
    parser.add_argument('--size', type=int, nargs=2, default=[64, 64],
                        metavar=('HEIGHT', 'WIDTH'), help="of the model's picture, in pixels")
    parser.add_argument('--picture', type=Path, default=None, metavar='FILE',
                        help='write a contact sheet of what the model would see, as a PNG')
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Read the bags and print what was found; return 1 where training would not start."""
    from tqdm import tqdm

    from jepa_ros.bags.sheet import write_sheet
    from jepa_ros.bags.survey import survey
    from jepa_ros.cli.bag_options import bag_settings

    settings = bag_settings(args, *args.size)
    with tqdm(desc='reading', unit=' messages', file=sys.stderr, leave=False) as bar:
        found = survey(args.bags, settings, bar.update)
    drawn = args.picture is not None and any(
        s.picture is not None for recording in found.recordings for s in recording.samples)
    if drawn:
        write_sheet(args.picture, found.recordings)
    if args.json:
        print(json.dumps(_finite(_as_table(found, settings)), indent=2))
    else:
        _print(found, settings)
        if drawn:
            print(f'contact sheet in {args.picture}')
    return 1 if found.problems else 0


def _as_table(found, settings) -> dict:
    """Return all that was found, as JSON takes it."""
    from dataclasses import asdict

    from jepa_ros.bags.arrays import about
    from jepa_ros.bags.motion import share_at_rest
    from jepa_ros.bags.survey import statistics

    table = {'bags': found.tables, 'problems': found.problems, 'doubts': found.doubts,
             'settings': asdict(settings)}
    if found.rows is not None:
        table['would_use'] = about(found.recordings, found.rows, found.episodes,
                                   found.short_runs, 0, settings)
        table['actions'] = statistics(found.rows)
        table['at_rest'] = share_at_rest(found.rows)
        table['told'] = found.rows.told
    return table


def _finite(value):
    """Return a value without NaN and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not abs(value) < float('inf') else value


def _print(found, settings) -> None:
    from jepa_ros.cli.table import print_rows

    tables = found.tables
    if len(tables) > _MOST_TABLES:
        tables = {f'{len(tables)} bags, {next(iter(tables))} and on': _merged(tables.values())}
    for bag, rows in tables.items():
        if rows:
            print(bag)
            print_rows(rows, False)
            print()
    if found.recordings:
        _print_use(found.recordings, settings)
    if found.rows is not None:
        _print_rows(found, settings)
    for line in found.problems:
        print(f'stops training: {line}')
    for line in found.doubts:
        print(f'look at: {line}')
    if not found.problems:
        print('nothing stops training')


def _merged(tables) -> list[dict]:
    """Return one table of many bags: sums of counts and of times, medians of rates and offsets."""
    import numpy as np

    found: dict = {}
    for row in (row for rows in tables for row in rows):
        found.setdefault((row['topic'], row['type']), []).append(row)
    return [{'topic': topic, 'type': kind, 'bags': len(rows),
             'count': sum(row['count'] for row in rows),
             'rate_hz': float(np.median([row['rate_hz'] for row in rows])),
             'duration_s': float(np.sum([row['duration_s'] for row in rows])),
             'clock_offset_s': float(np.median([row['clock_offset_s'] for row in rows]))}
            for (topic, kind), rows in sorted(found.items())]


def _print_use(recordings, settings) -> None:
    """Print which topics are used and why, and what becomes of a picture."""
    first = recordings[0]
    for what, topic, named in (('pictures', first.image, settings.image),
                               ('commands', first.action, settings.action),
                               ('odometry', first.odom, settings.odom)):
        why = 'not used, name it with --odom' if topic is None else (
            'named' if named else 'the only one of its kind')
        print(f'{what:9} {topic or "none"} ({why})')
    sample = next((s for r in recordings for s in r.samples if s.picture is not None), None)
    if sample:
        region = list(settings.region) if settings.region[2] else 'all of it'
        print(f'picture   {sample.size[0]}x{sample.size[1]} {sample.encoding}, {region}, the '
              f'middle of it averaged to {settings.width}x{settings.height}')


def _print_rows(found, settings) -> None:
    """Print episodes and actions."""
    from jepa_ros.bags.arrays import about
    from jepa_ros.bags.motion import share_at_rest
    from jepa_ros.bags.survey import statistics
    from jepa_ros.cli.table import print_rows

    rows = found.rows
    told = about(found.recordings, rows, found.episodes, found.short_runs, 0, settings)
    print(f"episodes  {told['episodes']} ({told['held_out_episodes']} held out), "
          f"{told['frames']} frames every {rows.period_s:.4g} s of a camera with one every "
          f'{rows.interval_s:.4g} s, {told["frames"] * rows.period_s / 60:.1f} minutes')
    for what, number in told['noted'].items():
        print(f'noted     {what}: {number}')
    print(f'at rest   {share_at_rest(rows):.0%} of the time; a command was in force for '
          f'{rows.told:.0%}')
    print()
    print_rows(statistics(rows), False)
    print()
