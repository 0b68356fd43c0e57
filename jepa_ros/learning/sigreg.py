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

"""SIGReg: hold embeddings to an isotropic Gaussian, so that they cannot collapse."""

import torch
from torch import Tensor

from jepa_ros.learning.parallel import ALONE, Ranks

KNOTS = 17
LARGEST_T = 3.0


def sigreg(z: Tensor, directions: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """
    Return the Epps-Pulley statistic of z (N, D) along unit directions (D, M), averaged over M.

    The distance between the empirical characteristic function of each projection and that of
    N(0, 1), integrated over t with weight exp(-t^2 / 2), times N.  LeJEPA, arXiv 2511.08544.
    With several ranks, each with N of its own, it is the statistic of all of them together.
    """
    t = torch.linspace(0.0, LARGEST_T, KNOTS, dtype=z.dtype, device=z.device)
    step = LARGEST_T / (KNOTS - 1)
    trapezoid = torch.full_like(t, step)
    trapezoid[0] = trapezoid[-1] = step / 2
    gaussian = torch.exp(-0.5 * t.square())
    angle = (z @ directions).unsqueeze(-1) * t  # (N, M, KNOTS)
    # the characteristic function is a mean over the sample, so it is a mean over ranks
    real = ranks.mean(angle.cos().mean(dim=0)) - gaussian
    imaginary = ranks.mean(angle.sin().mean(dim=0))
    # the integrand is even in t: twice the positive half
    statistic = 2.0 * ((real.square() + imaginary.square()) * (gaussian * trapezoid)).sum(dim=-1)
    return z.shape[0] * ranks.count * statistic.mean()


def unit_directions(width: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` unit vectors, where the generator is, as the columns of (width, count)."""
    a = torch.randn(width, count, generator=generator, device=generator.device)
    return a / a.norm(dim=0, keepdim=True)
