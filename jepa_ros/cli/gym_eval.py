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

"""``jepa eval --gym``: measure success in a Gymnasium environment, baselines beside it."""

import argparse
from dataclasses import replace
import json
from pathlib import Path
import tempfile

from jepa_ros.cli.eval_parts import baselines_of, untrained, watched

BASELINES = ('random', 'stay', 'untrained', 'latent_distance')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only environments want."""
    group = parser.add_argument_group('Gymnasium environments')
    group.add_argument('--gym', metavar='ENV_ID', default=None,
                       help='measure in this environment, which the bundle was trained in; '
                       f'baselines are {", ".join(BASELINES)}')
    group.add_argument('--import', dest='imports', action='append', default=[],
                       metavar='MODULE', help='a module that registers environments; it is '
                       'imported, from this folder too')
    group.add_argument('--ahead', type=int, default=25,
                       help='the goal is what is seen after so many steps of a random drive')
    group.add_argument('--budget', type=int, default=None,
                       help='steps of an episode, twice --ahead by default')
    group.add_argument('--candidates', type=int, default=128,
                       help='plans in an iteration of the planner, an eighth of them elites')
    group.add_argument('--iterations', type=int, default=4, help='iterations of the planner')


def run(args: argparse.Namespace) -> int:
    """Measure the bundle and the baselines on the same tasks; print the figures."""
    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.sim.gym_env import GymConfig
    from jepa_ros.sim.gym_eval import env_of, GymEntrant, PLANNER
    from jepa_ros.sim.gym_known import adapter_of
    planner = replace(PLANNER, candidates=args.candidates, iterations=args.iterations,
                      elites=max(1, args.candidates // 8))
    budget = 2 * args.ahead if args.budget is None else args.budget
    env = env_of(GymConfig(args.gym, tuple(args.imports)), load_manifest(args.model))
    entrant = GymEntrant(args.model.name, 'agent', args.model, env, args.ahead, budget, planner)
    adapter = adapter_of(args.gym)
    with tempfile.TemporaryDirectory() as scratch:
        # before anything is driven, so that what is wrong is told at once
        beside = {name: _baseline(name, entrant, Path(scratch))
                  for name in baselines_of(args.model, BASELINES, args.baselines)}
        result = {
            'model': args.model.name, 'seed': args.seed,
            'protocol': {
                'environment': args.gym, 'frame_skip': env.frame_skip or adapter.frame_skip,
                'goal_steps_ahead': args.ahead, 'budget_steps': budget,
                'tolerance': adapter.tolerance, 'hard': adapter.hard_name or None,
                'candidates': args.candidates, 'iterations': args.iterations},
            **_measure(entrant, args, args.episodes)}
        baselines = {name: _measure(baseline, args, args.baseline_episodes or args.episodes)
                     for name, baseline in beside.items()}
    result['baselines'] = baselines
    if args.record:
        from jepa_ros.cli.eval import record
        record(args.model / 'manifest.json', result)
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        _print_table({args.model.name: result, **baselines}, adapter.hard_name)
        print(f'success: {adapter.tolerance}, after {budget} steps; touched: at any of them')
    return 0


def _baseline(name: str, entrant, scratch: Path):
    if name in ('random', 'stay'):
        return replace(entrant, name=name, kind=name, bundle=None)
    if name == 'latent_distance':
        return replace(entrant, name=name, kind=name)
    if name != 'untrained':
        raise ValueError(f'baseline {name!r} is not for environments, must be one of '
                         f'{", ".join(BASELINES)}')
    return replace(entrant, name=name, bundle=untrained(entrant.bundle, scratch / name))


def _measure(entrant, args: argparse.Namespace, episodes: int) -> dict[str, object]:
    from jepa_ros.sim.gym_eval import evaluate
    from jepa_ros.sim.gym_loop import summarise
    outcomes = evaluate(entrant, range(args.seed, args.seed + episodes), args.processes)
    return summarise(watched(outcomes, episodes, entrant.name, 'episode', lambda o: o.held))


def _print_table(rows: dict[str, dict], hard_name: str) -> None:
    print(f"{'':24}{'success':>9}{'95 %':>14}{'touched':>9}{'95 %':>14}"
          f"{hard_name and 'success, ' + hard_name:>24}{'median gap':>12}{'n':>6}")
    for name, r in rows.items():
        hard = r['success_rate_hard']
        print(f"{name:24}{r['success_rate']:9.3f}{_interval(r['success_interval']):>14}"
              f"{r['touched_rate']:9.3f}{_interval(r['touched_interval']):>14}"
              f"{'' if hard is None else f'{hard:.3f}':>24}{r['median_final_gap']:12.2f}"
              f"{r['episodes']:6d}")


def _interval(ends: list[float]) -> str:
    return f'{ends[0]:.2f} to {ends[1]:.2f}'
