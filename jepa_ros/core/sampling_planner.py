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

"""The planning loop: ask a search, roll out, tell it, until the deadline; the best is the plan."""

from collections.abc import Callable

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.actions import knots_to_blocks, pin
from jepa_ros.core.cem import CrossEntropy
from jepa_ros.core.icem import ImprovedCrossEntropy
from jepa_ros.core.mppi import PathIntegral
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.sampling import shift
from jepa_ros.core.search import Search
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import ActionSpec, Array, ModelSpec, Plan


def action_rate(knots: Array, last_command: Array, action: ActionSpec) -> Array:
    """
    Return what the changes of action in knots (S, H, A) cost, (S,).

    Squared, each as a fraction of its range, summed; the first is from ``last_command`` (A,).
    """
    span = np.asarray(action.high, np.float32) - np.asarray(action.low, np.float32)
    before = np.broadcast_to(last_command, (len(knots), 1, action.width))
    changes = np.diff(knots, axis=1, prepend=before) / span
    return np.asarray(np.square(changes).sum(axis=(1, 2)), np.float32)


class SamplingPlanner:
    """
    A Planner that searches knots, one an action block, with one rollout an iteration.

    ``config.method`` names the search: 'cem', 'icem' or 'mppi'.
    """

    def __init__(self, spec: ModelSpec, config: PlannerConfig) -> None:
        self._spec, self._config = spec, config
        self._last: tuple[Array, float] | None = None

    def reset(self) -> None:
        """Forget the last plan: the next one starts from nothing."""
        self._last = None

    def plan(self, model: WorldModel, context: Array, executed: Array, goal: Array,
             last_command: Array, committed: Array, start_s: float, rng: np.random.Generator,
             clock: Callable[[], float]) -> Plan:
        """
        Return the best candidate evaluated before the deadline.

        One iteration always completes; another begins only where one as long as the longest so
        far would end in time.  Every candidate begins with ``committed`` (C, A), and so does the
        plan.  Raises NonFiniteError where no candidate has a finite cost.
        """
        config, action, begun_s = self._config, self._spec.action, clock()
        settled = len(committed) // action.block
        before = committed[-1] if len(committed) else last_command
        search = self._search(self._warm_start(start_s), rng)
        spent_s = longest_s = 0.0
        best: tuple[Array, Array] | None = None
        iterations = 0
        while iterations < config.iterations:
            iterations += 1
            last = (iterations == config.iterations
                    or spent_s + 2 * longest_s > config.deadline_s)
            knots = search.ask(last)  # (S, H, A)
            blocks = pin(knots_to_blocks(knots, action.block), committed)  # (S, H, K, A)
            # blocks that are committed as a whole are not searched, and their changes not counted
            knots[:, :settled] = blocks[:, :settled].mean(axis=2)
            rollout = model.rollout(context, executed, blocks, goal)
            rate = action_rate(knots[:, settled:], before, action)
            leader = search.tell(knots, rollout.cost + config.action_rate_weight * rate)
            if leader is not None:
                best = rollout.latents[leader].copy(), rollout.cost_to_go[leader].copy()
            before_s, spent_s = spent_s, clock() - begun_s
            longest_s = max(longest_s, spent_s - before_s)
            if spent_s + longest_s > config.deadline_s:
                break
        if best is None:
            raise NonFiniteError(f'cost has 0 finite of {config.candidates} values '
                                 f'in each of {iterations} iterations')
        self._last = search.kept, start_s
        latents, cost_to_go = best
        return Plan(pin(knots_to_blocks(search.best, action.block), committed), latents,
                    cost_to_go, search.best_cost, start_s, action.period_s, iterations, spent_s)

    def _search(self, warm: Array, rng: np.random.Generator) -> Search:
        """Return the search that is configured, to begin with plans (N, H, A), the mean first."""
        action, config = self._spec.action, self._config
        if config.method == 'icem':
            return ImprovedCrossEntropy(action, config, warm[0], rng, warm[1:])
        if config.method == 'mppi':
            return PathIntegral(action, config, warm[0], rng)
        return CrossEntropy(action, config, warm[0], rng)

    def _warm_start(self, start_s: float) -> Array:
        """Return what was kept of the last plan (N, H, A), going on from ``start_s``, or zeros."""
        horizon, action = self._spec.horizon, self._spec.action
        if self._last is not None:
            kept, then_s = self._last
            elapsed_blocks = (start_s - then_s) / (action.block * action.period_s)
            if 0.0 <= elapsed_blocks < horizon:
                return np.stack([shift(knots, elapsed_blocks) for knots in kept])
        return np.zeros((1, horizon, action.width), np.float32)
