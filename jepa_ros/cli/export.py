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


"""``jepa export``: turn a training run into a bundle that a robot can load."""

import argparse
import json
from pathlib import Path
import shutil


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--run', dest='run_folder', type=Path,
                        default=Path('runs/warehouse_ceiling'), help='folder of jepa train')
    parser.add_argument('--data', type=Path, default=argparse.SUPPRESS,
                        help='folder of the data set, where it was moved since '
                        '(default: what the run was trained on)')
    parser.add_argument('--out', type=Path, default=argparse.SUPPRESS, metavar='BUNDLE',
                        help='folder of the bundle; its last part is the name of the model '
                        '(default: that of the run, in models/)')
    parser.add_argument('--again', type=Path, metavar='BUNDLE', default=None,
                        help="make a bundle's graphs anew from its own weights; needs no data "
                        'and no run')
    part = parser.add_mutually_exclusive_group()
    part.add_argument('--weights-only', action='store_true',
                      help='write weights and calibration without graphs: a baseline for '
                      'jepa eval')
    part.add_argument('--graphs-only', action='store_true',
                      help='leave weights.safetensors out: half the size, for every engine but '
                      'torch, and without --again')


def run(args: argparse.Namespace) -> int:
    """Calibrate, export, check parity, draw the report."""
    if args.again is not None:
        from jepa_ros.learning.export import export_again
        print(f'{export_again(args.again).name}: graphs made anew and checked against torch; '
              'measure it again with jepa eval --record')
        return 0
    from dataclasses import replace

    from jepa_ros.learning.settings import load_settings

    if not (args.run_folder / 'weights.safetensors').exists():
        raise ValueError(f'{args.run_folder} has no weights.safetensors; '
                         'let jepa train run to its end first')
    config = load_settings(args.run_folder).data
    if 'data' in args:
        config = replace(config, folder=str(args.data), bags=())
    out = args.out if 'out' in args else Path('models') / args.run_folder.resolve().name
    export_run(args.run_folder, out, config, args.weights_only, args.graphs_only)
    return 0


def export_run(run_folder: Path, out: Path, config, weights_only: bool = False,
               graphs_only: bool = False) -> None:
    """
    Turn a finished run into a bundle at ``out``, and write its report into both.

    ``config`` is the DataConfig of the episodes that it was trained on, or a copy of them;
    ``graphs_only`` leaves the weights out of the bundle.
    ValueError where they do not fit the run.
    """
    import torch

    from jepa_ros.engines.networks import Networks
    from jepa_ros.learning.baseline import save_baseline
    from jepa_ros.learning.bundle_place import check_place
    from jepa_ros.learning.checkpoint import load_weights
    from jepa_ros.learning.data_config import DataConfig
    from jepa_ros.learning.export import export_bundle, parity
    from jepa_ros.learning.latents import encode_all, encode_frames
    from jepa_ros.learning.metrics import calibrate
    from jepa_ros.learning.report_measures import Subject
    from jepa_ros.learning.settings import load_settings

    if not weights_only:
        check_place(out, run_folder)
    settings = load_settings(run_folder)
    data = config.load(settings.model.image_px)
    if settings.with_data(data).model != settings.model:
        raise ValueError(f'the data is of another kind than what {run_folder} was trained on: '
                         f'{settings.with_data(data).model}, not {settings.model}')
    torch.manual_seed(1)    # the control's weights
    networks, control = Networks(settings.model), Networks(settings.model)
    load_weights(networks, run_folder / 'weights.safetensors')
    networks.eval()
    print('encoding the held-out frames ...', flush=True)
    latents = encode_all(networks, data.held_out)
    calibration = calibrate(networks, data.held_out, latents, data.actions.units)
    print(f'arrival below {calibration.arrival_cost:.2f} blocks; one-block surprise p99 '
          f'{calibration.surprise[2]:.3f}')
    if weights_only:
        save_baseline(networks, calibration, out)
        print(f'baseline in {out}')
        return
    what = {'seed': settings.train.seed, 'steps': settings.train.steps,
            'critic_steps': settings.critic.steps, 'data': data.about,
            'symmetry': settings.data.symmetry,
            'frames': len(data.training) + len(data.held_out),
            'command': ('make model' if not config.bags
                        and Path(config.folder) == Path(DataConfig().folder) else 'jepa train')}
    if settings.train.start:
        what['begun_with'] = Path(settings.train.start).name    # a run's weights, or a bundle's
    licence, imported = 'Apache-2.0', run_folder / 'imported.json'
    if imported.exists():
        what['imported'] = json.loads(imported.read_text())
        what['command'] = f"jepa import {what['imported']['imported']}"
        licence = what['imported']['licence']
    print('exporting ...', flush=True)
    manifest = export_bundle(networks, out, out.name, calibration, what, data.actions,
                             data.proprioception, licence, weights=not graphs_only)
    print(f'ONNX Runtime and torch differ by {parity(manifest, networks):.1e}')
    print('drawing the report ...', flush=True)
    subject = Subject(
        out.name, run_folder, networks, control.eval(), data.training, data.held_out,
        data.actions, encode_frames(networks, data.training), latents,
        encode_frames(control, data.held_out), calibration.arrival_cost)
    _report(subject, settings, data.about)
    shutil.copyfile(run_folder / 'report.png', out / 'report.png')
    size = sum(f.stat().st_size for f in out.iterdir())
    print(f'bundle in {out}, {size / 1e6:.1f} MB; look at {run_folder / "report.html"}, then '
          f'drive with: ros2 launch jepa_ros planner.launch.py model:={out}')


def _report(subject, settings, about: dict) -> None:
    """Write the report into the run's folder and say its checks."""
    from jepa_ros.learning.health import Health
    from jepa_ros.learning.report import write_report
    from jepa_ros.learning.report_checks import verdict
    from jepa_ros.learning.run import read_metrics

    train = settings.train
    warnings = Health.of(train.steps).warnings(
        read_metrics(subject.run_folder, 'world_model'), settings.model.encoded_width,
        train.clip, train.sigreg_weight)
    # a simulator's camera over the floor can be shown any place
    ceiling = 'appearance' in about and about.get('camera', 'ceiling') == 'ceiling'
    found = write_report(subject, subject.run_folder, warnings,
                         {**settings.plain(), 'about': about},
                         _floor_view(settings.model.image_px) if ceiling else None)
    print('\n'.join(check.words() for check in found))
    print(verdict(found))


def _floor_view(image_px: int):
    """Show the robot at many places of one cell, in four headings, and at two goals."""
    import math

    import numpy as np
    from tqdm import tqdm

    from jepa_ros.core.preprocess import to_model_image
    from jepa_ros.learning.report_floor import FloorView
    from jepa_ros.sim import warehouse as cell
    from jepa_ros.sim.world import Pose, World

    world = World(seed=1)

    def look(x: float, y: float, yaw: float):
        return to_model_image(world.render_at(Pose(x, y, yaw)), image_px, image_px)

    headings = np.arange(4) * math.pi / 2
    grid = np.arange(-1.7, 1.71, 0.2)
    places = [(x, y) for x in grid for y in grid if world.floor.fits(x, y)]
    goals = np.array([(-1.5, 1.45), (0.9, 0.0)])
    frames = [[look(x, y, yaw) for yaw in headings] for x, y in tqdm(places, desc='floor map')]
    view = FloorView(np.array(frames), np.array(places),
                     np.array([look(x, y, 0.0) for x, y in goals]), goals,
                     cell.CAMERA_HEIGHT_M * math.tan(math.radians(cell.CEILING_FOVY_DEG) / 2))
    world.close()
    return view
