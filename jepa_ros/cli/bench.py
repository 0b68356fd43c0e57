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

"""``jepa bench``: how fast it encodes and plans, how well for the time, camera to command."""

import argparse
import importlib

PARTS = {
    'plan': 'milliseconds of one plan, engine by engine, PyTorch eager beside them',
    'encode': 'frames a second, engine by engine',
    'quality': 'success against plan time, planner by planner',
    'graph': 'camera to command over DDS, stage by stage',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the parts and their options."""
    parts = parser.add_subparsers(dest='part', required=True, metavar='PART')
    for name, summary in PARTS.items():
        part = importlib.import_module(f'jepa_ros.cli.bench_{name}')
        sub = parts.add_parser(name, help=summary,
                               description=f'{summary[0].upper()}{summary[1:]}.',
                               formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        part.add_arguments(sub)
        sub.add_argument('--json', action='store_true',
                         help='print a JSON list of rows and no table')
        sub.set_defaults(run_part=part.run)


def run(args: argparse.Namespace) -> int:
    """Measure one part; print its rows."""
    from jepa_ros.cli.table import print_rows
    print_rows(args.run_part(args), args.json)
    return 0
