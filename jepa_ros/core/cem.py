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

"""The cross-entropy method over action blocks: bounded, seeded, warm-started, anytime."""

from collections.abc import Callable

import numpy as np

from jepa_ros.config import PlannerConfig
from jepa_ros.core.actions import bounds, knots_to_blocks
from jepa_ros.core.planner import NonFiniteError
from jepa_ros.core.sampling import gaussian, obvious, shift
from jepa_ros.core.world_model import WorldModel
from jepa_ros.types import ActionSpec, Array, ModelSpec, Plan


class CrossEntropy:
    """
    The search itself: ``ask`` for knots (S, H, A), ``tell`` their costs (S,), again and again.

    It knows nothing of models, and keeps the best knots ever told.  The first iteration holds the
    mean and the obvious plans, later ones the best so far and the mean, beside samples
    around the elites.  iCEM, arXiv 2008.06389, keeps elites in the same spirit.
    """

    def __init__(self, action: ActionSpec, config: PlannerConfig, mean: Array,
                 rng: np.random.Generator) -> None:
        self._action, self._config, self._rng = action, config, rng
        low, high = bounds(action.low, action.high)
        half_range = np.broadcast_to((high - low) / 2, mean.shape)
        self._mean = np.clip(mean, low, high)
        self._std = np.asarray(config.init_std * half_range, np.float32)
        self._least_std = np.asarray(config.min_std * half_range, np.float32)
        self.best, self.best_cost = self._mean, np.inf
        self._first = True

    def ask(self) -> Array:
        """Return the next knots (S, H, A), all within limits."""
        chosen = [self._mean[None]]
        if self._first:
            # at most half, so that a search with few candidates still searches
            chosen.append(obvious(len(self._mean), self._action)[:self._config.candidates // 2])
        else:
            chosen.append(self.best[None])
        count = self._config.candidates - sum(map(len, chosen))
        samples = gaussian(self._rng, max(count, 0), self._mean, self._std, self._action)
        return np.concatenate([*chosen, samples])[:self._config.candidates]

    def tell(self, knots: Array, costs: Array) -> int | None:
        """
        Learn the costs (S,) of knots (S, H, A); return the index of a new best, or None.

        A cost that is not finite is the worst there is, -inf too.
        """
        self._first = False
        costs = np.where(np.isfinite(costs), costs, np.inf)
        order = np.argsort(costs, kind='stable')[:self._config.elites]
        order = order[np.isfinite(costs[order])]
        if not len(order):
            return None
        elites, keep = knots[order], np.float32(self._config.momentum)
        self._mean = keep * self._mean + (1 - keep) * elites.mean(axis=0)
        self._std = np.maximum(keep * self._std + (1 - keep) * elites.std(axis=0), self._least_std)
        leader = int(order[0])
        if not costs[leader] < self.best_cost:
            return None
        self.best, self.best_cost = knots[leader], float(costs[leader])
        return leader


def action_rate(knots: Array, last_command: Array, action: ActionSpec) -> Array:
    """
    Return what the changes of action in knots (S, H, A) cost, (S,).

    Squared, each as a fraction of its range, summed; the first is from ``last_command`` (A,).
    """
    span = np.asarray(action.high, np.float32) - np.asarray(action.low, np.float32)
    before = np.broadcast_to(last_command, (len(knots), 1, action.width))
    changes = np.diff(knots, axis=1, prepend=before) / span
    return np.asarray(np.square(changes).sum(axis=(1, 2)), np.float32)


class Cem:
    """A Planner that searches knots, one an action block, with one rollout an iteration."""

    def __init__(self, spec: ModelSpec, config: PlannerConfig) -> None:
        self._spec, self._config = spec, config
        self._last: tuple[Array, float] | None = None

    def reset(self) -> None:
        """Forget the last plan: the next one starts from nothing."""
        self._last = None

    def plan(self, model: WorldModel, context: Array, executed: Array, goal: Array,
             last_command: Array, start_s: float, rng: np.random.Generator,
             clock: Callable[[], float]) -> Plan:
        """
        Return the best candidate evaluated before the deadline.

        One iteration always completes; another begins only where one as long as the longest so
        far would end in time.  Raises NonFiniteError where no candidate has a finite cost.
        """
        action, begun_s = self._spec.action, clock()
        search = CrossEntropy(action, self._config, self._warm_start(start_s), rng)
        spent_s = longest_s = 0.0
        best: tuple[Array, Array] | None = None
        iterations = 0
        while iterations < self._config.iterations:
            iterations += 1
            knots = search.ask()  # (S, H, A)
            rollout = model.rollout(
                context, executed, knots_to_blocks(knots, action.block), goal)
            rate = action_rate(knots, last_command, action)
            leader = search.tell(knots, rollout.cost + self._config.action_rate_weight * rate)
            if leader is not None:
                best = rollout.latents[leader].copy(), rollout.cost_to_go[leader].copy()
            before_s, spent_s = spent_s, clock() - begun_s
            longest_s = max(longest_s, spent_s - before_s)
            if spent_s + longest_s > self._config.deadline_s:
                break
        if best is None:
            raise NonFiniteError(f'cost has 0 finite of {self._config.candidates} values '
                                 f'in each of {iterations} iterations')
        self._last = search.best, start_s
        latents, cost_to_go = best
        return Plan(knots_to_blocks(search.best, action.block), latents, cost_to_go,
                    search.best_cost, start_s, action.period_s, iterations, spent_s)

    def _warm_start(self, start_s: float) -> Array:
        """Return the last plan (H, A) as it goes on from ``start_s``, or zeros."""
        horizon, action = self._spec.horizon, self._spec.action
        if self._last is not None:
            knots, then_s = self._last
            elapsed_blocks = (start_s - then_s) / (action.block * action.period_s)
            if 0.0 <= elapsed_blocks < horizon:
                return shift(knots, elapsed_blocks)
        return np.zeros((horizon, action.width), np.float32)
