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

"""``jepa bench plan``: how long one plan takes, engine by engine, PyTorch eager beside them."""

import argparse
from dataclasses import dataclass
import math
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import TYPE_CHECKING

import numpy as np

from jepa_ros.cli.apart import apart
from jepa_ros.config import PlannerConfig
from jepa_ros.types import Array

if TYPE_CHECKING:
    from jepa_ros.core.world_model import WorldModel
    from jepa_ros.engines.manifest import Manifest

LOADS = ('bundle', 'reference')
EAGER, COMPILED = 'torch-eager', 'torch-compile'
# LeWorldModel's own search, arXiv 2603.19312; a bundle's is the robot's default
_PUBLISHED = PlannerConfig(candidates=300, elites=30, iterations=30)
_MOST_PLANS = 50


@dataclass(frozen=True)
class Turn:
    """What one engine is to do: which, in what precision, on what, and how long."""

    folder: Path
    engine: str
    precision: str
    config: PlannerConfig
    threads: int
    seconds: float
    seed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the part's options."""
    parser.add_argument('--model', type=Path, default=Path('models/warehouse_ceiling'),
                        help='folder of the bundle')
    parser.add_argument('--loads', nargs='+', choices=LOADS, default=list(LOADS),
                        help='what to plan with: the bundle, LeWorldModel-sized random networks')
    parser.add_argument('--engines', nargs='+', default=[],
                        help='engines beside torch-eager; none: all that this machine has')
    parser.add_argument('--threads', type=int, default=2, help='threads of each engine')
    parser.add_argument('--rounds', type=int, default=2,
                        help='times that all engines take their turn')
    parser.add_argument('--seconds', type=float, default=5.0,
                        help='each engine plans for so long in a round, once at the least')
    parser.add_argument('--seed', type=int, default=0, help='seed of weights and candidates')


def run(args: argparse.Namespace) -> list[dict[str, object]]:
    """Time every engine on every load; return the rows."""
    for name, least in (('threads', 1), ('rounds', 1), ('seconds', 0.0)):
        if not getattr(args, name) >= least:
            raise ValueError(f'{name} is {getattr(args, name)}, must be at least {least}')
    from jepa_ros.engines.manifest import load_manifest
    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as scratch:
        for load in args.loads:
            if load == 'bundle':
                rows += _measure(load_manifest(args.model), PlannerConfig(), args)
            else:
                from jepa_ros.learning.reference import NAME, reference_bundle
                print(f'exporting {NAME}: one to three minutes', file=sys.stderr)
                rows += _measure(reference_bundle(Path(scratch) / NAME, args.seed), _PUBLISHED,
                                 args)
    return rows


def _measure(manifest: 'Manifest', config: PlannerConfig, args: argparse.Namespace
             ) -> list[dict[str, object]]:
    """Time each engine in processes of its own, all of them in each round."""
    from tqdm import tqdm

    from jepa_ros.learning.flops import gemm_peak_gflops
    turns = [Turn(manifest.folder, engine, precision, config, args.threads, args.seconds,
                  args.seed) for engine, precision in _wanted(args.engines)]
    plain, graph = apart(_gflop, manifest.folder, config.candidates)
    question = apart(_question, turns[0])
    times_s: dict[Turn, list[float]] = {turn: [] for turn in turns}
    costs: dict[Turn, Array] = {}
    peaks: dict[str, float] = {}
    with tqdm(total=args.rounds * len(turns), desc=manifest.name, unit='turn',
              file=sys.stderr) as bar:
        for _ in range(args.rounds):
            for turn in list(times_s):
                bar.set_postfix_str(f'{turn.engine} {turn.precision}')
                try:
                    taken_s, costs[turn] = apart(_take, turn, question)
                except ValueError as error:
                    bar.write(f'{manifest.name}: {turn.engine} in {turn.precision} is left out: '
                              f'{error}', sys.stderr)
                    del times_s[turn]
                    continue
                times_s[turn] += taken_s
                peak = apart(gemm_peak_gflops, turn.precision, args.threads)
                peaks[turn.precision] = max(peaks.get(turn.precision, peak), peak)
                bar.update()
    eager = turns[0]
    eager_s = float(np.median(times_s[eager]))
    return [_row(manifest.name, turn, plain if turn.engine in (EAGER, COMPILED) else graph,
                 float(np.median(taken_s)), eager_s, peaks[turn.precision])
            | _exactness(costs[turn], costs[eager], config.elites)
            for turn, taken_s in times_s.items()]


