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

"""``jepa eval --routes N``: drives round racks, filmed and followed; baselines beside it."""

import argparse
import json
from pathlib import Path
import tempfile

from jepa_ros.cli.eval_parts import camera_of, untrained, watched

BASELINES = ('last_picture', 'untrained')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what asks for routes."""
    group = parser.add_argument_group('routes')
    group.add_argument('--routes', type=int, default=None, metavar='N',
                       help='film so many drives round racks, and follow each as a route')
    group.add_argument('--route-metres', type=float, default=8.0, metavar='METRES',
                       help='the shortest way that makes one')
    group.add_argument('--engine', default='auto', help='what runs the graphs, for routes')


def run(args: argparse.Namespace) -> int:
    """Drive every route of every entrant; print the figures."""
    if args.routes < 1:
        raise ValueError(f'routes is {args.routes}, must be at least 1')
    if not 1.0 <= args.route_metres <= 100.0:
        raise ValueError(f'route-metres is {args.route_metres}, must be in [1, 100]')
    if args.record:
        raise ValueError('--record keeps the figures of single goals, not of --routes')
    names = BASELINES if args.baselines is None else args.baselines
    for name in names:
        if name not in BASELINES:
            raise ValueError(f'baseline {name!r} is not for --routes, which has '
                             f'{", ".join(BASELINES)}')
    from jepa_ros.sim.route_eval import RouteEntrant
    camera = camera_of(args)
    with tempfile.TemporaryDirectory() as scratch:
        def entrant(name: str, kind: str, bundle: Path) -> RouteEntrant:
            return RouteEntrant(name, kind, bundle, camera, args.route_metres, args.engine)

        # before anything is driven, so that what is wrong is told at once
        beside = {name: entrant(name, name, args.model) if name == 'last_picture' else
                  entrant(name, 'route', untrained(args.model, Path(scratch) / name))
                  for name in names}
        result = {'model': args.model.name, 'seed': args.seed, 'camera': camera,
                  'least_m': args.route_metres,
                  **_measure(entrant(args.model.name, 'route', args.model), args, args.routes)}
        baselines = {name: _measure(baseline, args, args.baseline_episodes or args.routes)
                     for name, baseline in beside.items()}
        result['baselines'] = baselines
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        _print_table({result['model']: result, **baselines})
    return 0


def _measure(entrant, args: argparse.Namespace, routes: int) -> dict[str, object]:
    from jepa_ros.sim.route_eval import evaluate_routes
    from jepa_ros.sim.route_score import RADII_M, summarise_routes
    outcomes = evaluate_routes(entrant, range(args.seed, args.seed + routes), args.processes)
    seen = watched(outcomes, routes, entrant.name, 'route', lambda o: o.success(RADII_M[0]))
    # the order in which processes end must not show
    return summarise_routes(sorted(seen, key=lambda o: o.seed))


def _print_table(rows: dict[str, dict]) -> None:
    print(f"{'':24}{'in 0.3 m':>9}{'95 %':>14}{'in 0.2 m':>9}{'95 %':>14}{'progress':>9}"
          f"{'hits/m':>8}{'recovered':>10}{'gave up':>8}{'median m':>9}{'n':>5}")
    for name, r in rows.items():
        intervals = [f"{r[f'interval_{radius}_m'][0]:.2f} to {r[f'interval_{radius}_m'][1]:.2f}"
                     for radius in ('0.3', '0.2')]
        print(f"{name:24}{r['success_rate_0.3_m']:9.3f}{intervals[0]:>14}"
              f"{r['success_rate_0.2_m']:9.3f}{intervals[1]:>14}{r['progress']:9.2f}"
              f"{r['collisions_per_m']:8.2f}{r['recoveries_per_route']:10.2f}{r['gave_up']:8d}"
              f"{r['median_final_distance_m']:9.2f}{r['routes']:5d}")
