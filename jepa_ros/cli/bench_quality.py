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

"""``jepa bench quality``: success against the time a plan takes, or against how late it comes."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
import sys

from jepa_ros.cli.eval_parts import add_camera_argument, camera_of
from jepa_ros.config import METHODS, PlannerConfig

# an eighth of the candidates are elites, as of the robot's default
_ELITE_SHARE = 8
# as LeWorldModel is published, arXiv 2603.19312, but for the one knot a block
BASELINE = PlannerConfig(candidates=300, elites=30, iterations=30)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the part's options."""
    given = argparse.SUPPRESS
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle')
    parser.add_argument('--planners', nargs='+', choices=METHODS, default=given,
                        help='(default: all, or with --latencies that of the robot)')
    parser.add_argument('--candidates', nargs='+', type=int, default=given,
                        help='(default: 16 32 64 128, or with --latencies as on the robot)')
    parser.add_argument('--iterations', nargs='+', type=int, default=given,
                        help='(default: 1 2 3 5, or with --latencies as on the robot)')
    parser.add_argument('--budgets', nargs='+', type=_budget, default=given, metavar='CxI',
                        help='candidates x iterations (default: all combinations of those two)')
    parser.add_argument('--latencies', nargs='+', type=float, default=(), metavar='S',
                        help='study latency instead: seconds until a plan is ready')
    parser.add_argument('--ways', nargs='+', choices=('acting', 'synchronous', 'standing'),
                        default=('acting', 'synchronous'), help='how to live with latency')
    parser.add_argument('--baseline', action='store_true',
                        help='measure CEM 300 x 30 in PyTorch eager too')
    parser.add_argument('--baseline-episodes', type=int, default=10,
                        help='episodes of the baseline, which takes minutes for each')
    parser.add_argument('--episodes', type=int, default=100, help='episodes a row, a seed each')
    parser.add_argument('--seed', type=int, default=5000,
                        help='first seed: 5000 on to choose by, 0 on to report')
    parser.add_argument('--processes', type=int, default=2, help='worker processes')
    add_camera_argument(parser)
    parser.add_argument('--engine', default='auto', help='what runs the model')
    parser.add_argument('--precision', default='auto', help='of the engine')
    parser.add_argument('--threads', type=int, default=2,
                        help='threads of the engine while plans are timed')
    parser.add_argument('--plans', type=int, default=40, help='plans that are timed for each row')
    parser.add_argument('--picture', type=Path, default=given,
                        help='(default: out/quality.png, with --latencies out/latency.png)')
    parser.add_argument('--cache', type=Path, default=Path('out/quality.jsonl'),
                        help='episodes that have ended; the same study goes on from there')


def _budget(text: str) -> tuple[int, int]:
    candidates, _, iterations = text.partition('x')
    return int(candidates), int(iterations)


def run(args: argparse.Namespace) -> list[dict[str, object]]:
    """Drive what is missing, time plans with nothing else running, draw; return the rows."""
    for name in ('episodes', 'processes', 'threads', 'plans', 'baseline_episodes'):
        if getattr(args, name) < 1:
            raise ValueError(f'{name} is {getattr(args, name)}, must be at least 1')
    import jepa_ros.sim  # noqa: F401  # it chooses how to render, before anything does
    from jepa_ros.sim.ledger import Ledger
    ledger = Ledger(args.cache)
    entrants, baseline = _entrants(args), _baseline(args)
    ended = {entrant: _drive(ledger, entrant, episodes, args) for entrant, episodes in (
        *((e, args.episodes) for e in entrants), *((e, args.baseline_episodes) for e in baseline))}
    timed = _time([*entrants, *baseline], args)
    rows = {entrant: _row(entrant, ended[entrant], *timed[entrant]) for entrant in ended}
    _draw([rows[e] for e in entrants], [rows[e] for e in baseline], args)
    return list(rows.values())


def _entrants(args: argparse.Namespace) -> list:
    from jepa_ros.sim.evaluate import Entrant
    robot = PlannerConfig()
    usual = (((robot.method,), (robot.candidates,), (robot.iterations,)) if args.latencies
             else (METHODS, (16, 32, 64, 128), (1, 2, 3, 5)))
    planners, *both = (getattr(args, name, default) for name, default in zip(
        ('planners', 'candidates', 'iterations'), usual, strict=True))
    budgets = getattr(args, 'budgets', list(product(*both)))
    ways = product(args.ways, args.latencies) if args.latencies else [('acting', 0.0)]
    return [Entrant(f'{method} {candidates}x{iterations} {way} {latency_s:g} s', 'agent',
                    args.model, _config(method, candidates, iterations), args.engine,
                    args.precision, latency_s, way, camera_of(args))
            for (way, latency_s), method, (candidates, iterations) in product(
                ways, planners, budgets)]


