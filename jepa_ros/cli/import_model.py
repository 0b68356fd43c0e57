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

"""``jepa import``: turn a published model into a bundle; each kind of it is a part."""

import argparse
import importlib

# what each part makes, and the file that does it
PARTS = {
    'lewm': ('a LeWorldModel of stable-worldmodel: its encoder and its predictor', 'import_lewm'),
    'vjepa2': ("a V-JEPA 2 encoder, with a predictor and a critic of one's own data",
               'import_vision'),
    'dinov2': ("a DINOv2 encoder, with a predictor and a critic of one's own data",
               'import_vision'),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the parts and their options."""
    parts = parser.add_subparsers(dest='part', required=True, metavar='KIND')
    for name, (summary, file) in PARTS.items():
        part = importlib.import_module(f'jepa_ros.cli.{file}')
        sub = parts.add_parser(name, help=summary,
                               description=f'{summary[0].upper()}{summary[1:]}.',
                               formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        part.add_arguments(sub)
        sub.set_defaults(run_part=part.run)


def run(args: argparse.Namespace) -> int:
    """Import one model."""
    return int(args.run_part(args))
