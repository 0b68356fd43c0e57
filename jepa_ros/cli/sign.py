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

"""``jepa sign``: sign a bundle, or make the keys for it."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle; its manifest.sig is written')
    parser.add_argument('--key', type=Path, default=None,
                        help='the private key to sign with: a PEM file that only you can read')
    parser.add_argument('--new-key', type=Path, default=None, metavar='DIR',
                        help='make a new pair of keys in this folder, and sign nothing')


def run(args: argparse.Namespace) -> int:
    """Make keys or write a signature; say what is where."""
    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.engines.signature import make_keys, sign, SIGNATURE

    if (args.key is None) == (args.new_key is None):
        raise ValueError('give either --key KEY, to sign, or --new-key DIR, to make a pair of '
                         'keys')
    if args.new_key is not None:
        private, public = make_keys(args.new_key)
        print(f'{private}: sign with it, and keep it off the robot')
        print(f'{public}: for the robot, as the planner parameter trusted_key')
        return 0
    # nobody signs what would be refused
    name = load_manifest(args.model).name
    fingerprint = sign(args.model, args.key)
    print(f'{args.model / SIGNATURE}: {name} signed, key {fingerprint}')
    return 0
