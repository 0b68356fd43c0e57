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

"""The exact mean of held commands: what a robot was told between two frames."""

import numpy as np

SECOND_NS = 10 ** 9


def mean_held(times_ns: np.ndarray, values: np.ndarray, edges_ns: np.ndarray,
              hold_s: float) -> np.ndarray:
    """
    Return the mean (N - 1, A) of held commands over each interval between ``edges_ns`` (N,).

    Commands ``values`` (M, A) came at ``times_ns`` (M,), int64 in order.  Each counts until the
    next, or for ``hold_s`` where that is less, and zero after it and before the first.  The mean
    is the integral divided by the length, no sampling.
    """
    count, start = len(times_ns), edges_ns[0]
    if not count:
        return np.zeros((len(edges_ns) - 1, values.shape[1]))
    begins = times_ns - start
    lasts = np.diff(begins, append=np.iinfo(np.int64).max // 2)          # (M,) ns
    if np.isfinite(hold_s):
        lasts = np.minimum(lasts, round(hold_s * SECOND_NS))
    # integrals from the first command to the beginning of each, in units times seconds
    whole = values[:-1] * (lasts[:-1, None] / SECOND_NS)
    before = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(whole, axis=0)])
    edges = edges_ns - start
    at = np.searchsorted(begins, edges, side='right') - 1                # (N,)
    held = np.clip(edges - begins[at], 0, lasts[at])[:, None] / SECOND_NS
    total = np.where(at[:, None] >= 0, before[at] + values[at] * held, 0.0)
    return np.diff(total, axis=0) / (np.diff(edges)[:, None] / SECOND_NS)
