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

"""``jepa import lewm``: a published LeWorldModel, as it is, with what its actions mean."""

import argparse
from pathlib import Path

from jepa_ros.cli.bag_options import add_bag_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the part's options."""
    parser.add_argument('checkpoint', type=Path, metavar='DIR',
                        help='folder with weights.pt and config.json, or the file of weights '
                        'where there are several')
    parser.add_argument('--model', type=Path, default=Path('models/lewm'), metavar='BUNDLE',
                        help='folder of the bundle; its last part is the name of the model')
    parser.add_argument('--action-mean', type=float, nargs='+', default=[], metavar='NUMBER',
                        help='mean of each component of the actions that it was trained on, '
                        'which its training subtracted')
    parser.add_argument('--action-std', type=float, nargs='+', default=[], metavar='NUMBER',
                        help='their standard deviation, by which its training divided')
    parser.add_argument('--statistics', type=Path, default=None, metavar='FILE',
                        help='JSON with these: {"mean": [...], "std": [...]}')
    parser.add_argument('--horizon', type=int, default=5, help='blocks that a plan looks ahead')
    parser.add_argument('--arrival-cost', type=float, default=None, metavar='DISTANCE',
                        help='mean squared latent distance below which a goal is reached; without '
                        'it measured on the data, or 0.1')
    parser.add_argument('--data', type=Path, default=None, metavar='FOLDER',
                        help='made by jepa collect: gives names, units, limits and timing of '
                        'actions, and calibrates')
    parser.add_argument('--licence', default='see the checkpoint',
                        help='the licence of the weights, for the manifest')
    add_bag_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Read the checkpoint, put its tensors into networks of ours, export."""
    from dataclasses import replace

    from jepa_ros.learning.bundle_place import check_place
    from jepa_ros.learning.export import export_bundle, parity
    from jepa_ros.learning.lewm_import import ASSUMED, calibrate_lewm, find_lewm, import_lewm

    if not 1 <= args.horizon <= 64:
        raise ValueError(f'horizon is {args.horizon}, must be in [1, 64]')
    check_place(args.model, args.checkpoint)
    files = find_lewm(args.checkpoint)
    side = files.sizes.vit.image_px
    data = _data(args, side)
    actions = data.actions if data else _actions(args)
    if args.action_units and not args.bag:      # bags take them themselves
        actions = replace(actions, units=tuple(args.action_units))
    statistics = _statistics(args, data)
    networks, about = import_lewm(files, actions, statistics, args.horizon)
    print(f'{files.weights}: pictures of {side} x {side}, history {networks.config.history}, '
          f'blocks of {networks.config.block} actions')
    print(f'actions less {statistics.mean}, divided by {statistics.std}: {statistics.source}')
    calibration, about['calibration'] = ASSUMED, (
        'assumed, for latents of unit variance: give --data or --bag to measure it')
    if data:
        print(f'encoding {len(data.held_out)} held-out frames ...', flush=True)
        calibration = calibrate_lewm(networks, data.held_out)
        about |= {'calibration': f'measured on {len(data.held_out)} held-out frames',
                  'data': data.about}
    if args.arrival_cost is not None:
        calibration = replace(calibration, arrival_cost=args.arrival_cost)
    print(f'arrival below a distance of {calibration.arrival_cost:.3g}, surprise p99 '
          f'{calibration.surprise[2]:.3g}; {about["calibration"]}')
    print('exporting ...', flush=True)
    manifest = export_bundle(networks, args.model, args.model.name, calibration, about, actions,
                             licence=args.licence)
    print(f'ONNX Runtime and torch differ by {parity(manifest, networks):.1e}')
    print(f'bundle in {args.model}; a plan costs the latent distance to the goal at its end, as '
          'published')
    return 0


def _data(args: argparse.Namespace, side: int):
    """Return the DataSet that was named, None where none was."""
    from jepa_ros.learning.data_config import DataConfig

    if not args.bag:
        if args.data is None:
            return None
        given = [f'--{name.replace("_", "-")}' for name in ('action_names', 'low', 'high')
                 if getattr(args, name)]
        if given:
            raise ValueError(f'{", ".join(given)}: {args.data} says what its actions are')
        return DataConfig(str(args.data)).load(side)
    from jepa_ros.cli.bag_options import bag_data_set
    return bag_data_set(args, side, side)


def _actions(args: argparse.Namespace):
    """Return what options say of actions; ValueError names those that are missing."""
    from jepa_ros.learning.data import Actions

    missing = [f'--{name.replace("_", "-")}' for name in ('action_names', 'low', 'high')
               if not getattr(args, name)]
    if missing:
        raise ValueError('a checkpoint does not say what its actions are: give '
                         f'{", ".join(missing)} (or --data or --bag)')
    return Actions(tuple(args.action_names), ('1',) * len(args.action_names), tuple(args.low),
                   tuple(args.high), 0.1 if args.period is None else args.period, delay_s=0.0)


def _statistics(args: argparse.Namespace, data):
    """Return what actions were normalised with: of options, of a file, or measured on data."""
    from jepa_ros.engines.bundle_files import read_json
    from jepa_ros.engines.fields import numbers
    from jepa_ros.learning.lewm_import import Statistics, statistics_of

    if args.action_mean or args.action_std:
        return Statistics(tuple(args.action_mean), tuple(args.action_std), 'given as options')
    if args.statistics is not None:
        table = read_json(args.statistics)
        mean, std = (tuple(numbers(table, key, str(args.statistics))) for key in ('mean', 'std'))
        return Statistics(mean, std, f'read from {args.statistics.name}')
    if data is not None:
        return statistics_of(data.training, 'measured on the data that was given, which need not '
                             'be what it was trained on')
    raise ValueError('a checkpoint does not hold the statistics that its training normalised '
                     'actions with: give --action-mean and --action-std, or --statistics FILE '
                     '(0 and 1 where it did not normalise), or --data or --bag to measure them')
