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

"""How much there is to compute, and how much this CPU computes at best."""

import time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from jepa_ros.types import ModelSpec

# a product of matrices so large that nothing but arithmetic counts
_GEMM = 2048
_GEMM_REPEATS = 12
_KINDS = {'fp32': torch.float32, 'bf16': torch.bfloat16}


@torch.no_grad()
def rollout_gflop(rollout: torch.nn.Module, spec: ModelSpec, candidates: int) -> float:
    """
    Return the 10^9 operations of the products with weights in one rollout of S candidates.

    Attention's products of positions, a fiftieth of the rest here, are not counted.
    """
    k, a = spec.action.block, spec.action.width
    latent = (spec.tokens, spec.width)
    return _gflop(rollout, torch.zeros(spec.history, *latent), torch.zeros(spec.history, k, a),
                  torch.zeros(candidates, spec.horizon, k, a), torch.zeros(latent))


@torch.no_grad()
def encoder_gflop(encoder: torch.nn.Module, image_px: int) -> float:
    """Return the 10^9 operations of the products with weights for one picture."""
    return _gflop(encoder, torch.zeros(1, image_px, image_px, 3, dtype=torch.uint8))


def _gflop(module: torch.nn.Module, *inputs: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter:
        module.eval()(*inputs)
    return counter.get_total_flops() / 1e9


@torch.no_grad()
def gemm_peak_gflops(precision: str, threads: int) -> float:
    """Return the most 10^9 operations a second of one large product; NaN where none is known."""
    if precision not in _KINDS:
        return float('nan')
    torch.set_num_threads(threads)
    a, b = (torch.randn(_GEMM, _GEMM).to(_KINDS[precision]) for _ in range(2))
    times_s = []
    for _ in range(_GEMM_REPEATS):
        begun_s = time.perf_counter()
        torch.mm(a, b)
        times_s.append(time.perf_counter() - begun_s)
    return float(2 * _GEMM ** 3 / np.min(times_s) / 1e9)