def _config(method: str, candidates: int, iterations: int) -> PlannerConfig:
    elites = max(2, candidates // _ELITE_SHARE)
    return replace(PlannerConfig(), method=method, candidates=candidates, elites=elites,
                   iterations=iterations)


def _baseline(args: argparse.Namespace) -> list:
    if not args.baseline:
        return []
    from jepa_ros.sim.evaluate import EAGER, Entrant
    return [Entrant('CEM 300x30 in PyTorch eager', 'agent', args.model, BASELINE, EAGER,
                    camera=camera_of(args))]


def _drive(ledger, entrant, episodes: int, args: argparse.Namespace) -> list:
    from tqdm import tqdm
    ended = []
    seeds = range(args.seed, args.seed + episodes)
    with tqdm(total=episodes, desc=entrant.name, unit='episode', file=sys.stderr) as bar:
        for end in ledger.drive(entrant, seeds, args.processes):
            ended.append(end)
            bar.update()
            bar.set_postfix_str(f'success {sum(e.success for e in ended) / len(ended):.2f}')
    return ended


def _time(entrants: Iterable, args: argparse.Namespace) -> dict:
    """Return engine, precision and median milliseconds of a plan for each entrant."""
    import time

    import numpy as np

    from jepa_ros.sim.evaluate import EAGER, load_model
    from jepa_ros.sim.plan_time import plan_times_s, situations
    questions = situations(load_model(args.model, args.engine, args.precision), args.plans,
                           camera_of(args))
    timed: dict = {}
    models: dict = {}
    for entrant in entrants:
        if entrant.engine not in models:
            if entrant.engine == EAGER:
                import torch
                torch.set_num_threads(args.threads)
            models[entrant.engine] = load_model(args.model, entrant.engine, entrant.precision,
                                                args.threads)
        model = models[entrant.engine]
        times_s = plan_times_s(model, entrant.planner, questions, time.perf_counter)
        timed[entrant] = (entrant.engine if entrant.engine == EAGER else model.engine,
                          model.precision, 1000 * float(np.median(times_s)))
    return timed


def _row(entrant, ended: Sequence, engine: str, precision: str, ms: float) -> dict[str, object]:
    from jepa_ros.sim.closed_loop import wilson
    wins = sum(end.success for end in ended)
    return {
        'planner': entrant.planner.method, 'candidates': entrant.planner.candidates,
        'iterations': entrant.planner.iterations, 'ms_per_plan': ms,
        'success_rate': wins / len(ended), 'interval': wilson(wins, len(ended)),
        'episodes': len(ended), 'way': entrant.way, 'latency_s': entrant.latency_s,
        'engine': engine, 'precision': precision}


def _draw(rows: list, baseline: list, args: argparse.Namespace) -> None:
    from jepa_ros.sim.quality_pictures import latency_picture, planner_picture
    usual = Path('out/latency.png' if args.latencies else 'out/quality.png')
    path = getattr(args, 'picture', usual)
    path.parent.mkdir(parents=True, exist_ok=True)
    first, last = args.seed, args.seed + args.episodes - 1
    note = (f'{args.model.name}; n = {args.episodes} episodes a point, seeds {first} to {last}; '
            'bars: 95 % interval (Wilson)')
    if args.latencies:
        kinds = dict.fromkeys((r['planner'], r['candidates'], r['iterations']) for r in rows)
        searches = ', '.join(f'{p} {c}x{i}' for p, c, i in kinds)
        latency_picture(path, rows, f'{note}; {searches}')
    else:
        threads = f'{args.threads} thread{"s" if args.threads > 1 else ""}'
        planner_picture(path, rows, baseline,
                        f'{note}\ntime: median of {args.plans} plans alone on the machine, '
                        f'{rows[0]["engine"]} {rows[0]["precision"]}, {threads}')
    print(f'picture: {path}; plans timed with {args.threads} threads', file=sys.stderr)
