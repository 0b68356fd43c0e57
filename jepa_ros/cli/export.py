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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--run', dest='run_folder', type=Path,
                        default=Path('runs/warehouse_ceiling'), help='folder of jepa train')
    parser.add_argument('--data', type=Path, default=Path('data/warehouse_ceiling'),
                        help='the data set it was trained on, to calibrate and to report')
    parser.add_argument('--out', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle; its last part is the name of the model')
    parser.add_argument('--again', type=Path, metavar='BUNDLE', default=None,
                        help="make a bundle's graphs anew from its own weights; needs no data "
                        'and no run')
    parser.add_argument('--weights-only', action='store_true',
                        help='write weights and calibration without graphs: a baseline for '
                        'jepa eval')


def run(args: argparse.Namespace) -> int:
    """Calibrate, export, check parity, draw the report."""
    if args.again is not None:
        from jepa_ros.learning.export import export_again
        print(f'{export_again(args.again).name}: graphs made anew and checked against torch; '
              'measure it again with jepa eval --record')
        return 0
    import torch

    from jepa_ros.engines.networks import ModelConfig, Networks
    from jepa_ros.learning.baseline import save_baseline
    from jepa_ros.learning.checkpoint import load_weights
    from jepa_ros.learning.critic import encode_all
    from jepa_ros.learning.data import load_episodes
    from jepa_ros.learning.export import export_bundle, parity
    from jepa_ros.learning.metrics import calibrate
    from jepa_ros.learning.report import write_report

    weights = args.run_folder / 'weights.safetensors'
    if not weights.exists():
        raise ValueError(f'{args.run_folder} has no weights.safetensors; '
                         'let jepa train run to its end first')
    settings = json.loads((args.run_folder / 'run.json').read_text())
    torch.manual_seed(1)    # the control's weights
    networks, control = Networks(ModelConfig()), Networks(ModelConfig())
    load_weights(networks, weights)
    networks.eval()
    training, held_out = load_episodes(args.data)
    print('encoding the held-out frames ...', flush=True)
    held_out_latents = encode_all(networks, held_out)
    calibration = calibrate(networks, held_out, held_out_latents)
    print(f'arrival below {calibration.arrival_cost:.2f} blocks; one-block surprise p99 '
          f'{calibration.surprise[2]:.3f}')
    if args.weights_only:
        save_baseline(networks, calibration, args.out)
        print(f'baseline in {args.out}')
        return 0
    collected = json.loads((args.data / 'collect.json').read_text())
    what = {'seed': settings['seed'], 'steps': settings['steps'],
            'critic_steps': settings['critic_steps'], 'data': collected,
            'frames': len(training) + len(held_out), 'command': 'make model'}
    manifest = export_bundle(networks, args.out, args.out.name, calibration, what)
    print(f'ONNX Runtime and torch differ by {parity(manifest, networks):.1e}')
    print('drawing the report ...', flush=True)
    control.eval()
    figures = write_report(
        args.out / 'report.png', args.run_folder, args.out.name, networks, control,
        (training, encode_all(networks, training)), (held_out, held_out_latents),
        encode_all(control, held_out).clean, _floor_view(networks.config.image_px))
    (args.run_folder / 'report.json').write_text(json.dumps(figures, indent=2) + '\n')
    print(json.dumps(figures, indent=2))
    size = sum(f.stat().st_size for f in args.out.iterdir())
    print(f'bundle in {args.out}, {size / 1e6:.1f} MB')
    return 0


def _floor_view(image_px: int):
    """Show the robot at many places of one cell, in four headings, and at two goals."""
    import math

    import numpy as np
    from tqdm import tqdm

    from jepa_ros.core.preprocess import to_model_image
    from jepa_ros.learning.report import FloorView
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
