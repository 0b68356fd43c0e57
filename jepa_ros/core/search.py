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

"""What the planning loop asks of a search over knots, and what every search needs."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jepa_ros.config import PlannerConfig
from jepa_ros.core.actions import bounds
from jepa_ros.types import ActionSpec, Array


class Search(Protocol):
    """
    Looks for the knots (H, A) of least cost: ``ask``, ``tell``, again and again.

    It knows nothing of models and of time.  ``best`` (H, A) are the best knots ever told, the
    mean it began with before there are any; ``best_cost`` is infinite until then.
    """

    best: Array
    best_cost: float

    @property
    def kept(self) -> Array:
        """Return knots (N, H, A), the best first, for the next plan to begin with; N is not 0."""

    def ask(self, last: bool = False) -> Array:
        """Return the next knots (S, H, A), all within limits; ``last`` if none will follow."""

    def tell(self, knots: Array, costs: Array) -> int | None:
        """
        Learn the costs (S,) of knots (S, H, A); return the index of a new best, or None.

        A cost that is not finite is the worst there is, -inf too.
        """


def ranked(costs: Array) -> NDArray[np.intp]:
    """Return the indices of the finite among costs (S,), the least first."""
    finite = np.isfinite(costs)
    order: NDArray[np.intp] = np.argsort(np.where(finite, costs, np.inf), kind='stable')
    return order[:np.count_nonzero(finite)]


def beginning(mean: Array, action: ActionSpec, config: PlannerConfig
              ) -> tuple[Array, Array, Array]:
    """Return the mean (H, A) within limits, its first and its least std, in physical units."""
    low, high = bounds(action.low, action.high)
    half_range = np.broadcast_to((high - low) / 2, mean.shape)
    return (np.clip(mean, low, high), np.asarray(config.init_std * half_range, np.float32),
            np.asarray(config.min_std * half_range, np.float32))


def refit(elites: Array, mean: Array, std: Array, momentum: float) -> tuple[Array, Array]:
    """Return mean and std (H, A) of elites (N, H, A), but for the share ``momentum`` as before."""
    keep = np.float32(momentum)
    return (keep * mean + (1 - keep) * elites.mean(axis=0),
            keep * std + (1 - keep) * elites.std(axis=0))
