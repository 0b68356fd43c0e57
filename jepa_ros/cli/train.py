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


"""``jepa train``: train a JEPA world model and its critic on a data set, or on bags."""

import argparse
from pathlib import Path
import sys

from jepa_ros.cli.bag_options import add_bag_arguments
from jepa_ros.cli.train_stages import add_tensorboard_argument

# options beside section.key=value, by the key that each sets
_OPTIONS = {
    'data': 'data.folder', 'bag': 'data.bags', 'image': 'data.image', 'action': 'data.action',
    'odom': 'data.odom', 'region': 'data.region', 'period': 'data.period_s',
    'hold': 'data.hold_s', 'action_field': 'data.field', 'action_names': 'data.names',
    'action_units': 'data.units',
    'low': 'data.low', 'high': 'data.high', 'steps': 'train.steps',
    'critic_steps': 'critic.steps', 'random_encoder': 'train.random_encoder',
    'start': 'train.start'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.set_defaults(takes_settings=True)
    parser.add_argument('overrides', nargs='*', metavar='section.key=value',
                        default=argparse.SUPPRESS,
                        help='settings over those of the file, as train.steps=500 or '
                        'model.history=3; a wrong name lists the right ones')
    parser.add_argument('--config', type=Path, default=None, metavar='FILE',
                        help='YAML with the sections data, model, train, critic, as in '
                        'config/train_ceiling.yaml')
    parser.add_argument('--data', type=Path, default=argparse.SUPPRESS,
                        help="folder made by jepa collect (default: the config's, "
                        'or data/warehouse_ceiling)')
    parser.add_argument('--out', type=Path, default=Path('runs/warehouse_ceiling'),
                        help='folder of the run; a run that was cut short goes on from there')
    parser.add_argument('--model', type=Path, default=None, metavar='BUNDLE',
                        help='export the bundle there at the end, as jepa export does')
    parser.add_argument('--steps', type=int, default=argparse.SUPPRESS,
                        help="steps of the world model (default: the config's, or 7000)")
    parser.add_argument('--critic-steps', type=int, default=argparse.SUPPRESS,
                        help="steps of the critic (default: the config's, or 8000)")
    parser.add_argument('--seed', type=int, default=argparse.SUPPRESS,
                        help="seed of weights and batches (default: the config's, or 0)")
    parser.add_argument('--start', type=Path, default=argparse.SUPPRESS, metavar='RUN_OR_BUNDLE',
                        help='begin with the weights of another run, or of a bundle that has '
                        'them, instead of random ones (default: no)')
    parser.add_argument('--random-encoder', action='store_true', default=argparse.SUPPRESS,
                        help='leave the encoder as it was drawn: the baseline that shows what '
                        'the JEPA adds (default: no)')
    add_tensorboard_argument(parser)
    add_bag_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train both stages, resuming where a former run stopped; export where that is wished."""
    settings = settings_of(args)

    import torch

    from jepa_ros.learning.interrupt import Interrupt
    from jepa_ros.learning.machine import machine
    from jepa_ros.learning.settings import threads_of

    # as it was begun, so that sums are made in the same order
    threads = settings.train.threads or threads_of(args.out) or torch.get_num_threads()
    interrupt = Interrupt()
    with machine(settings.train.device, threads, interrupt.asked) as here:
        try:
            settings = _train(args, settings, here, interrupt)
        except KeyboardInterrupt as stopped:
            if not interrupt.asked():
                raise
            if here.ranks.first:
                print(f'{stopped}; the same command goes on from there', file=sys.stderr)
            return 128 + (interrupt.number or 0)
    if not here.ranks.first:
        return 0
    if args.model is None:
        print(f'weights in {args.out}; next: jepa export --run {args.out} --out models/NAME')
        return 0
    from jepa_ros.cli.export import export_run
    export_run(args.out, args.model, settings.data)
    return 0


def settings_of(args: argparse.Namespace, model: dict | None = None):
    """Return what options, config file and overrides set; ``model`` is what others decide."""
    from jepa_ros.learning.settings import KINDS, resolve

    options: dict = {section: {} for section in KINDS}
    options['model'].update(model or {})
    # options of many words take all that follow them, settings too
    given, after = dict(vars(args)), []
    for name in ('bag', 'action_names', 'action_units'):
        words = [str(word) for word in given[name]]
        given[name] = [word for word in words if not _is_setting(word, KINDS)]
        after += [word for word in words if word not in given[name]]
        if words and not given[name]:
            what = name.rpartition('_')[2].removesuffix('s')
            raise ValueError(f'--{name.replace("_", "-")} names no {what}, only '
                             f'{", ".join(words)}')
    for name, path in _OPTIONS.items():
        value = given.get(name)
        # what was not given is none, empty or, of a region, nothing of a picture
        if value is not None and value != [] and value != [0, 0, 0, 0]:
            section, key = path.split('.')
            options[section][key] = (tuple(str(v) if isinstance(v, Path) else v for v in value)
                                     if isinstance(value, list)
                                     else str(value) if isinstance(value, Path) else value)
    if 'seed' in args:
        options['train']['seed'] = options['critic']['seed'] = args.seed
    if 'data' in args:
        options['data'].setdefault('bags', ())
    settings = resolve(args.config, options, [*getattr(args, 'overrides', []), *after])
    of_bags = sorted(set(options['data']) - {'folder', 'bags', 'symmetry'})
    if of_bags and not settings.data.bags:
        raise ValueError(f'{", ".join(f"data.{key}" for key in of_bags)}: that is of bags, and '
                         f'{settings.data.folder} was made by jepa collect; name them: --bag BAG')
    return settings


def _is_setting(word: str, sections) -> bool:
    """Return whether a word after --bag is section.key=value, and no folder."""
    path, equals, _ = word.partition('=')
    return bool(equals) and path.split('.')[0] in sections and not Path(word).exists()


def _train(args: argparse.Namespace, settings, here, interrupt):
    """Run both stages on a machine; return the settings with what the data decides."""
    import torch

    from jepa_ros.cli.train_stages import critic_stage, scalars_wanted, world_model_stage
    from jepa_ros.engines.networks import Networks
    from jepa_ros.learning.bundle_place import check_place
    from jepa_ros.learning.checkpoint import save_weights
    from jepa_ros.learning.random_encoder import freeze_random_encoder
    from jepa_ros.learning.settings import keep_settings
    from jepa_ros.learning.start import check_start, start_from

    say = print if here.ranks.first else _nothing
    start = Path(settings.train.start) if settings.train.start else None
    if start:
        check_start(start)
    # before hours of training, not after them, and before the run is bound to its settings
    here.ranks.part(settings.critic.batch, 'critic.batch')
    if args.model is not None:
        check_place(args.model, args.out)
    data = read_data(settings, here, say)
    settings = settings.with_data(data)
    say(f'{len(data.training)} frames to train on, {len(data.held_out)} held out; on {here}',
        flush=True)
    training = views_of(data, settings, say)
    check_settings(settings, data, training, here)
    torch.manual_seed(settings.train.seed)
    networks = Networks(settings.model)
    if start:
        start_from(networks, start)
    if here.ranks.first:
        keep_settings(args.out, settings, data, here.about())
    here.ranks.wait()
    if settings.train.random_encoder:
        freeze_random_encoder(networks, training)
    networks.to(here.device)
    scalars_too = scalars_wanted(args, here)
    # from here on a signal waits for the end of the step, and the state is saved
    with interrupt:
        world_model_stage(networks, training, settings, args.out, here, scalars_too,
                          data.held_out)
        critic_stage(networks, training, settings, args.out, here, scalars_too)
    if here.ranks.first:
        save_weights(networks, args.out / 'weights.safetensors')
    here.ranks.wait()
    return settings


def read_data(settings, here, say):
    """Return the data set; where there are several ranks, the first fills the cache."""
    say('reading ' + (', '.join(settings.data.bags) or settings.data.folder) + ' ...', flush=True)
    if not here.ranks.first:
        here.ranks.wait()
    data = settings.data.load(settings.model.image_px)
    if here.ranks.first:
        here.ranks.wait()
        if settings.data.bags:
            from jepa_ros.cli.bag_options import summary
            say('\n'.join(summary(data.about)), flush=True)
    return data


def check_settings(settings, data, training, here) -> None:
    """Refuse settings that do not suit the data; ValueError says which, and what would."""
    from jepa_ros.learning.metrics import calibration_rows
    from jepa_ros.learning.train import check_world_model

    check_world_model(settings.model, training, settings.train, here)
    calibration_rows(data.held_out, settings.model, data.actions.units)


def views_of(data, settings, say):
    """Return the training episodes in all the views that the settings want."""
    from jepa_ros.learning.symmetry import symmetric

    training = symmetric(data, settings.data.symmetry).training
    if training is not data.training:
        say(f'{settings.data.symmetry}: each frame in {len(training) // len(data.training)} views',
            flush=True)
    return training


def _nothing(*_: object, **__: object) -> None:
    pass
