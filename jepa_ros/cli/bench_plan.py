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
from collections.abc import Callable
from dataclasses import dataclass
import math
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import TYPE_CHECKING

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.types import Array

if TYPE_CHECKING:
    from jepa_ros.core.world_model import WorldModel
    from jepa_ros.engines.manifest import Manifest

LOADS = ('bundle', 'reference')
EAGER = 'torch-eager'
# without a deadline every plan takes all its iterations
_NO_DEADLINE_S = 60.0
# LeWorldModel's own search, arXiv 2603.19312; a bundle's is the robot's default
_PUBLISHED = PlannerConfig(candidates=300, elites=30, iterations=30, deadline_s=_NO_DEADLINE_S)
_MOST_PLANS = 50


@dataclass(frozen=True)
class Entrant:
    """What is timed: an engine in a precision, and how to make it."""

    engine: str
    precision: str
    make: Callable[[], 'WorldModel']
    gflop: float


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
                rows += _measure(load_manifest(args.model), PlannerConfig(
                    deadline_s=_NO_DEADLINE_S), args)
            else:
                from jepa_ros.learning.reference import NAME, reference_bundle
                print(f'exporting {NAME}: one to three minutes', file=sys.stderr)
                rows += _measure(reference_bundle(Path(scratch) / NAME, args.seed), _PUBLISHED,
                                 args)
    return rows


def _measure(manifest: 'Manifest', config: PlannerConfig, args: argparse.Namespace
             ) -> list[dict[str, object]]:
    from tqdm import tqdm

    from jepa_ros.learning.flops import gemm_peak_gflops
    entrants = _entrants(manifest, config.candidates, args)
    models = {e: e.make() for e in entrants}
    question = _question(models[entrants[0]], config.candidates, args.seed)
    costs = {e: models[e].rollout(*question).cost for e in entrants}
    times_s: dict[Entrant, list[float]] = {e: [] for e in entrants}
    peaks: dict[str, float] = {}
    bar = tqdm(total=args.rounds * len(entrants), desc=manifest.name, unit='turn',
               file=sys.stderr)
    with bar:
        for _ in range(args.rounds):
            for precision in {e.precision for e in entrants}:
                peak = gemm_peak_gflops(precision, args.threads)
                peaks[precision] = max(peaks.get(precision, peak), peak)
            for e in entrants:
                bar.set_postfix_str(f'{e.engine} {e.precision}')
                times_s[e] += _plan(models[e], config, question, args)
                bar.update()
    eager_s = float(np.median(times_s[entrants[0]]))
    return [_row(manifest.name, e, float(np.median(times_s[e])), eager_s, peaks[e.precision],
                 config, args) | _exactness(costs[e], costs[entrants[0]], config.elites)
            for e in entrants]


def _row(load: str, entrant: Entrant, plan_s: float, eager_s: float, peak: float,
         config: PlannerConfig, args: argparse.Namespace) -> dict[str, object]:
    gflops = entrant.gflop * config.iterations / plan_s
    return {'load': load, 'engine': entrant.engine, 'precision': entrant.precision,
            'ms_per_iteration': 1e3 * plan_s / config.iterations, 'ms_per_plan': 1e3 * plan_s,
            'ratio_to_eager': eager_s / plan_s, 'gflops': gflops,
            'peak_fraction': gflops / peak, 'gemm_peak_gflops': peak,
            'candidates': config.candidates, 'iterations': config.iterations,
            'threads': args.threads}


def _exactness(cost: Array, exact: Array, elites: int) -> dict[str, object]:
    """Return how far costs (S,) are from the exact, and the share of elites that is the same."""
    same = set(np.argsort(cost)[:elites]) & set(np.argsort(exact)[:elites])
    return {'cost_error': float(np.abs(cost / exact - 1).max()),
            'elites_same': len(same) / elites}


def _entrants(manifest: 'Manifest', candidates: int, args: argparse.Namespace) -> list[Entrant]:
    """Return everything that can be timed here, PyTorch eager first; say what cannot."""
    from jepa_ros.engines.architectures import plain_rollout, rollout_graph
    from jepa_ros.engines.load import ENGINES, load_engine
    from jepa_ros.engines.torch_engine import load_eager, load_networks
    from jepa_ros.learning.flops import rollout_gflop
    networks = load_networks(manifest)
    plain, graph = (rollout_gflop(make(networks), manifest.spec, candidates)
                    for make in (plain_rollout, rollout_graph))
    found = [Entrant(EAGER, 'fp32', lambda: load_eager(manifest, args.threads), plain)]
    wanted = args.engines or ['torch-compile', *ENGINES]
    unknown = set(wanted) - {EAGER, 'torch-compile', *ENGINES}
    if unknown:
        raise ValueError(f'engines {sorted(unknown)} are unknown, there are {EAGER}, '
                         f'torch-compile, {", ".join(ENGINES)}')
    if 'torch-compile' in wanted:
        found.append(Entrant('torch-compile', 'fp32',
                             lambda: load_eager(manifest, args.threads, compiled=True), plain))
    for engine in (e for e in ENGINES if e in wanted):
        for precision in ENGINES[engine][2]:
            try:
                made = load_engine(manifest.folder, engine, args.threads, precision)
            except ValueError as error:
                print(f'{manifest.name}: {engine} in {precision} is left out: {error}',
                      file=sys.stderr)
                continue
            found.append(Entrant(engine, precision, lambda made=made: made, graph))
    return found


def _question(model: 'WorldModel', candidates: int, seed: int) -> tuple[Array, ...]:
    """Return a context, executed blocks, candidates and a goal that a plan can reach."""
    spec, action, rng = model.spec, model.spec.action, np.random.default_rng(seed)

    def knots(*size: int) -> Array:
        drawn = rng.uniform(action.low, action.high, (*size, 1, action.width))
        return np.repeat(drawn, action.block, axis=-2).astype(np.float32)

    context = rng.standard_normal((spec.history, spec.tokens, spec.width)).astype(np.float32)
    executed, plans = knots(spec.history), knots(candidates, spec.horizon)
    goal = model.rollout(context, executed, knots(1, spec.horizon), context[-1]).latents[0, -1]
    return context, executed, plans, np.ascontiguousarray(goal)


def _plan(model: 'WorldModel', config: PlannerConfig, question: tuple[Array, ...],
          args: argparse.Namespace) -> list[float]:
    """Return the times of plans (s) that were made one after another."""
    import torch

    from jepa_ros.core.sampling_planner import SamplingPlanner
    torch.set_num_threads(args.threads)
    context, executed, _, goal = question
    rng, zero = np.random.default_rng(args.seed), np.zeros(model.spec.action.width, np.float32)
    model.rollout(*question)      # nothing is made ready while the clock runs
    times_s: list[float] = []
    ends_s = time.perf_counter() + args.seconds
    while not times_s or (time.perf_counter() < ends_s and len(times_s) < _MOST_PLANS):
        planner = SamplingPlanner(model.spec, config)
        begun_s = time.perf_counter()
        plan = planner.plan(model, context, executed, goal, zero, zero[None][:0], 0.0, rng,
                            time.perf_counter)
        times_s.append(time.perf_counter() - begun_s)
        if not math.isfinite(plan.cost) or plan.iterations != config.iterations:
            raise RuntimeError(f'a plan took {plan.iterations} of {config.iterations} iterations '
                               f'and costs {plan.cost}')
    return times_s
