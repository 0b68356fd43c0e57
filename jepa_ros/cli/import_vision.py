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

"""``jepa import vjepa2`` and ``dinov2``: a public encoder, and what one's own data adds to it."""

import argparse
import json
from pathlib import Path
import sys

from jepa_ros.cli.bag_options import add_bag_arguments
from jepa_ros.cli.train_stages import add_tensorboard_argument


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the part's options."""
    parser.add_argument('checkpoint', metavar='DIR|HUB_ID',
                        help='folder in the layout of transformers, or the id of a model on the '
                        'hub, owner/name or owner/name@revision')
    parser.set_defaults(takes_settings=True)
    parser.add_argument('overrides', nargs='*', metavar='section.key=value',
                        default=argparse.SUPPRESS,
                        help='settings of the training, as of jepa train')
    parser.add_argument('--config', type=Path, default=None, metavar='FILE',
                        help='YAML with the sections data, model, train, critic')
    parser.add_argument('--data', type=Path, default=argparse.SUPPRESS,
                        help='folder made by jepa collect, its pictures of the size that the '
                        "encoder takes (default: the config's)")
    parser.add_argument('--out', type=Path, default=Path('runs/imported'),
                        help='folder of the run; one that was cut short goes on from there')
    parser.add_argument('--model', type=Path, default=Path('models/imported'), metavar='BUNDLE',
                        help='folder of the bundle; its last part is the name of the model')
    parser.add_argument('--image-px', type=int, default=None, metavar='PIXELS',
                        help='side of the pictures; without it what the checkpoint wants')
    parser.add_argument('--grid', type=int, default=4,
                        help='cells on a side that patch tokens are averaged to')
    parser.add_argument('--width', type=int, default=128,
                        help='numbers of a latent: as many principal components are kept')
    parser.add_argument('--steps', type=int, default=argparse.SUPPRESS,
                        help="steps of the predictor (default: the config's, or 7000)")
    parser.add_argument('--critic-steps', type=int, default=argparse.SUPPRESS,
                        help="steps of the critic (default: the config's, or 8000)")
    parser.add_argument('--seed', type=int, default=argparse.SUPPRESS,
                        help="seed of weights and batches (default: the config's, or 0)")
    parser.add_argument('--licence', default='see the checkpoint',
                        help='the licence of the weights, for the manifest')
    add_tensorboard_argument(parser)
    add_bag_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Encode the data once, train predictor and critic on the latents, export."""
    from jepa_ros.cli.train import settings_of
    from jepa_ros.learning.vision_checkpoint import find_checkpoint, read_vision

    folder, revision = find_checkpoint(args.checkpoint)
    vision, side = read_vision(folder, args.part, args.image_px, args.grid)
    settings = settings_of(args, {'vision': vision, 'image_px': side, 'width': args.width})

    import torch

    from jepa_ros.cli.export import export_run
    from jepa_ros.learning.interrupt import Interrupt
    from jepa_ros.learning.machine import machine
    from jepa_ros.learning.settings import threads_of

    threads = settings.train.threads or threads_of(args.out) or torch.get_num_threads()
    with Interrupt() as interrupt, machine(settings.train.device, threads,
                                           interrupt.asked) as here:
        try:
            settings = _train(args, settings, here, folder,
                              {'imported': args.part, 'revision': revision})
        except KeyboardInterrupt as stopped:
            if not interrupt.asked():
                raise
            print(f'{stopped}; the same command goes on from there', file=sys.stderr)
            return 128 + (interrupt.number or 0)
    export_run(args.out, args.model, settings.data)
    return 0


def _train(args: argparse.Namespace, settings, here, folder: Path, about: dict):
    """Train what the checkpoint does not have; return the settings with what the data decides."""
    import torch

    from jepa_ros.cli.train import check_settings, read_data, views_of
    from jepa_ros.cli.train_stages import (
        bar_of,
        critic_on,
        scalars_wanted,
        world_model_stage,
    )
    from jepa_ros.engines.networks import Networks
    from jepa_ros.learning.bundle_place import check_place
    from jepa_ros.learning.checkpoint import save_weights
    from jepa_ros.learning.frozen_latents import (
        all_latents,
        encode_once,
        fit_encoder,
        without_encoder,
    )
    from jepa_ros.learning.settings import keep_settings
    from jepa_ros.learning.vision_checkpoint import load_vision, weights_of

    if here.ranks.count > 1:
        raise ValueError(f'started as {here.ranks.count} processes, must be 1: what takes long is '
                         'to encode, and that is kept')
    for key in ('start', 'random_encoder'):
        if getattr(settings.train, key):
            raise ValueError(f'train.{key} is {getattr(settings.train, key)!r}: an imported '
                             'encoder is the one of its checkpoint')
    check_place(args.model, args.out)
    data = read_data(settings, here, print)
    settings = settings.with_data(data)
    model, training = settings.model, views_of(data, settings, print)
    check_settings(settings, data, training, here)
    encoder = load_vision(folder, model.vision, model.image_px, model.encoded_width)
    encoder.to(here.device)
    keep_settings(args.out, settings, data, here.about())
    with bar_of(min(len(training), 2048), 'fit', here, 'frame') as bar:
        whitening = fit_encoder(encoder, training, args.out, bar.update)
    print(f'{model.encoded_width} components keep {whitening.kept_variance:.0%} of the variance '
          f'of {encoder.whiten.in_features} features')
    (args.out / 'imported.json').write_text(json.dumps({
        **about, 'weights_sha256': weights_of(folder), 'licence': args.licence,
        'latent': f'patch tokens averaged to {model.vision.grid} x {model.vision.grid}, '
                  f'whitened to one token of {model.encoded_width}',
        'kept_variance': whitening.kept_variance}, indent=2) + '\n')
    with bar_of(len(training), 'encode', here, 'frame') as bar:
        clean, jittered = encode_once(encoder, training, args.out / 'latents', bar.update,
                                      settings.train.frame_light)
    torch.manual_seed(settings.train.seed)
    networks = Networks(model)
    known = without_encoder(networks, training, clean)
    networks.to(here.device)
    scalars_too = scalars_wanted(args, here)
    world_model_stage(networks, known, settings, args.out, here, scalars_too)
    critic_on(all_latents(networks, known, clean, jittered), networks, known, settings, args.out,
              here, scalars_too)
    networks.encoder = encoder
    save_weights(networks, args.out / 'weights.safetensors')
    return settings