def _row(load: str, turn: Turn, gflop: float, plan_s: float, eager_s: float, peak: float
         ) -> dict[str, object]:
    config = turn.config
    gflops = gflop * config.iterations / plan_s
    return {'load': load, 'engine': turn.engine, 'precision': turn.precision,
            'ms_per_iteration': 1e3 * plan_s / config.iterations, 'ms_per_plan': 1e3 * plan_s,
            'ratio_to_eager': eager_s / plan_s, 'gflops': gflops,
            'peak_fraction': gflops / peak, 'gemm_peak_gflops': peak,
            'candidates': config.candidates, 'iterations': config.iterations,
            'threads': turn.threads}


def _exactness(cost: Array, exact: Array, elites: int) -> dict[str, object]:
    """Return how far costs (S,) are from the exact, and the share of elites that is the same."""
    errors = np.abs(cost / exact - 1)
    same = set(np.argsort(cost)[:elites]) & set(np.argsort(exact)[:elites])
    return {'cost_error': float(errors.max()), 'cost_error_mean': float(errors.mean()),
            'elites_same': len(same) / elites}


def _wanted(engines: list[str]) -> list[tuple[str, str]]:
    """Return engines and precisions, PyTorch eager first; ValueError names an unknown engine."""
    from jepa_ros.engines.load import ENGINES
    known = {EAGER: ('fp32',), COMPILED: ('fp32',), **{e: ENGINES[e][2] for e in ENGINES}}
    unknown = set(engines) - set(known)
    if unknown:
        raise ValueError(f'engines {sorted(unknown)} are unknown, there are {", ".join(known)}')
    return [(engine, precision) for engine in known for precision in known[engine]
            if engine == EAGER or not engines or engine in engines]


def _gflop(folder: Path, candidates: int) -> tuple[float, float]:
    """Return the 10^9 operations of a rollout, as published and as in the bundle."""
    from jepa_ros.engines.architectures import plain_rollout, rollout_graph
    from jepa_ros.engines.manifest import load_manifest
    from jepa_ros.engines.torch_engine import load_networks
    from jepa_ros.learning.flops import rollout_gflop
    manifest = load_manifest(folder)
    networks = load_networks(manifest)
    plain, graph = (rollout_gflop(make(networks), manifest.spec, candidates)
                    for make in (plain_rollout, rollout_graph))
    return plain, graph


def _load(turn: Turn) -> 'WorldModel':
    from jepa_ros.engines.load import load_engine
    from jepa_ros.engines.manifest import load_manifest
    if turn.engine not in (EAGER, COMPILED):
        return load_engine(turn.folder, turn.engine, turn.threads, turn.precision)
    from jepa_ros.engines.torch_engine import load_eager
    return load_eager(load_manifest(turn.folder), turn.threads, turn.engine == COMPILED)


def _question(turn: Turn) -> tuple[Array, ...]:
    """Return a context, executed blocks, candidates and a goal that a plan can reach."""
    model = _load(turn)
    spec, action, rng = model.spec, model.spec.action, np.random.default_rng(turn.seed)

    def knots(*size: int) -> Array:
        drawn = rng.uniform(action.low, action.high, (*size, 1, action.width))
        return np.repeat(drawn, action.block, axis=-2).astype(np.float32)

    context = rng.standard_normal((spec.history, spec.tokens, spec.width)).astype(np.float32)
    executed, plans = knots(spec.history), knots(turn.config.candidates, spec.horizon)
    goal = model.rollout(context, executed, knots(1, spec.horizon), context[-1]).latents[0, -1]
    return context, executed, plans, np.ascontiguousarray(goal)


def _take(turn: Turn, question: tuple[Array, ...]) -> tuple[list[float], Array]:
    """Return the times of plans (s) made one after another, and the costs of the candidates."""
    from jepa_ros.core.sampling_planner import SamplingPlanner
    model = _load(turn)
    context, executed, _, goal = question
    rng, zero = np.random.default_rng(turn.seed), np.zeros(model.spec.action.width, np.float32)
    # twice, so that nothing is made ready while the clock runs
    cost = [model.rollout(*question).cost for _ in range(2)][-1]
    times_s: list[float] = []
    ends_s = time.perf_counter() + turn.seconds
    while not times_s or (time.perf_counter() < ends_s and len(times_s) < _MOST_PLANS):
        planner = SamplingPlanner(model.spec, turn.config)
        begun_s = time.perf_counter()
        # a clock that stands: no deadline, every plan takes all its iterations
        plan = planner.plan(model, context, executed, goal, zero, zero[None][:0], 0.0, rng,
                            lambda: 0.0)
        times_s.append(time.perf_counter() - begun_s)
        if not math.isfinite(plan.cost):
            raise RuntimeError(f'a plan costs {plan.cost}')
    return times_s, cost
