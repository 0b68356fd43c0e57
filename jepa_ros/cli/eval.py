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

"""``jepa eval``: measure success in closed loop, many seeds, baselines beside it."""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import tempfile

from jepa_ros.cli import gym_eval, route_eval
from jepa_ros.cli.eval_parts import (
    add_camera_argument,
    baselines_of,
    camera_of,
    untrained,
    watched,
)
from jepa_ros.files import write_whole

BASELINES = ('random', 'straight_line', 'untrained', 'random_encoder', 'latent_distance')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle')
    parser.add_argument('--episodes', type=int, default=200, help='episodes, one seed each')
    parser.add_argument('--seed', type=int, default=0, help='first seed')
    parser.add_argument('--baselines', nargs='*', default=None,
                        choices=(*BASELINES, 'stay', 'last_picture'), help='what to measure '
                        'beside the model, all there are by default; none: only the model')
    parser.add_argument('--baseline-episodes', type=int, default=None,
                        help='episodes of each baseline, as many as of the model by default')
    parser.add_argument('--random-encoder', type=Path,
                        default=Path('models/baselines/random_encoder'),
                        help='weights of the random-encoder baseline')
    parser.add_argument('--processes', type=int, default=2, help='worker processes')
    add_camera_argument(parser)
    parser.add_argument('--json', action='store_true', help='print one JSON object and no table')
    parser.add_argument('--record', action='store_true',
                        help="write the model's own figures into its manifest")
    gym_eval.add_arguments(parser)
    route_eval.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Drive every episode of every entrant; print the figures."""
    for name in ('episodes', 'processes'):
        if getattr(args, name) < 1:
            raise ValueError(f'{name} is {getattr(args, name)}, must be at least 1')
    if args.gym is not None:
        return gym_eval.run(args)
    if args.routes is not None:
        return route_eval.run(args)
    from jepa_ros.sim.evaluate import Entrant
    with tempfile.TemporaryDirectory() as scratch:
        # before anything is driven, so that what is missing is told at once
        entrants = [_entrant(name, args, Path(scratch)) for name in _baselines(args)]
        result = {'model': args.model.name, 'seed': args.seed,
                  'camera': camera_of(args),
                  **_measure(Entrant(args.model.name, 'agent', args.model,
                                     camera=camera_of(args)), args, args.episodes)}
        baselines = {entrant.name: _measure(entrant, args,
                                            args.baseline_episodes or args.episodes)
                     for entrant in entrants}
        result['baselines'] = baselines
    if args.record:
        record(args.model / 'manifest.json', result)
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        _print_table({result['model']: result, **baselines})
    return 0


def record(path: Path, result: dict[str, object]) -> None:
    """Add what was measured to a manifest, which stays whole if this is cut short."""
    manifest = json.loads(path.read_text())
    manifest['evaluation'] = {k: v for k, v in result.items() if k not in ('baselines', 'model')}
    write_whole(path, json.dumps(manifest, indent=2) + '\n')


def _baselines(args: argparse.Namespace) -> Sequence[str]:
    """Return what is asked for, or all that there are for such a model and camera."""
    # the random encoder in models/ is for the ceiling camera
    known = [name for name in BASELINES
             if name != 'random_encoder' or camera_of(args) == 'ceiling']
    return baselines_of(args.model, known, args.baselines)


def _entrant(name: str, args: argparse.Namespace, scratch: Path):
    from jepa_ros.sim.evaluate import Entrant
    camera = camera_of(args)
    if name in ('random', 'straight_line'):
        return Entrant(name, name, None, camera=camera)
    if name not in BASELINES:
        raise ValueError(f'baseline {name!r} is for --gym or --routes, here it is one of '
                         f'{", ".join(BASELINES)}')
    if name == 'latent_distance':
        return Entrant(name, name, args.model, camera=camera)
    if name == 'untrained':
        untrained(args.model, scratch / name)
    else:
        from jepa_ros.learning.baseline import bundle_of_baseline
        bundle_of_baseline(args.random_encoder, scratch / name)
    return Entrant(name, 'agent', scratch / name, camera=camera)


def _measure(entrant, args: argparse.Namespace, episodes: int) -> dict[str, object]:
    from jepa_ros.sim.closed_loop import summarise
    from jepa_ros.sim.evaluate import evaluate
    outcomes = evaluate(entrant, range(args.seed, args.seed + episodes), args.processes)
    return summarise(watched(outcomes, episodes, entrant.name, 'episode', lambda o: o.success))


def _print_table(rows: dict[str, dict]) -> None:
    print(f"{'':24}{'success':>9}{'95 %':>14}{'behind rack':>13}{'SPL':>7}{'hits/m':>8}"
          f"{'median m':>10}{'n':>6}")
    for name, r in rows.items():
        low, high = r['interval']
        behind = r['success_rate_behind_rack']
        print(f"{name:24}{r['success_rate']:9.3f}{f'{low:.2f} to {high:.2f}':>14}"
              f"{'-' if behind is None else f'{behind:.3f}':>13}{r['spl']:7.2f}"
              f"{r['collisions_per_m']:8.2f}{r['median_final_distance_m']:10.2f}"
              f"{r['episodes']:6d}")
